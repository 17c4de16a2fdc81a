// Options of `vrambudget plan` as a JSON object, for bindings.
#pragma once

#include <boost/json/object.hpp>

#include "plan_request.hpp"

namespace vrambudget {

/// The request that an object means. Its keys are llama-server's options without their dashes, long or
/// short, '_' for '-' ("ctx_size", "ctk"), or the names of `run`'s fields ("n_ctx", "type_k").
/// Flags are true or false, lists are arrays, sizes are bytes or "23GiB"; null is not given.
///
/// Errors: usage, as a request::failure  no such option, or no such value
[[nodiscard]] request::plan_request request_of(const boost::json::object& options);

}  // namespace vrambudget
