// Files of models side by side on the same devices: what each takes, how far its context goes, and how good it is.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/advise/speed.hpp"
#include "vrambudget/catalogue/quality.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/plan/largest_contexts.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// One of them.
struct compared_file {
  std::string name;  ///< "Qwen3.6-27B-UD-Q4_K_XL"
  bytes size;        ///< data of its tensors
  double bits_per_weight = 0;
  bytes weights_on_devices;
  std::array<context_limit, compared_cache_types.size()> largest =
      {};                                 ///< n_ctx 0: not even a page
  std::optional<std::uint32_t> n_ctx;     ///< that was asked for; absent: none was
  bool fits = false;                      ///< with that
  bytes spare;                            ///< then, on the fullest device
  std::vector<decode_speed> speeds = {};  ///< with an empty cache and a full one; empty: not known
  file_quality quality = {};
};

/// A file as `r` is run, without a context of its own at the largest. `name`: by which its quality is looked up.
///
/// Errors: those of max_context() and planner::budget_for()
[[nodiscard]] result<compared_file> compare_file(planner& p, const run& r, const std::string& name);

}  // namespace vrambudget
