// `vrambudget probe --allocate`: proves a plan by taking its buffers.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "vrambudget/gpu/allocate.hpp"
#include "vrambudget/gpu/probe.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::cli {

/// What is taken on one device.
struct device_trial {
  int index = 0;
  std::vector<wanted_buffer> buffers;
  std::vector<basis> known;         ///< as `buffers`: how the plan knows their sizes
  std::vector<taken_buffer> taken;  ///< as `buffers`
};

/// A plan and what its buffers took.
struct trial {
  budget plan;
  bytes ballast;
  std::vector<device_trial> devices;  ///< as the plan's
};

/// Plans the request's model for these devices less `ballast` on each, takes the ballast and the
/// plan's buffers, and gives everything back.
/// Errors: does_not_fit, no_gpu, usage, bad_input, as a failure
[[nodiscard]] trial allocate(const plan_request& q, const std::vector<live_device>& devices,
                             bytes ballast);

/// `run`: llama-server's options that were given.
[[nodiscard]] boost::json::object trial_json(const trial& t, const plan_request& q,
                                             const std::string& run,
                                             const std::vector<live_device>& live);

void print_trial(const trial& t, const std::vector<live_device>& live);

}  // namespace vrambudget::cli
