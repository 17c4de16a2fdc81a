// Which caches and states a context of an architecture keeps, over which layers, in how many cells.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/memory/cache_maker.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

namespace detail {

/// Of a cache that keeps one key for `ratio` tokens.
/// Source: llama.cpp, src/llama-kv-cache-dsv4.cpp
[[nodiscard]] inline std::uint32_t compressed_cells(const context_params& cp, std::uint32_t ratio) {
  return pad_n_ctx(std::max<std::uint64_t>(1, ceil_div(cp.n_ctx_seq, ratio)));
}

/// Makes the caches of one context.
class layout_maker {
 public:
  layout_maker(const model& m, const context_params& cp, const placement& place)
      : maker_(m, cp, place), traits_(*m.traits), hp_(m.hp), cp_(cp) {}

  /// The caches of a context for the NextN layers alone: plain ones, whatever the others have, but for an
  /// index beside them, which brings states of no layer.
  [[nodiscard]] memory_layout make_nextn() const {
    memory_layout out;
    const auto drafts = [this](std::uint32_t il) { return il >= hp_.n_layer(); };
    add_attention(out, drafts);
    if (traits_.memory == memory_kind::hybrid_idx && hp_.indexer.head_size > 0) {
      out.recurrent = {.n_cell = cp_.n_seq_max, .n_rows = cp_.n_seq_max, .layers = {}};
      out.caches.push_back(maker_.index_cache(cache_kind::idx, drafts, cp_.rules.indexer_v_cache));
    }
    return out;
  }

  /// The caches of a draft that stores nothing and reads the target's: in full layers those of its
  /// last layer, in window layers those of the one before.
  [[nodiscard]] memory_layout make_borrowed(const memory_layout& target,
                                            const hparams& target_hp) const {
    memory_layout out;
    add_attention(out, [](std::uint32_t) { return true; });
    for (kv_cache& c : out.caches) {
      const std::uint32_t back = c.kind == cache_kind::swa ? 2 : 1;
      const std::uint32_t lender = target_hp.n_layer() - std::min(back, target_hp.n_layer());
      c.borrowed = true;
      const kv_cache* t = target.find(c.kind);
      const kv_layer* l = t ? t->find(lender) : nullptr;
      if (!l) continue;
      c.type_k = t->type_k;
      c.type_v = t->type_v;
      c.n_cell = t->n_cell;
      c.rot_k = t->rot_k;
      c.rot_v = t->rot_v;
      for (kv_layer& mine : c.layers) mine = {mine.il, l->k_width, l->v_width, l->backend};
    }
    return out;
  }

  [[nodiscard]] memory_layout make() const {
    memory_layout out;
    const auto attends = [this](std::uint32_t il) { return attention_layer(il); };
    const auto all = [](std::uint32_t) { return true; };
    switch (traits_.memory) {
      case memory_kind::nothing:
        break;
      case memory_kind::recurrent:
        out.recurrent = states();
        break;
      case memory_kind::hybrid:
      case memory_kind::hybrid_idx:
        out.recurrent = states();
        add_attention(out, attends);
        if (out.caches.size() > 1)  // full and window: the engine's graph does not rotate these
          for (kv_cache& c : out.caches) c.rot_k = c.rot_v = 0;
        if (traits_.memory == memory_kind::hybrid_idx && hp_.indexer.head_size > 0)
          out.caches.push_back(maker_.index_cache(
              cache_kind::idx,
              [&](std::uint32_t il) { return attends(il) && hp_.is_indexer_full(il); },
              cp_.rules.indexer_v_cache));
        break;
      case memory_kind::attention:
        add_attention(out, [this](std::uint32_t il) { return il < trunk(); });
        break;
      case memory_kind::msa:
        out.caches.push_back(maker_.cache(cache_kind::base, cp_.n_ctx_seq, all));
        out.caches.push_back(maker_.index_cache(
            cache_kind::idx, [this](std::uint32_t il) { return il >= hp_.moe.n_layer_dense_lead; },
            true));
        break;
      case memory_kind::dsa:
        add_sparse(out, hp_.n_layer());
        break;
      case memory_kind::dsa_optional:
        if (hp_.indexer.top_k == 0)
          out.caches.push_back(maker_.cache(cache_kind::base, cp_.n_ctx_seq, all));
        else
          add_sparse(out, hp_.n_layer_all);
        break;
      case memory_kind::dsa_iswa:
        add_sparse_window(out);
        break;
      case memory_kind::dsv4:
        add_compressed(out);
        break;
    }
    return out;
  }

