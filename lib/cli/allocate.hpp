// `vrambudget probe --allocate`: proves a plan by taking its buffers.
#pragma once

#include <vector>

#include "plan.hpp"
#include "vrambudget/gpu/probe.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::cli {

/// Plans the request's model for these devices less `ballast` on each, takes the ballast and the
/// plan's buffers, reports what each took on stdout, and gives everything back.
/// Errors: does_not_fit, no_gpu, usage, bad_input, as a failure
int allocate(const plan_request& q, const std::vector<live_device>& devices, bytes ballast);

}  // namespace vrambudget::cli
