// The same request under each backend that it names.
#pragma once

#include <vector>

#include "vrambudget/os/environment.hpp"
#include "vrambudget/report/backends.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/named_models.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// A row of each backend of `q`, the first of which `first` was made for; none where it names one or none. One that
/// the GPUs cannot run, or that there is no plan for, says why.
[[nodiscard]] std::vector<backend_row> under_backends(const plan_request& q,
                                                      const named_models& models,
                                                      const made_plan& first,
                                                      const environment& around);

}  // namespace vrambudget::request
