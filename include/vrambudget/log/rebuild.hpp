// The run behind a log: parameters, devices and placement, as far as its lines tell.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/log/parsed_log.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// Whose memory a buffer's name means.
struct buffer_place {
  enum kind_type : std::uint8_t { host, device, unknown } kind = unknown;
  std::string backend;    ///< "CUDA", "ROCm", "Vulkan", "MTL"
  std::size_t index = 0;  ///< of the device among those of its backend
  bool mapped = false;    ///< a range of the file, not a sum of tensors

  bool operator==(const buffer_place&) const = default;
};

/// "CUDA1" is a device, "CUDA_Host" and "CPU_Mapped" are host memory, "RPC0" or "Meta" neither.
[[nodiscard]] buffer_place place_of_buffer(std::string_view name);

/// What is known from elsewhere than the log.
struct rebuild_options {
  std::optional<chosen_profile> profile;  ///< `--engine`; absent: by the log's build or date
  std::vector<device> devices;            ///< `--gpu`; empty: the log's
  run base;                               ///< of the log's command line
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

/// Sets how layers are split so that each device's caches are those of the log, and which experts stay
/// on the host so that its weights are. Leaves what fits already, or what nothing explains.
void fit_placement(const log_context& c, const log_model& lines, const model& m, rebuilt_run& out);

}  // namespace vrambudget
