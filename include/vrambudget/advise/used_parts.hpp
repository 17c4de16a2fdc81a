// What of a model one token uses: of stacked experts some, of a cache the cells that are attended to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/tensor_purpose.hpp"

namespace vrambudget::detail {

/// `used` of `of` equal parts.
struct used_share {
  std::uint64_t used = 1, of = 1;
};

/// Experts are the outermost dimension of a tensor that stacks them.
[[nodiscard]] inline used_share used_experts(const model& m, const model_tensor& t) {
  const stacked_name n = stack_of(t.name);
  if (!stacks_experts(n.rest) || n.il < 0 || m.hp.moe.n_expert == 0) return {};
  const auto outermost =
      std::find_if(t.ne.rbegin(), t.ne.rend(), [](std::int64_t d) { return d > 1; });
  if (outermost == t.ne.rend()) return {};
  const auto n_here = static_cast<std::uint64_t>(*outermost);
  // chunks of experts are fewer than experts, and each serves several
  const std::uint64_t used = std::uint64_t{m.hp.n_expert_used(static_cast<std::uint32_t>(n.il))} *
                             n_here / m.hp.moe.n_expert;
  return {std::min(used, n_here), n_here};
}

/// Cells of a cache that one token attends to, with `depth` tokens before it. Keys of pooled indices are left out, as
/// they differ by layer.
class attended_cells {
 public:
  attended_cells(const model& m, std::uint64_t depth) : m_(m), hp_(m.hp), depth_(depth) {}

  [[nodiscard]] std::uint64_t of(cache_kind kind) const {
    switch (kind) {
      case cache_kind::swa:
        return in_window();
      case cache_kind::idx:
      case cache_kind::lid:
        return in_index();
      case cache_kind::csa:
        return chosen(depth_ / 4);
      case cache_kind::hca:
        return depth_ / 128;
      case cache_kind::base:
      case cache_kind::mla:
        break;
    }
    return chosen(depth_);
  }

 private:
  [[nodiscard]] std::uint64_t in_window() const {
    const std::uint64_t n = hp_.swa.n;
    if (n == 0) return depth_;
    return hp_.swa.type == swa_type::chunked ? depth_ % n : std::min(depth_, n);
  }
  [[nodiscard]] std::uint64_t chosen(std::uint64_t of) const {
    const indexer_hparams& x = hp_.indexer;
    if (x.top_k == 0) return of;
    return std::min(of, std::uint64_t{x.top_k} * std::max(x.block_size, 1u));
  }
  [[nodiscard]] std::uint64_t in_index() const {
    if (hp_.indexer.kpool > 0 || !hp_.indexer.block_arr.empty()) return 0;
    return m_.traits->memory == memory_kind::dsv4 ? depth_ / 4 : depth_;
  }

  const model& m_;
  const hparams& hp_;
  std::uint64_t depth_;
};

}  // namespace vrambudget::detail
