// How `-sm tensor` divides each tensor and each cache among the cards of one Meta device.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/slice_segments.hpp"
#include "vrambudget/memory/sliced_part.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// What each card has of a tensor.
struct slices {
  int axis = -1;                      ///< along which it is cut; -1: each card has all of it
  std::vector<std::int64_t> extents;  ///< of each card along the axis
};

/// Errors:   invalid_argument  the engine does not divide models of this architecture
/// Source:   llama.cpp, src/llama-arch.cpp: llm_arch_supports_sm_tensor
[[nodiscard]] inline result<void> check_split_mode(const model& m, const run& r) {
  const slicing how = m.traits->slices;
  if (r.split_mode == split_mode::tensor &&
      (how == slicing::refused ||
       (how == slicing::indexed_heads && !r.profile.rules.divides_indexed_heads)))
    return error{
        errc::invalid_argument,
        "-sm tensor: the engine does not divide models of architecture '" + m.architecture + "'"};
  return {};
}

/// Cuts a model's tensors and caches.
///
/// Formula:  a segment of `length`: with the cards in an order that starts `rotation` later, card j ends at
///           floor(length * (shares of the cards until j) / (all shares)), less its remainder by the
///           granularity; the last card has the rest. A tensor is some segments, some of them repeated
/// Source:   llama.cpp, src/llama-model.cpp: llama_meta_device_get_split_state
class tensor_slicer {
 public:
  /// `shares`: of the cards, `-ts`; all 0: equal ones, whatever their memory.
  tensor_slicer(const model& m, std::size_t n_cards, std::vector<float> shares,
                const engine_rules& rules)
      : hp_(m.hp),
        how_(m.traits->slices),
        heads_of_v_(rules.cuts_whole_v_heads),
        shares_(std::move(shares)),
        blocks_(m.hp.n_layer_all) {
    shares_.resize(n_cards);
    if (m.traits->drafts_blocks && m.hp.hc.mult > 0) how_ = slicing::output_groups;
    for (const model_tensor& t : m.tensors)
      if (const auto [il, rest] = layer_of(t.name); il >= 0) keep_block(il, rest, t.type);
  }

  [[nodiscard]] std::size_t n_cards() const { return shares_.size(); }

  /// Errors:   invalid_argument  the engine aborts over this tensor
  [[nodiscard]] result<slices> of(const model_tensor& t) const {
    const auto [il, rest] = layer_of(t.name);
    const part_row* part = find_part(rest, il >= 0);
    const bool in_groups = how_ == slicing::output_groups;
    if (!part || how_ == slicing::copies || (is_of_groups(part->is) && !in_groups) ||
        (part->is == sliced_part::output && in_groups))
      return slices{};
    const std::uint32_t l = il < 0 ? 0 : static_cast<std::uint32_t>(il);
    const bool is_own_reference = il < 0 || part->is == sliced_part::output_b;
    const std::int64_t block =
        is_own_reference ? std::int64_t{traits(t.type).block} : block_of(l, part->is);
    if (block == 0) return no_reference("'" + t.name + "'");
    if (part->is == sliced_part::norm && t.ne[1] == 1) return slices{};
    return cut(*part, l, il < 0, t.ne[static_cast<std::size_t>(part->axis)], t.ne[1], block);
  }

  /// K of a layer, or V, `width` elements in a cell.
  [[nodiscard]] result<slices> of_keys(std::uint32_t il, std::uint64_t width) const {
    return of_memory(il, sliced_part::key_cache, width);
  }
  [[nodiscard]] result<slices> of_values(std::uint32_t il, std::uint64_t width) const {
    return of_memory(il, sliced_part::value_cache, width);
  }
  /// A layer's convolution and recurrence states.
  [[nodiscard]] result<slices> of_convolution(std::uint32_t il, std::uint64_t width) const {
    return of_memory(il, sliced_part::convolution, width);
  }
  [[nodiscard]] result<slices> of_recurrence(std::uint32_t il, std::uint64_t width) const {
    return of_memory(il, sliced_part::recurrence, width);
  }

 private:
  /// Elements in a block of the tensors that others are cut like; 0: the layer has none.
  struct reference_blocks {
    std::array<std::uint32_t, n_references> of{};
  };

  void keep_block(int il, std::string_view rest, ggml_type type) {
    const auto l = static_cast<std::size_t>(il);
    if (l >= blocks_.size()) return;
    for (std::size_t i = 0; i < n_references; ++i)
      if (rest == reference_names[i]) blocks_[l].of[i] = traits(type).block;
  }
  [[nodiscard]] std::int64_t block_of(std::uint32_t il, sliced_part part) const {
    if (il >= blocks_.size()) return 0;
    const auto [first, second] = references_of(part, how_ == slicing::output_groups);
    const auto of = [&](reference r) { return blocks_[il].of[static_cast<std::size_t>(r)]; };
    return of(first) ? of(first) : of(second);
  }
  static error no_reference(const std::string& what) {
    return aborts(what + " would be cut like its layer's output matrix, which is not there");
  }
  static error aborts(std::string why) { return {errc::invalid_argument, std::move(why)}; }

  [[nodiscard]] result<slices> of_memory(std::uint32_t il, sliced_part part,
                                         std::uint64_t width) const {
    if (width == 0 || how_ == slicing::copies ||
        how_ == (is_state(part) ? slicing::copied_states : slicing::output_groups))
      return slices{};
    const std::int64_t block = block_of(il, part);
    if (block == 0)
      return no_reference((is_state(part) ? "the state of layer " : "the cache of layer ") +
                          std::to_string(il));
    return cut({"", part, 0}, il, false, static_cast<std::int64_t>(width), 1, block);
  }

