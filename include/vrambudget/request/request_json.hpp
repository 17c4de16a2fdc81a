// Requests as JSON objects, for bindings: values go into the request as they are.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// The request that an object means. Its keys are the options' names without their dashes, long or
/// short, '_' for '-' ("ctx_size", "ctk"), or the names of `run`'s fields ("n_ctx", "type_k").
/// Switches are true or false, lists are arrays, sizes are bytes or "23GiB"; null is not given.
///
/// Errors: invalid_argument  no such option, no such value, or two names of one option
[[nodiscard]] result<plan_request> request_of(const boost::json::object& options);

/// The object that a text is; an empty text is an empty one.
/// Errors: invalid_argument  no JSON, or no object; `what` is named
[[nodiscard]] result<boost::json::object> object_of(std::string_view text, const char* what);

}  // namespace vrambudget::request
