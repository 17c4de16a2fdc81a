// What the engine aborts over once it computes with divided tensors: it checks nothing before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/tensor_slices.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/tensor_purpose.hpp"

namespace vrambudget {

namespace detail {

/// Looks at one context's tensors and caches on the Meta device.
class slice_faults {
 public:
  slice_faults(const model& m, const tensor_slicer& slicer) : m_(m), slicer_(slicer) {}

  [[nodiscard]] std::string of_weight(const model_tensor& t) const {
    const auto s = slicer_.of(t);
    if (!s) return s.error().message;
    if (t.name == "output.weight" && m_.traits->slices == slicing::set_logits)
      return "logits are divided, and some are set";
    const auto [il, rest] = layer_of(t.name);
    if (il < 0) return {};
    if (rest == "attn_k_norm.weight") return of_key_norm(t, static_cast<std::uint32_t>(il), *s);
    if (rest == "attn_q_norm.weight")
      return of_rows(t, *s, static_cast<std::uint32_t>(il), "attn_q.weight");
    if ((rest == "attn_q_norm.bias" || rest == "attn_k_norm.bias") && t.ne[1] > 1)
      return "'" + t.name + "' is copied and what it is added to is divided";
    return {};
  }

  /// K and V must be divided at the same heads.
  [[nodiscard]] std::string of_cache(const kv_layer& l) const {
    const auto k = slicer_.of_keys(l.il, l.k_width), v = slicer_.of_values(l.il, l.v_width);
    if (!k) return k.error().message;
    if (!v) return v.error().message;
    for (std::size_t i = 0; k->axis == 0 && v->axis == 0 && i < slicer_.n_cards(); ++i)
      if (parts(k->extents[i], l.v_width) != parts(v->extents[i], l.k_width))
        return "K and V of layer " + std::to_string(l.il) + " are divided at different heads";
    return {};
  }

  [[nodiscard]] std::string of_states(const recurrent_layer& l) const {
    if (const auto r = slicer_.of_convolution(l.il, l.n_embd_r); !r) return r.error().message;
    if (const auto s = slicer_.of_recurrence(l.il, l.n_embd_s); !s) return s.error().message;
    return {};
  }

 private:
  static double parts(std::int64_t extent, std::uint64_t of) {
    return static_cast<double>(extent) * static_cast<double>(of);
  }

  /// One head of K and a norm of it: a prompt's tokens are told from its rows, a single token is not.
  [[nodiscard]] std::string of_key_norm(const model_tensor& t, std::uint32_t il,
                                        const slices& s) const {
    if (m_.hp.n_head_kv(il) == 1 && !m_.hp.is_recr(il))
      return "'" + t.name + "' norms the only head of K";
    return of_rows(t, s, il, "attn_k.weight");
  }

  /// A norm with a row for each head must be divided as the heads are.
  [[nodiscard]] std::string of_rows(const model_tensor& t, const slices& rows, std::uint32_t il,
                                    const char* heads) const {
    if (rows.axis != 1) return {};
    const model_tensor* w = m_.find("blk." + std::to_string(il) + "." + heads);
    const auto of = w ? slicer_.of(*w) : result<slices>(slices{});
    for (std::size_t i = 0; of && of->axis == 1 && i < slicer_.n_cards(); ++i)
      if (of->extents[i] != rows.extents[i] * m_.hp.n_embd_head_k(il))
        return "'" + t.name + "' is not divided as the heads are";
    return {};
  }

  const model& m_;
  const tensor_slicer& slicer_;
};

}  // namespace detail

namespace detail {

/// Where the matrices of a feed-forward are.
struct ffn_homes {
  bool up_on_host = false, gate_on_host = false, up_on_cards = false, down_on_cards = false;

  void add(sliced_part p, bool is_down, bool on_host) {
    if (p == sliced_part::up || p == sliced_part::gate_up)
      (on_host ? up_on_host : up_on_cards) = true;
    else if (is_down)
      down_on_cards = down_on_cards || !on_host;
    else
      gate_on_host = gate_on_host || on_host;
  }
  /// Up and gate meet before down, on the cards unless up is on the host and down as well.
  [[nodiscard]] bool mixes() const {
    return (down_on_cards && (up_on_host || gate_on_host)) || (up_on_cards && gate_on_host);
  }
};

/// Where one layer's matrices are: what the host computes comes to the cards undivided.
struct layer_homes {
  bool query_on_host = false, attends_on_cards = false;
  bool gates_on_host = false, gates_on_cards = false;
  ffn_homes dense, experts;

