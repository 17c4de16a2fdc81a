// Options of `vrambudget plan` as a JSON object, for bindings.
#pragma once

#include <boost/json/object.hpp>

#include "cli/plan.hpp"

namespace vrambudget {

/// The request that an object means. Its keys are llama-server's options without their dashes, long or
/// short, '_' for '-' ("ctx_size", "ctk"), or the names of `run`'s fields ("n_ctx", "type_k").
/// Flags are true or false, lists are arrays, sizes are bytes or "23GiB"; null is not given.
///
/// Errors: usage, as a cli::failure  no such option, or no such value
[[nodiscard]] cli::plan_request request_of(const boost::json::object& options);

}  // namespace vrambudget