 private:
  /// Layers that plain attention caches cover: not the draft layers, unless they are all there is.
  [[nodiscard]] std::uint32_t trunk() const {
    return hp_.n_layer() > 0 && hp_.attn.router_layer < 0 ? hp_.n_layer() : hp_.n_layer_all;
  }
  [[nodiscard]] bool attention_layer(std::uint32_t il) const {
    switch (traits_.attends) {
      case attending::not_recurrent:
        return !hp_.is_recr(il);
      case attending::in_trunk:
        return !hp_.is_recr(il) && il < hp_.n_layer();
      case attending::alone:
        return !hp_.is_recr(il) && hp_.n_ff(il) == 0;
      case attending::all:
        break;
    }
    return true;
  }
  template <class Keep>
  void add_attention(memory_layout& out, Keep&& keep) const {
    if (hp_.swa.type == swa_type::none) {
      out.caches.push_back(maker_.cache(cache_kind::base, cp_.n_ctx_seq, keep));
      return;
    }
    out.caches.push_back(maker_.cache(cache_kind::base, cp_.n_ctx_seq, [&](std::uint32_t il) {
      return keep(il) && !hp_.is_swa(il);
    }));
    out.caches.push_back(
        maker_.cache(cache_kind::swa, maker_.window_cells(cp_.kv_unified),
                     [&](std::uint32_t il) { return keep(il) && hp_.is_swa(il); }));
  }

  /// Latent K of the first `n_latent` layers, and the index of those in the trunk that have one.
  void add_sparse(memory_layout& out, std::uint32_t n_latent) const {
    out.caches.push_back(maker_.cache(cache_kind::mla, cp_.n_ctx_seq,
                                      [&](std::uint32_t il) { return il < n_latent; }));
    out.caches.push_back(maker_.index_cache(
        cache_kind::lid,
        [&](std::uint32_t il) { return il < hp_.n_layer() && hp_.is_indexer_full(il); }, false));
  }

  void add_sparse_window(memory_layout& out) const {
    const auto in_trunk = [&](std::uint32_t il, bool swa) {
      return il < hp_.n_layer() && hp_.is_swa(il) == swa;
    };
    out.caches.push_back(maker_.cache(cache_kind::mla, cp_.n_ctx_seq,
                                      [&](std::uint32_t il) { return in_trunk(il, false); }));
    out.caches.push_back(maker_.index_cache(
        cache_kind::lid,
        [&](std::uint32_t il) { return in_trunk(il, false) && hp_.is_indexer_full(il); }, false));
    out.caches.push_back(maker_.cache(cache_kind::swa, maker_.window_cells(cp_.kv_unified),
                                      [&](std::uint32_t il) { return in_trunk(il, true); }));
  }

  /// Source: llama.cpp, src/llama-kv-cache-dsv4.cpp
  void add_compressed(memory_layout& out) const {
    const auto keys_only = [&](kv_cache c) {
      c.n_stream = cp_.n_seq_max;
      for (kv_layer& l : c.layers) l.v_width = 0;
      c.rot_v = 0;
      return c;
    };
    const auto ratio_is = [&](std::uint32_t ratio) {
      return [this, ratio](std::uint32_t il) {
        return il < hp_.dsv4.compress_ratios.size() && hp_.dsv4.compress_ratios[il] == ratio;
      };
    };
    out.caches.push_back(keys_only(maker_.cache(
        cache_kind::base, cp_.n_ctx_seq, [&](std::uint32_t il) { return !hp_.is_swa(il); })));
    out.caches.push_back(keys_only(maker_.cache(cache_kind::swa, maker_.window_cells(false),
                                                [&](std::uint32_t il) { return hp_.is_swa(il); })));
    out.caches.push_back(keys_only(maker_.cache(cache_kind::csa, compressed_cells(cp_, 4), ratio_is(4))));
    out.caches.push_back(keys_only(maker_.cache(cache_kind::hca, compressed_cells(cp_, 128), ratio_is(128))));
    kv_cache lid = keys_only(maker_.index_cache(cache_kind::lid, ratio_is(4), false));
    lid.n_cell = compressed_cells(cp_, 4);
    out.caches.push_back(std::move(lid));
    const std::uint64_t streams = std::uint64_t{cp_.n_seq_max} * (1 + cp_.n_rs_seq);
    const auto state = [&](std::uint64_t width, std::uint64_t rows, std::uint32_t ratio) {
      compressor_state s{width, rows * streams, {}, {}};
      for (std::uint32_t il = 0; il < hp_.n_layer(); ++il)
        if (ratio_is(ratio)(il)) {
          s.backends.push_back(maker_.backend_of(il));
          s.layers.push_back(il);
        }
      out.compressors.push_back(std::move(s));
    };
    state(std::uint64_t{2} * hp_.n_embd_head_k(), 8, 4);
    state(hp_.n_embd_head_k(), 128, 128);
    state(std::uint64_t{2} * hp_.indexer.head_size, 8, 4);
  }