  void add(sliced_part p, std::string_view name, bool on_host) {
    using enum sliced_part;
    switch (p) {
      case query:
      case key:
      case value:
      case query_key_value:
        (on_host ? query_on_host : attends_on_cards) = true;
        break;
      case attn_output:
        attends_on_cards = attends_on_cards || !on_host;
        break;
      case attn_gate:
      case per_head:
      case beta_alpha:
        (on_host ? gates_on_host : gates_on_cards) = true;
        break;
      case up:
      case ffn:
      case gate_up:
        (stacks_experts(name) ? experts : dense)
            .add(p, name.starts_with("ffn_down"), on_host);
        break;
      default:
        break;
    }
  }
};

[[nodiscard]] inline std::vector<layer_homes> homes_of(const model& m, const weights& placed,
                                                       int shared) {
  std::vector<layer_homes> all(m.hp.n_layer_all);
  for (const placed_weight& w : placed.all) {
    const auto [il, rest] = layer_of(m.tensors[w.tensor].name);
    const part_row* part = il < 0 ? nullptr : find_part(rest, true);
    if (part && static_cast<std::size_t>(il) < all.size())
      all[static_cast<std::size_t>(il)].add(part->is, rest, w.backend != shared);
  }
  return all;
}

/// Layers of which the host computes a part that the cards would have to have divided.
[[nodiscard]] inline std::string fault_of_homes(const model& m, const weights& placed,
                                                const memory_layout& kept, int shared,
                                                bool attends_on_host) {
  const auto layer = [](std::size_t il) { return "layer " + std::to_string(il); };
  const std::vector<layer_homes> homes = homes_of(m, placed, shared);
  for (std::size_t il = 0; il < homes.size(); ++il) {
    if (homes[il].dense.mixes() || homes[il].experts.mixes())
      return layer(il) + " has a part of its feed-forward on the host, whose result is not divided";
    if (attends_on_host && homes[il].attends_on_cards)
      return "attention of " + layer(il) + " is computed on the host, and its matrices are divided";
  }
  for (const kv_cache& c : kept.caches)
    for (const kv_layer& l : c.layers) {
      if (l.il >= homes.size() || c.borrowed) continue;
      if (l.backend == shared && homes[l.il].query_on_host)
        return layer(l.il) + " has Q, K or V on the host, and its cache is divided";
      if (l.backend != shared && homes[l.il].attends_on_cards)
        return layer(l.il) + " has its cache on the host, and its heads are divided";
    }
  if (kept.recurrent)
    for (const recurrent_layer& l : kept.recurrent->layers) {
      if (l.il >= homes.size()) continue;
      if (l.backend == shared && homes[l.il].gates_on_host)
        return layer(l.il) + " has gates on the host, and its states are divided";
      if (l.backend != shared && homes[l.il].gates_on_cards)
        return layer(l.il) + " has its states on the host, and its heads are divided";
    }
  return {};
}

}  // namespace detail

/// Why the engine aborts with these tensors and caches on backend `shared`; empty: nothing is known to make
/// it.
///
/// Accuracy: found with one model of each architecture and two cards; others may abort as well
/// Source:   llama.cpp, ggml/src/ggml-backend-meta.cpp: ggml_backend_meta_get_split_state
[[nodiscard]] inline std::string fault_of_slices(const model& m, const tensor_slicer& slicer,
                                                 const weights& placed, const memory_layout& kept,
                                                 int shared, const compute_buffers& computed) {
  const detail::slice_faults faults(m, slicer);
  for (const placed_weight& w : placed.all)
    if (w.backend == shared)
      if (auto why = faults.of_weight(m.tensors[w.tensor]); !why.empty()) return why;
  for (const kv_cache& c : kept.caches)
    for (const kv_layer& l : c.layers)
      if (l.backend == shared && !c.borrowed)
        if (auto why = faults.of_cache(l); !why.empty()) return why;
  if (kept.recurrent)
    for (const recurrent_layer& l : kept.recurrent->layers)
      if (l.backend == shared)
        if (auto why = faults.of_states(l); !why.empty()) return why;
  if (m.traits->slices == slicing::copies) return {};
  if (computed.views_host_results) return "the cards see what the host computed through a view";
  return detail::fault_of_homes(m, placed, kept, shared, computed.attends_on_host);
}

}  // namespace vrambudget
