// Which caches and states a context of an architecture keeps, over which layers, in how many cells.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/model/architecture.hpp"

namespace vrambudget {

namespace detail {

/// Makes the caches of one context.
class layout_maker {
 public:
  layout_maker(std::string_view architecture, const hparams& hp, const context_params& cp,
               const placement& place)
      : name_(architecture), hp_(hp), cp_(cp), place_(place) {}

  /// The caches of a context for the NextN layers alone: plain ones, whatever the others have.
  [[nodiscard]] memory_layout make_nextn() const {
    memory_layout out;
    add_attention(out, [this](std::uint32_t il) { return il >= hp_.n_layer(); });
    return out;
  }

  /// The caches of a draft that stores nothing and reads the target's: in full layers those of its
  /// last layer, in window layers those of the one before.
  [[nodiscard]] memory_layout make_borrowed(const memory_layout& target,
                                            const hparams& target_hp) const {
    memory_layout out;
    add_attention(out, [](std::uint32_t) { return true; });
    for (kv_cache& c : out.caches) {
      const std::uint32_t back = c.name == "swa" ? 2 : 1;
      const std::uint32_t lender = target_hp.n_layer() - std::min(back, target_hp.n_layer());
      c.borrowed = true;
      for (const kv_cache& t : target.caches) {
        const kv_layer* l = t.name == c.name ? t.find(lender) : nullptr;
        if (!l) continue;
        c.type_k = t.type_k;
        c.type_v = t.type_v;
        c.n_cell = t.n_cell;
        c.rot_k = t.rot_k;
        c.rot_v = t.rot_v;
        for (kv_layer& mine : c.layers) mine = {mine.il, l->k_width, l->v_width, l->backend};
      }
    }
    return out;
  }

