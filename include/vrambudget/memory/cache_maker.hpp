// Single caches of a context, by kind: cells, widths of layers, rotation. layout.hpp says which there are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::detail {

/// Makes caches of one context of a model.
class cache_maker {
 public:
  cache_maker(const model& m, const context_params& cp, const placement& place)
      : traits_(*m.traits), hp_(m.hp), cp_(cp), place_(place) {}

  /// A cache of `n_cell` cells over the layers that `keep` takes.
  template <class Keep>
  [[nodiscard]] kv_cache cache(cache_kind kind, std::uint32_t n_cell, Keep&& keep) const {
    kv_cache c;
    c.kind = kind;
    c.n_cell = n_cell;
    c.n_stream = cp_.kv_unified ? 1 : cp_.n_seq_max;
    c.type_k = cp_.type_k;
    c.type_v = cp_.type_v;
    c.v_trans = !cp_.flash_attn;
    c.layer_index.assign(hp_.n_layer_all, -1);
    for (std::uint32_t il = 0; il < hp_.n_layer_all; ++il) {
      if (!hp_.has_kv(il) || !keep(il)) continue;
      const std::uint32_t v_width = hp_.is_mla()
                                        ? (cp_.rules.latent_v_cache ? hp_.mla.n_lora_kv : 0)
                                    : c.v_trans ? hp_.n_embd_v_gqa_max()
                                                : hp_.n_embd_v_gqa(il);
      c.layer_index[il] = static_cast<std::int32_t>(c.layers.size());
      c.layers.push_back({il, hp_.n_embd_k_gqa(il), v_width, backend_of(il)});
    }
    for (std::uint32_t il = 0; il < hp_.n_layer_all; ++il)
      if (const std::int32_t other = reused_by(il); other >= 0 && keep(il))
        c.layer_index[il] = c.layer_index[static_cast<std::size_t>(other)];
    if (cp_.rules.rotates_quantized) rotate(c);
    return c;
  }

  /// One key head of the indexer's size per layer, or as many as lie side by side in a cell.
  template <class Keep>
  [[nodiscard]] kv_cache index_cache(cache_kind kind, Keep&& keep, bool with_v) const {
    kv_cache c = cache(kind, cp_.n_ctx_seq, keep);
    c.head_k = hp_.indexer.head_size;
    if (pools_index_keys(hp_.indexer, cp_.rules)) c.head_k *= hp_.indexer.kpool_row;
    for (kv_layer& l : c.layers) {
      l.k_width = c.head_k;
      l.v_width = with_v ? hp_.n_embd_head_v(l.il) : 0;
    }
    const bool quantized = is_quantized(c.type_k) && cp_.rules.rotates_quantized;
    c.rot_k = (quantized && hp_.indexer.head_size % 64 == 0) || traits_.rotates_index
                  ? rotation_of(hp_.indexer.head_size)
                  : 0;
    if (!with_v) c.rot_v = 0;
    return c;
  }

  /// Cells of a window's cache. Source: llama.cpp, src/llama-kv-cache-iswa.cpp
  [[nodiscard]] std::uint32_t window_cells(bool shared) const {
    if (cp_.swa_full || !cp_.rules.window_caches) return cp_.n_ctx_seq;
    const std::uint64_t wanted =
        std::uint64_t{hp_.swa.n} * (shared ? cp_.n_seq_max : 1) + cp_.n_ubatch;
    return pad_n_ctx(std::min<std::uint64_t>(cp_.n_ctx_seq, wanted));
  }

  /// Whose memory holds what layer `il` keeps.
  [[nodiscard]] int backend_of(std::uint32_t il) const {
    return cp_.offload_kqv ? place_.layer_backend(il) : place_.host();
  }

 private:
  /// A layer without a cache of its own reuses this one's; -1: none.
  [[nodiscard]] std::int32_t reused_by(std::uint32_t il) const {
    if (hp_.attn.n_layer_kv_from_start < 2 || hp_.has_kv(il)) return -1;
    return hp_.attn.n_layer_kv_from_start - (hp_.is_swa(il) ? 2 : 1);
  }

  /// A quantized cache is rotated if all its heads are alike and the first layer's are multiples of 64.
  void rotate(kv_cache& c) const {
    std::uint32_t head_k = 0, head_v = 0;
    bool same_k = true, same_v = !hp_.is_mla();
    for (const kv_layer& l : c.layers) {
      same_k = same_k && (head_k == 0 || head_k == hp_.n_embd_head_k(l.il));
      same_v = same_v && (head_v == 0 || head_v == hp_.n_embd_head_v(l.il));
      head_k = hp_.n_embd_head_k(l.il);
      head_v = hp_.n_embd_head_v(l.il);
    }
    if (same_k && head_k > 0 && is_quantized(c.type_k) && hp_.n_embd_head_k() % 64 == 0)
      c.rot_k = rotation_of(head_k);
    if (same_v && head_v > 0 && is_quantized(c.type_v) && hp_.n_embd_head_v() % 64 == 0)
      c.rot_v = 64;
  }

  /// Largest 64 * 2^n that divides the head. Source: llama.cpp, src/llama-kv-cache.cpp: build_input_k_rot
  [[nodiscard]] static std::uint32_t rotation_of(std::uint32_t head) {
    std::uint32_t n = 64;
    while (head > 0 && head % (2 * n) == 0) n *= 2;
    return n;
  }

  const architecture_traits& traits_;
  const hparams& hp_;
  const context_params& cp_;
  const placement& place_;
};

}  // namespace vrambudget::detail
