// Which layers' tensors were sent to the host, from what each device's weights lack.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "printed_size.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// Tensors that people send to the host layer by layer, as a pattern behind "blk.N.".
struct movable_tensors {
  std::string_view pattern;
  const char* says;
};

/// A run that explains a log, and how it differs from what the log says of it.
struct explained_run {
  run r;
  std::string note;
};

/// Holds weights of a placement against the log's.
class missing_weights {
 public:
  missing_weights(const model& m, const rebuilt_run& run, const printed_sizes& logged,
                  const placement& where)
      : m_(m), n_devices_(run.devices.size()), logged_(logged), where_(where) {}

  /// How far devices are from what was printed, MiB.
  [[nodiscard]] double off_mib(const weights& w) const;

  /// `r` with such tensors on the host that each device's weights are as printed: some layers' experts
  /// or whole FFNs, with attention or not. Nothing: no such tensors, or `r` cannot be placed.
  [[nodiscard]] std::optional<explained_run> explained(const run& r) const;

 private:
  [[nodiscard]] result<weights> placed(const run& r) const { return place_weights(m_, where_, r); }
  [[nodiscard]] std::vector<bytes> matching_bytes(std::string_view pattern) const;
  [[nodiscard]] std::vector<std::size_t> layers_to_move(const weights& now,
                                                        const std::vector<bytes>& each) const;
  [[nodiscard]] bool move(const movable_tensors& kind, const weights& now, run& r,
                          std::size_t& n_moved) const;

  const model& m_;
  std::size_t n_devices_;
  const printed_sizes& logged_;
  const placement& where_;
};

}  // namespace vrambudget