  /// Cuts `ne` elements of a part of layer `il`. `alone`: it is of no layer.
  [[nodiscard]] result<slices> cut(const part_row& part, std::uint32_t il, bool alone,
                                   std::int64_t ne, std::int64_t n_rows, std::int64_t block) const {
    const bool recurrent = hp_.is_recr(il);
    if (!recurrent && hp_.n_gqa(il) == 0)
      return aborts("layer " + std::to_string(il) +
                    " attends with no heads of K and V, by whose number the engine divides");
    if (!has_sane_heads(il)) return aborts("layer " + std::to_string(il) + " has no sane heads");
    const detail::segment_rules rules(hp_, how_, heads_of_v_, n_cards());
    const detail::segments all = recurrent ? rules.in_recurrent(part.is, il, ne, block)
                                           : rules.in_attention(part.is, il, ne, n_rows, block);
    std::int64_t sum = 0;
    for (const detail::segment& g : all) {
      if (g.length < 1 || g.length > ne || g.repeats < 1 || g.repeats > ne / g.length ||
          g.granularity < 1)
        return aborts(size_differs(il));
      sum += g.length * g.repeats;
    }
    if (sum != ne) return aborts(size_differs(il));
    slices s{part.axis, std::vector<std::int64_t>(n_cards())};
    const std::size_t rotation = (alone ? hp_.n_layer() : layers_like(il)) % n_cards();
    for (const detail::segment& g : all) add(s, g, rotation);
    return s;
  }

  static std::string size_differs(std::uint32_t il) {
    return "layer " + std::to_string(il) + " has a tensor of another size than its heads";
  }
  /// So that no product of them wraps.
  [[nodiscard]] bool has_sane_heads(std::uint32_t il) const {
    constexpr std::uint32_t most = 1 << 16;
    if (!hp_.is_recr(il))
      return hp_.n_gqa(il) <= most && hp_.n_embd_head_k(il) > 0 && hp_.n_embd_head_k(il) <= most &&
             hp_.n_embd_head_v(il) <= most;
    return hp_.ssm.d_state <= most && hp_.ssm.n_group <= most && hp_.ssm.dt_rank <= most &&
           hp_.ssm.d_conv <= most;
  }

  void add(slices& s, const detail::segment& g, std::size_t rotation) const {
    const std::size_t n = n_cards();
    float sum = 0, until = 0;
    const auto card = [&](std::size_t j) { return (j + rotation) % n; };
    for (std::size_t j = 0; j < n; ++j) sum += shares_[card(j)];
    std::int64_t low = 0;
    for (std::size_t j = 0; j + 1 < n; ++j) {
      until += shares_[card(j)];
      const auto even = static_cast<std::uint64_t>(g.length) * (j + 1) / n;
      const float end =
          sum == 0.0f ? static_cast<float>(even) : static_cast<float>(g.length) * until / sum;
      std::int64_t high = static_cast<std::int64_t>(end);
      high -= high % g.granularity;
      s.extents[card(j)] += (high - low) * g.repeats;
      low = high;
    }
    s.extents[card(n - 1)] += (g.length - low) * g.repeats;
  }

  /// Layers before `il` of its kind, by whose number the order of the cards is turned.
  [[nodiscard]] std::size_t layers_like(std::uint32_t il) const {
    std::size_t n = 0;
    for (std::uint32_t i = 0; i < il; ++i)
      n += hp_.is_recr(i) == hp_.is_recr(il) && hp_.is_swa(i) == hp_.is_swa(il);
    return n;
  }

  const hparams& hp_;
  slicing how_;
  bool heads_of_v_;
  std::vector<float> shares_;
  std::vector<reference_blocks> blocks_;
};

/// Room of a card's slice in a buffer.
///
/// Formula:  size_of a tensor with the card's extent along the axis
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-backend-meta.cpp: ggml_backend_meta_alloc_ctx_tensors_from_buft
[[nodiscard]] inline bytes slice_size(const model_tensor& t, const slices& s, std::size_t card) {
  auto ne = t.ne;
  if (s.axis >= 0) ne[static_cast<std::size_t>(s.axis)] = s.extents[card];
  return cuda::buffers.size_of(t.type, static_cast<std::uint64_t>(ne[0]),
                               static_cast<std::uint64_t>(ne[1] * ne[2] * ne[3]));
}

/// What card `card` keeps of the caches on backend `shared`; the others are as they were. What the engine
/// aborts over is taken whole.
[[nodiscard]] inline memory_layout layout_on(const tensor_slicer& slicer, memory_layout all,
                                             int shared, std::size_t card) {
  const auto narrow = [card](std::uint64_t& width, const result<slices>& s) {
    if (s && s->axis == 0) width = static_cast<std::uint64_t>(s->extents[card]);
  };
  for (kv_cache& c : all.caches) {
    if (c.kind == cache_kind::idx || c.kind == cache_kind::lid) continue;
    for (kv_layer& l : c.layers) {
      if (l.backend != shared) continue;
      narrow(l.k_width, slicer.of_keys(l.il, l.k_width));
      narrow(l.v_width, slicer.of_values(l.il, l.v_width));
    }
  }
  if (all.recurrent)
    for (recurrent_layer& l : all.recurrent->layers) {
      if (l.backend != shared) continue;
      narrow(l.n_embd_r, slicer.of_convolution(l.il, l.n_embd_r));
      narrow(l.n_embd_s, slicer.of_recurrence(l.il, l.n_embd_s));
    }
  return all;
}

}  // namespace vrambudget