  [[nodiscard]] recurrent_state states() const {
    recurrent_state s;
    s.n_cell = cp_.n_seq_max;
    s.n_rows = cp_.n_seq_max * (1 + cp_.n_rs_seq);
    for (std::uint32_t il = 0; il < hp_.n_layer(); ++il)
      if (hp_.is_recr(il))
        s.layers.push_back({il, hp_.n_embd_r(), hp_.n_embd_s(),
                            hp_.is_ple(il) ? hp_.ple_conv_state() : 0, maker_.backend_of(il)});
    return s;
  }

  cache_maker maker_;
  const architecture_traits& traits_;
  const hparams& hp_;
  const context_params& cp_;
};

}  // namespace detail

/// The longest context that has the caches of this one: itself, but where all cells stand for some tokens each.
[[nodiscard]] inline std::uint32_t longest_with_cells(const model& m, const context_params& cp) {
  constexpr std::uint32_t ratio = 4;
  const hparams& hp = m.hp;
  bool has_full = cp.swa_full || !cp.rules.window_caches;
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) has_full |= hp.has_kv(il) && !hp.is_swa(il);
  // what is shorter than a window and a micro-batch has as many cells for its windows as it has tokens
  const std::uint64_t window = detail::pad_n_ctx(std::uint64_t{hp.swa.n} + cp.n_ubatch);
  if (m.traits->memory != memory_kind::dsv4 || has_full || cp.n_ctx_seq < window) return cp.n_ctx;
  const std::uint64_t all =
      std::uint64_t{ratio} * detail::compressed_cells(cp, ratio) * (cp.n_ctx / cp.n_ctx_seq);
  return all <= std::numeric_limits<std::uint32_t>::max() ? static_cast<std::uint32_t>(all)
                                                          : cp.n_ctx;
}

/// Whether an index chooses the keys that are attended to. What graphs of such models sort and gather crowds compute buffers
/// so that their sizes jump from one context to the next.
[[nodiscard]] constexpr bool chooses_keys(memory_kind k) {
  switch (k) {
    case memory_kind::msa:
    case memory_kind::dsa:
    case memory_kind::dsa_optional:
    case memory_kind::dsa_iswa:
    case memory_kind::dsv4:
    case memory_kind::hybrid_idx:
      return true;
    default:
      return false;
  }
}

/// Cells whose number does not rise with each context of a grid: those of one key for 128 tokens.
[[nodiscard]] inline std::uint32_t stepped_cells(const model& m, const context_params& cp) {
  return m.traits->memory == memory_kind::dsv4 ? detail::compressed_cells(cp, 128) : 0;
}

/// The caches and states of a context. Flash attention counts as on while it is automatic, since the
/// engine makes caches before it probes.
///
/// Source: llama.cpp, src/llama-model.cpp: create_memory
[[nodiscard]] inline memory_layout layout_of(const model& m, const context_params& cp,
                                             const placement& place) {
  const detail::layout_maker maker(m, cp, place);
  return cp.kind == context_kind::mtp && m.hp.n_layer() > 0 ? maker.make_nextn() : maker.make();
}

/// The caches of a draft that reads its target's.
///
/// Source: llama.cpp, src/llama-model.cpp: create_memory; src/llama-kv-cache.cpp: llama_kv_cache
[[nodiscard]] inline memory_layout borrowed_layout(const model& m, const context_params& cp,
                                                   const placement& place,
                                                   const memory_layout& target,
                                                   const hparams& target_hp) {
  return detail::layout_maker(m, cp, place).make_borrowed(target, target_hp);
}

}  // namespace vrambudget