  [[nodiscard]] memory_layout make(memory_kind kind) const {
    memory_layout out;
    const auto attends = [this](std::uint32_t il) { return attention_layer(il); };
    switch (kind) {
      case memory_kind::none:
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
        if (kind == memory_kind::hybrid_idx && hp_.indexer_head_size > 0)
          out.caches.push_back(index_cache("idx", attends, cp_.rules.indexer_v_cache));
        break;
      case memory_kind::attention:
        add_attention(out, [this](std::uint32_t il) { return il < trunk(); });
        break;
      case memory_kind::msa:
        out.caches.push_back(cache("base", cp_.n_ctx_seq, [](std::uint32_t) { return true; }));
        out.caches.push_back(index_cache(
            "idx", [this](std::uint32_t il) { return il >= hp_.n_layer_dense_lead; }, true));
        break;
      case memory_kind::dsa:
        add_sparse(out);
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
    return hp_.n_layer() > 0 && hp_.router_layer < 0 ? hp_.n_layer() : hp_.n_layer_all;
  }
  [[nodiscard]] bool attention_layer(std::uint32_t il) const {
    if (name_ == "falcon-h1") return true;
    if (name_ == "nemotron_h" || name_ == "nemotron_h_moe")
      return !hp_.is_recr(il) && hp_.n_ff(il) == 0;
    return !hp_.is_recr(il) && (il < hp_.n_layer() || !skips_draft_layers());
  }
  [[nodiscard]] bool recurrent_layer_at(std::uint32_t il) const {
    if (name_ == "falcon-h1") return true;
    if (name_ == "nemotron_h" || name_ == "nemotron_h_moe")
      return hp_.is_recr(il) && hp_.n_ff(il) == 0;
    return hp_.is_recr(il);
  }
  [[nodiscard]] bool skips_draft_layers() const {
    constexpr std::string_view all[] = {"qwen3next", "qwen35", "qwen35moe", "qwen4exp",
                                        "minimax-01"};
    return std::find(std::begin(all), std::end(all), name_) != std::end(all);
  }
  /// A layer without a cache of its own reuses this one's; -1: none.
  [[nodiscard]] std::int32_t reused_by(std::uint32_t il) const {
    if (hp_.n_layer_kv_from_start < 2 || hp_.has_kv(il)) return -1;
    return hp_.n_layer_kv_from_start - (hp_.is_swa(il) ? 2 : 1);
  }

  /// Cells of a window's cache. Source: llama.cpp, src/llama-kv-cache-iswa.cpp
  [[nodiscard]] std::uint32_t window_cells(bool shared) const {
    if (cp_.swa_full || !cp_.rules.window_caches) return cp_.n_ctx_seq;
    const std::uint64_t wanted =
        std::uint64_t{hp_.n_swa} * (shared ? cp_.n_seq_max : 1) + cp_.n_ubatch;
    return pad_n_ctx(std::min<std::uint64_t>(cp_.n_ctx_seq, wanted));
  }

  template <class Keep>
  void add_attention(memory_layout& out, Keep&& keep) const {
    if (hp_.swa_type == swa_type::none) {
      out.caches.push_back(cache("base", cp_.n_ctx_seq, keep));
      return;
    }
    out.caches.push_back(cache("base", cp_.n_ctx_seq,
                               [&](std::uint32_t il) { return keep(il) && !hp_.is_swa(il); }));
    out.caches.push_back(cache("swa", window_cells(cp_.kv_unified),
                               [&](std::uint32_t il) { return keep(il) && hp_.is_swa(il); }));
  }

  template <class Keep>
  [[nodiscard]] kv_cache cache(std::string_view name, std::uint32_t n_cell, Keep&& keep) const {
    kv_cache c;
    c.name = name;
    c.n_cell = n_cell;
    c.n_stream = cp_.kv_unified ? 1 : cp_.n_seq_max;
    c.type_k = cp_.type_k;
    c.type_v = cp_.type_v;
    c.v_trans = !cp_.flash_attn;
    c.layer_index.assign(hp_.n_layer_all, -1);
    std::uint32_t head_k = 0, head_v = 0;
    bool same_k = true, same_v = !hp_.is_mla();
    for (std::uint32_t il = 0; il < hp_.n_layer_all; ++il) {
      if (!hp_.has_kv(il) || !keep(il)) continue;
      same_k = same_k && (head_k == 0 || head_k == hp_.n_embd_head_k(il));
      same_v = same_v && (head_v == 0 || head_v == hp_.n_embd_head_v(il));
      head_k = hp_.n_embd_head_k(il);
      head_v = hp_.n_embd_head_v(il);
      const std::uint32_t v_width = hp_.is_mla() ? (cp_.rules.latent_v_cache ? hp_.n_lora_kv : 0)
                                    : c.v_trans  ? hp_.n_embd_v_gqa_max()
                                                 : hp_.n_embd_v_gqa(il);
      c.layer_index[il] = static_cast<std::int32_t>(c.layers.size());
      c.layers.push_back({il, hp_.n_embd_k_gqa(il), v_width, backend_of(il)});
    }
    for (std::uint32_t il = 0; il < hp_.n_layer_all; ++il)
      if (const std::int32_t other = reused_by(il); other >= 0 && keep(il))
        c.layer_index[il] = c.layer_index[static_cast<std::size_t>(other)];
    // a quantized cache is rotated if all its heads are alike and the first layer's are multiples of 64
    if (!cp_.rules.rotates_quantized) return c;
    if (same_k && head_k > 0 && is_quantized(c.type_k) && hp_.n_embd_head_k() % 64 == 0)
      c.rot_k = rotation_of(head_k);
    if (same_v && head_v > 0 && is_quantized(c.type_v) && hp_.n_embd_head_v() % 64 == 0)
      c.rot_v = 64;
    return c;
  }

  /// One key head of the indexer's size per layer.
  template <class Keep>
  [[nodiscard]] kv_cache index_cache(std::string_view name, Keep&& keep, bool with_v) const {
    kv_cache c = cache(name, cp_.n_ctx_seq, keep);
    c.head_k = hp_.indexer_head_size;
    for (kv_layer& l : c.layers) {
      l.k_width = hp_.indexer_head_size;
      l.v_width = with_v ? hp_.n_embd_head_v(l.il) : 0;
    }
    const bool always =
        name_ == "deepseek32" || name_ == "deepseek4" || name_ == "glm-dsa" || name_ == "dots3note";
    const bool quantized = is_quantized(c.type_k) && cp_.rules.rotates_quantized;
    c.rot_k = (quantized && hp_.indexer_head_size % 64 == 0) || always
                  ? rotation_of(hp_.indexer_head_size)
                  : 0;
    if (!with_v) c.rot_v = 0;
    return c;
  }

  /// Largest 64 * 2^n that divides the head. Source: llama.cpp, src/llama-kv-cache.cpp: build_input_k_rot
  [[nodiscard]] static std::uint32_t rotation_of(std::uint32_t head) {
    std::uint32_t n = 64;
    while (head > 0 && head % (2 * n) == 0) n *= 2;
    return n;
  }

  void add_sparse(memory_layout& out) const {
    const bool dense = name_ == "hy_v4" && hp_.indexer_top_k == 0;
    const std::uint32_t last = name_ == "hy_v4" ? hp_.n_layer_all : hp_.n_layer();
    out.caches.push_back(
        cache(dense ? "base" : "mla", cp_.n_ctx_seq, [&](std::uint32_t il) { return il < last; }));
    if (dense) return;
    out.caches.push_back(index_cache(
        "lid",
        [&](std::uint32_t il) {
          return il < hp_.n_layer() && (name_ == "deepseek32" || hp_.is_indexer_full(il));
        },
        false));
  }

  void add_sparse_window(memory_layout& out) const {
    const auto in_trunk = [&](std::uint32_t il, bool swa) {
      return il < hp_.n_layer() && hp_.is_swa(il) == swa;
    };
    out.caches.push_back(
        cache("mla", cp_.n_ctx_seq, [&](std::uint32_t il) { return in_trunk(il, false); }));
    out.caches.push_back(index_cache(
        "lid", [&](std::uint32_t il) { return in_trunk(il, false) && hp_.is_indexer_full(il); },
        false));
    out.caches.push_back(cache("swa", window_cells(cp_.kv_unified),
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
        return il < hp_.dsv4_compress_ratios.size() && hp_.dsv4_compress_ratios[il] == ratio;
      };
    };
    const auto compressed = [&](std::uint32_t ratio) {
      return pad_n_ctx(std::max<std::uint64_t>(1, (cp_.n_ctx_seq + ratio - 1) / ratio));
    };
    out.caches.push_back(
        keys_only(cache("base", cp_.n_ctx_seq, [&](std::uint32_t il) { return !hp_.is_swa(il); })));
    out.caches.push_back(keys_only(
        cache("swa", window_cells(false), [&](std::uint32_t il) { return hp_.is_swa(il); })));
    out.caches.push_back(keys_only(cache("csa", compressed(4), ratio_is(4))));
    out.caches.push_back(keys_only(cache("hca", compressed(128), ratio_is(128))));
    kv_cache lid = keys_only(index_cache("lid", ratio_is(4), false));
    lid.n_cell = compressed(4);
    out.caches.push_back(std::move(lid));
    const std::uint64_t streams = std::uint64_t{cp_.n_seq_max} * (1 + cp_.n_rs_seq);
    const auto state = [&](std::uint64_t width, std::uint64_t rows, std::uint32_t ratio) {
      compressor_state s{width, rows * streams, {}, {}};
      for (std::uint32_t il = 0; il < hp_.n_layer(); ++il)
        if (ratio_is(ratio)(il)) {
          s.backends.push_back(backend_of(il));
          s.layers.push_back(il);
        }
      out.compressors.push_back(std::move(s));
    };
    state(std::uint64_t{2} * hp_.n_embd_head_k(), 8, 4);
    state(hp_.n_embd_head_k(), 128, 128);
    state(std::uint64_t{2} * hp_.indexer_head_size, 8, 4);
  }

  [[nodiscard]] recurrent_state states() const {
    recurrent_state s;
    s.n_cell = cp_.n_seq_max;
    s.n_rows = cp_.n_seq_max * (1 + cp_.n_rs_seq);
    for (std::uint32_t il = 0; il < hp_.n_layer(); ++il)
      if (recurrent_layer_at(il))
        s.layers.push_back({il, hp_.n_embd_r(), hp_.n_embd_s(),
                            hp_.is_ple(il) ? hp_.ple_conv_state() : 0, backend_of(il)});
    return s;
  }

  [[nodiscard]] int backend_of(std::uint32_t il) const {
    return cp_.offload_kqv ? place_.layer_backend(il) : place_.host();
  }

  std::string_view name_;
  const hparams& hp_;
  const context_params& cp_;
  const placement& place_;
};

}  // namespace detail

/// The caches and states of a context. Flash attention counts as on while it is automatic, since the
/// engine makes caches before it probes.
///
/// Source: llama.cpp, src/llama-model.cpp: create_memory
[[nodiscard]] inline memory_layout layout_of(std::string_view architecture, const hparams& hp,
                                             const context_params& cp, const placement& place) {
  const vrambudget::architecture* known = find_architecture(architecture);
  const memory_kind kind = known ? known->memory : memory_kind::attention;
  const detail::layout_maker maker(architecture, hp, cp, place);
  return cp.kind == context_kind::mtp && hp.n_layer() > 0 ? maker.make_nextn() : maker.make(kind);
}

/// The caches of a draft that reads its target's.
///
/// Source: llama.cpp, src/llama-model.cpp: create_memory; src/llama-kv-cache.cpp: llama_kv_cache
[[nodiscard]] inline memory_layout borrowed_layout(std::string_view architecture, const hparams& hp,
                                                   const context_params& cp, const placement& place,
                                                   const memory_layout& target,
                                                   const hparams& target_hp) {
  return detail::layout_maker(architecture, hp, cp, place).make_borrowed(target, target_hp);
}

}  // namespace vrambudget
