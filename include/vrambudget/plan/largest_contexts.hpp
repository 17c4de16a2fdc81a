// The largest contexts by type of KV cache.
#pragma once

#include <array>
#include <vector>

#include "vrambudget/ggml/type.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

/// Types of a cache for which the largest contexts are told.
inline constexpr std::array compared_cache_types{ggml_type::f16, ggml_type::q8_0, ggml_type::q4_0};

/// One of them.
struct context_row {
  ggml_type type;  ///< of K and V
  context_limit limit;
};

/// Those of a run, whatever its own types are; without types that the engine refuses there.
[[nodiscard]] inline std::vector<context_row> largest_contexts(planner& p, run r) {
  std::vector<context_row> rows;
  for (const ggml_type t : compared_cache_types) {
    r.type_k = r.type_v = t;
    if (const auto most = max_context(p, r)) rows.push_back({t, *most});
  }
  return rows;
}

}  // namespace vrambudget
