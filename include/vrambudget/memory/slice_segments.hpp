// The segments of a tensor that `-sm tensor` cuts, each by itself, and how finely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "vrambudget/memory/sliced_part.hpp"
#include "vrambudget/model/architecture.hpp"

namespace vrambudget::detail {

/// A run of elements, as often as it is repeated; each is cut at multiples of the granularity.
struct segment {
  std::int64_t length = 0, repeats = 1, granularity = 1;
};
using segments = std::vector<segment>;

/// Heads are cut whole, and so that no block of a quantized type is torn.
///
/// Units:    elements; `block`: in a block of the tensor that others are cut like
/// Source:   llama.cpp, src/llama-model.cpp: llama_meta_device_get_split_state (get_split_segments,
///           get_split_granularity)
class segment_rules {
 public:
  /// `heads_of_v`: V is cut at its own heads, and not where K would be.
  segment_rules(const hparams& hp, slicing how, bool heads_of_v, std::size_t n_cards)
      : hp_(hp), how_(how), heads_of_v_(heads_of_v), n_cards_(static_cast<std::int64_t>(n_cards)) {}

  [[nodiscard]] segments in_attention(sliced_part part, std::uint32_t il, std::int64_t ne,
                                      std::int64_t n_rows, std::int64_t block) const {
    using enum sliced_part;
    const std::int64_t n_gqa = hp_.n_gqa(il), head = hp_.n_embd_head_k(il), q = n_gqa * head;
    std::int64_t fast = block;
    while (fast < 128 && fast * n_cards_ < q) fast *= 2;
    const std::int64_t g = std::lcm(q, fast), with_gate = std::lcm(2 * q, fast);
    const std::int64_t head_v = heads_of_v_ ? hp_.n_embd_head_v(il) : head;
    const std::int64_t of_k = g / n_gqa, of_v = of_k / head * head_v;
    const std::int64_t n_head_group =
        hp_.dsv4.o_group_count ? hp_.n_head(il) / hp_.dsv4.o_group_count : 1;
    switch (part) {
      case query:
        return {{ne, 1, gates_query() ? with_gate : g}};
      case key:
      case key_cache:
        return {{ne, 1, of_k}};
      case value:
      case value_cache:
        return {{ne, 1, of_v}};
      case query_key_value: {
        const std::int64_t k = hp_.n_embd_k_gqa(il), v = hp_.n_embd_v_gqa(il);
        if (heads_of_v_ && k != v) return {{ne - k - v, 1, g}, {k, 1, of_k}, {v, 1, of_v}};
        return {{ne - 2 * v, 1, gates_query() ? with_gate : g}, {v, 2, of_k}};
      }
      case attn_output:
        return {{ne, 1, g / head * head_v}};
      case attn_gate:
        return {{ne, 1, n_rows == hp_.n_head(il) ? g / head : g}};
      case sinks:
        return {{ne, 1, how_ == slicing::output_groups ? n_head_group : g / head}};
      case query_b:
        return {{ne, 1, n_head_group * head}};
      case output_b:
        return {{ne, 1, hp_.dsv4.o_lora_rank}};
      case up:
      case ffn:
      case gate_up:
      case shared:
        return in_ffn(part, il, ne, block);
      default:
        return {{ne, 1, 1}};
    }
  }

  /// Delta nets: heads of K, and of V in turn.
  [[nodiscard]] segments in_recurrent(sliced_part part, std::uint32_t il, std::int64_t ne,
                                      std::int64_t block) const {
    using enum sliced_part;
    const std::int64_t d = hp_.ssm.d_state, n_k = hp_.ssm.n_group, n_v = hp_.ssm.dt_rank;
    const std::int64_t conv = hp_.ssm.d_conv - std::int64_t{1};
    const std::int64_t g = std::lcm(std::lcm(block, std::int64_t{128}), d);
    const bool grouped = groups_values(), together = how_ == slicing::gated_query;
    const std::int64_t ratio = n_k ? n_v / n_k : 0;
    /// `n` elements for each head
    const auto heads = [&](std::int64_t n, std::int64_t granularity) -> segments {
      return {grouped ? segment{n * n_k, ratio, granularity} : segment{ne, 1, granularity}};
    };
    const auto with_keys = [&](std::int64_t n, std::int64_t granularity) -> segments {
      if (grouped) return {{n * d * n_k, 2 + ratio, granularity}};
      if (together) return {{n * d * n_k, 2, granularity}, {n * d * n_v, 1, granularity}};
      return {{ne, 1, granularity}};
    };
    switch (part) {
      case query_key_value:
      case conv1d:
        return with_keys(1, g);
      case convolution:
        return with_keys(conv, g * conv);
      case attn_gate:
      case ssm_out:
        return heads(d, g);
      case per_head:
        return heads(1, d ? g / d : 0);
      case beta_alpha:
        return {{ne, 1, d ? 2 * (g / d) : 0}};
      case recurrence:
        return heads(d * d, g * d);
      case up:
      case ffn:
      case gate_up:
        return in_ffn(part, il, ne, block);
      default:
        return {{ne, 1, 1}};
    }
  }

 private:
  [[nodiscard]] bool gates_query() const { return how_ == slicing::gated_query || groups_values(); }
  [[nodiscard]] bool groups_values() const {
    return how_ == slicing::grouped_heads || how_ == slicing::indexed_heads;
  }

  [[nodiscard]] segments in_ffn(sliced_part part, std::uint32_t il, std::int64_t ne,
                                std::int64_t block) const {
    const std::int64_t g = std::lcm(block, std::int64_t{128});
    const std::int64_t n_ff = hp_.n_ff(il);
    if (part == sliced_part::gate_up) return {{ne / 2, 2, g}};
    if (part == sliced_part::up && !gates_query() && ne == 2 * n_ff) return {{n_ff, 2, g}};
    return {{ne, 1, g}};
  }

  const hparams& hp_;
  slicing how_;
  bool heads_of_v_;
  std::int64_t n_cards_;
};

}  // namespace vrambudget::detail
