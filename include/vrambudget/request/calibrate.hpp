// What the user's own cards were seen to take, kept for later plans: measured, recorded, forgotten, told.
#pragma once

#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/calibration.hpp"
#include "vrambudget/os/environment.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/named_gpus.hpp"
#include "vrambudget/request/named_models.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// What nvidia-smi showed for the process of a run on each of its GPUs, as it was read: "21530MiB".
struct measured_run {
  std::vector<std::string> used;
  bool loaded = false;   ///< before any prompt, when nothing of the pool was drawn
  std::string run = {};  ///< the run in words; empty: what of it differs from the defaults
};

/// A card before a measurement of it was kept, and what plans counted for its context then.
struct context_before {
  calibrated_device card;
  measured_range context;

  [[nodiscard]] bool is(const calibrated_device& d) const {
    return card.gpu == d.gpu && card.system == d.system && card.driver == d.driver;
  }
};

/// All that is kept, and what was before of what was just changed.
struct kept_contexts {
  calibration all;
  std::vector<context_before> before;
};

// Errors of all: those of stored_calibration() and change_calibration(). Where one fails, what is kept stays as it is.

/// Keeps what a run took: the context of a card is that less its buffers.
/// Errors: invalid_argument  no size, not one a GPU, more than a GPU has, no context told, a model of which it is not told
/// which of its files ran, a device that is not CUDA's, a plan that is not exact; bad_format  less than the run's buffers;
/// those of planner::budget_for()
[[nodiscard]] result<kept_contexts> keep_measured_run(const measured_run& m, const plan_request& q,
                                                      const named_models& models,
                                                      const named_gpus& gpus, model_reader& reader,
                                                      const environment& around);

/// Keeps what recordings of `vrambudget probe` show; none: gives what is kept.
/// Errors: io, bad_format, unsupported  a file that is none, or tells of less than its buffers
[[nodiscard]] result<kept_contexts> keep_recordings(const std::vector<std::string>& files,
                                                    const environment& around);

/// Forgets a GPU's measurements, by any name of its; empty: all GPUs'.
/// Errors: not_found  it has none
[[nodiscard]] result<kept_contexts> forget_contexts(const std::string& gpu,
                                                    const environment& around);

/// The context of a card of that name, as its driver spells it, without its own measurements.
[[nodiscard]] modelled_context modelled_context_of(const std::string& gpu);

/// What `vrambudget calibrate --json` says, schema 1.
[[nodiscard]] std::string kept_contexts_json(const kept_contexts& kept, const environment& around);

}  // namespace vrambudget::request
