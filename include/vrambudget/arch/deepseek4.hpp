// DeepSeek V4: hyper-connected streams, a window of raw keys beside compressed ones (4 tokens a key and
// chosen by an index, or 128), experts chosen by token in the first layers.
#pragma once

#include "vrambudget/arch/blocks/compressed_attention.hpp"
#include "vrambudget/arch/blocks/hyper_connections.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/sparse_attention.hpp"

namespace vrambudget::arch {

namespace detail {

/// The caches of a model with compressed keys.
class compressed_attention {
 public:
  explicit compressed_attention(builder& b)
      : b_(b),
        raw_(b, cache_of(b, cache_kind::swa)),
        few_(make(b, cache_kind::csa, 0, true, mask_type(b))),
        many_(make(b, cache_kind::hca, 1, false, mask_type(b))),
        index_(make(b, cache_kind::lid, 2, true, ggml_type::f16)) {
    b.expand(raw_.mask);
  }

  /// x: the layer's normed input; low: queries before their up-projection.
  tensor* operator()(int il, tensor* x, tensor* low, tensor* q, tensor* k, tensor* pos) {
    const std::uint32_t ratio = b_.hp.dsv4.compress_ratios[static_cast<std::size_t>(il)];
    tensor* cells = nullptr;
    if (ratio == 4) {
      few_.compress(il, x, attention_compressor);
      index_.compress(il, x, index_compressor);
      cells = choose_cells(il, x, low, pos);
    }
    if (ratio == 128) many_.compress(il, x, attention_compressor);

    if (raw_.k_rot) {
      q = rotate(b_, q, raw_.k_rot);
      k = rotate(b_, k, raw_.k_rot);
    }
    b_.expand(q);
    b_.expand(k);
    raw_.store_k(il, k);
    tensor *keys = raw_.read_k(il), *mask = raw_.mask;
    attention_options o{.sinks = b_.weight(il, "attn_sinks")};
    if (ratio == 4) {
      keys = b_.concat(keys, few_.read(il), 2);
      mask = b_.concat(mask, mask_all_but(b_, few_.keys.mask, cells, few_.keys.mask->type), 0);
      o.n_kv_max = std::min<std::int64_t>(raw_.mask->ne[0], b_.hp.swa.n) + cells->ne[0];
    } else if (ratio == 128) {
      keys = b_.concat(keys, many_.read(il), 2);
      mask = b_.concat(mask, many_.keys.mask, 0);
    }
    tensor* out = attend(b_, il, q, keys, keys, mask, o);
    return raw_.k_rot ? rotate(b_, out, raw_.k_rot) : out;
  }

 private:
  static ggml_type mask_type(const builder& b) {
    return b.cp.flash_attn ? ggml_type::f16 : ggml_type::f32;
  }
  static compressed_cache make(builder& b, cache_kind kind, std::size_t number, bool overlaps,
                               ggml_type mask) {
    return {b,   cache_of(b, kind), b.memory.compressors[number], number == 1 ? 128 : 4, overlaps,
            mask};
  }

  tensor* choose_cells(int il, tensor* x, tensor* low, tensor* pos) {
    tensor* q = b_.linear_without_bias(il, "indexer.attn_q_b", low);
    q = b_.reshape(q, b_.hp.indexer.head_size, b_.hp.indexer.n_head, b_.ub.n_tokens);
    q = b_.rope(q, pos);
    if (index_.keys.k_rot) q = rotate(b_, q, index_.keys.k_rot);
    tensor* weights = b_.scale(b_.linear_without_bias(il, "indexer.proj", x));
    return best_cells(b_, il, q, index_.read(il), weights, index_.keys.mask, false);
  }

  builder& b_;
  cache_input raw_;
  compressed_cache few_, many_, index_;
};

/// The output projection in two steps, the first by groups of heads.
inline tensor* grouped_output(builder& b, int il, tensor* x) {
  const std::int64_t n_group = b.hp.dsv4.o_group_count, rank = b.hp.dsv4.o_lora_rank,
                     nt = b.ub.n_tokens;
  tensor* first =
      b.reshaped_weight(il, "attn_output_a", {x->ne[0] * x->ne[1] / n_group, rank, n_group, 1});
  x = b.permute(b.reshape(x, x->ne[0] * x->ne[1] / n_group, n_group, nt), {0, 2, 1, 3});
  x = b.permute(b.plain_mul_mat(first, x), {0, 2, 1, 3});
  return b.linear_without_bias(il, "attn_output_b", b.cont(x, rank * n_group, nt));
}

/// `attention(il, x, low, q, k, pos)`: over whatever keys the context keeps.
template <class Attention>
tensor* deepseek4_attention(builder& b, Attention&& attention, int il, tensor* x, tensor* pos) {
  const std::int64_t head = b.hp.n_embd_head_k(), n_head = b.hp.n_head(), nt = b.ub.n_tokens;
  tensor* low = b.rms_norm_of(il, "attn_q_a_norm", b.linear_without_bias(il, "attn_q_a", x));
  tensor* q = b.reshape(b.linear_without_bias(il, "attn_q_b", low), head, n_head, nt);
  q = b.rope(b.rms_norm(q), pos);
  tensor* k = b.rms_norm_of(il, "attn_kv_a_norm", b.linear_without_bias(il, "attn_kv", x));
  k = b.rope(b.reshape(k, head, 1, nt), pos);
  tensor* y = b.reshape(attention(il, x, low, q, k, pos), head, n_head, nt);
  return grouped_output(b, il, b.rope_back(y, pos));
}

inline tensor* deepseek4_experts(builder& b, int il, tensor* x) {
  moe_options o;
  if (static_cast<std::uint32_t>(il) < b.hp.dsv4.hash_layer_count)
    o.ids = b.get_rows(b.require(il, "ffn_gate_tid2eid"), b.tokens);
  return experts_after_dense(b, il, x, o);
}

/// One stream of all, for the head.
inline tensor* stream_for_head(builder& b, tensor* streams) {
  tensor* mixes = mix_streams(b, -1, streams, head_streams);
  tensor* weights = b.sigmoid(
      affine(b, mixes, b.require(-1, head_streams.scale), b.require(-1, head_streams.base)));
  return sum_streams(b, streams, b.scale(weights));
}

}  // namespace detail

inline void build_deepseek4(builder& b) {
  b.adapts_output = false;
  tensor* embeddings = b.token_embeddings();
  tensor* pos = b.positions();
  tensor* out_ids = b.output_ids();
  detail::compressed_attention attention(b);
  tensor* streams = start_streams(b, embeddings);

  for (int il = 0; il < static_cast<int>(b.hp.n_layer()); ++il) {
    connected_block block = read_connected(b, il, streams, attention_streams);
    tensor* x = b.rms_norm_of(il, "attn_norm", block.input);
    tensor* y = detail::deepseek4_attention(b, attention, il, x, pos);
    streams = write_connected(b, il, y, streams, block);

    block = read_connected(b, il, streams, ffn_streams);
    for (tensor* t : {streams, block.post, block.comb}) b.expand(t);
    y = detail::deepseek4_experts(b, il, b.rms_norm_of(il, "ffn_norm", block.input));
    streams = b.last_of_layer(il, write_connected(b, il, y, streams, block));
  }

  streams = pick_rows(b, streams, out_ids);
  b.embd = b.rms_norm_of(-1, "output_norm", detail::stream_for_head(b, streams));
  b.finish_logits();
}

}  // namespace vrambudget::arch
