// What a request asks of several models at once.
#pragma once

#include <vector>

#include "vrambudget/advise/together.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// The request's run for each of the models; without a context the largest that all can have.
/// `ram`: what named_gpus has.
///
/// Errors: invalid_argument  `--fit on`, which shrinks each as if it were alone
[[nodiscard]] result<together_question> together_question_of(
    const plan_request& q, std::vector<const model*> models, std::vector<device> devices,
    std::optional<bytes> ram, const model* draft, const projector* mmproj);

}  // namespace vrambudget::request
