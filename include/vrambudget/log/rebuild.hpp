// The run behind a log: parameters, devices and placement, as far as its lines tell.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/log/buffer_place.hpp"
#include "vrambudget/log/parsed_log.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/adapters.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// What is known from elsewhere than the log.
struct rebuild_options {
  std::optional<chosen_profile> profile;  ///< `--engine`; absent: by the log's build or date
  std::vector<device> devices;            ///< `--gpu`; empty: the log's
  run base;                               ///< of the log's command line
  std::shared_ptr<const adapters> adapted_by = {};  ///< whose files are here; null: none
};

/// A run put together from a log.
struct rebuilt_run {
  run r;
  bool profile_covers = true;  ///< the log's build is one the profile was compared with
  std::string backend = "CUDA";
  std::vector<device> devices;
  bool context_known = true;         ///< whether n_ctx is the log's
  bool ubatch_known = true;          ///< whether n_ubatch is
  bool kv_types_known = true;        ///< whether the caches' types are
  bool draft_types_known = true;     ///< whether a draft's cache types are
  std::vector<std::string> assumed;  ///< what the log does not say, and what is taken instead
};

/// The profile of the log's build, else of its date; nothing: neither is there.
[[nodiscard]] std::optional<chosen_profile> logged_profile(const parsed_log& log);

/// The run of context `i` with the model `m`, whose tensors may be absent.
[[nodiscard]] rebuilt_run rebuild_run(const parsed_log& log, std::size_t i, const model& m,
                                      const rebuild_options& options);

}  // namespace vrambudget
