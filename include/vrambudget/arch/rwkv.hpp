// RWKV 6 and 7: time mixing and channel mixing, both with the token before; and transformers whose
// attention was replaced by time mixing.
#pragma once

#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/rwkv.hpp"

namespace vrambudget::arch {

namespace detail {

/// Token `first` and the `n` - 1 after it, of each sequence.
inline tensor* tokens(builder& b, tensor* x, std::int64_t n, std::int64_t first) {
  return b.view_3d(x, x->ne[0], n, x->ne[2], x->nb[1], x->nb[2],
                   static_cast<std::uint64_t>(first) * x->nb[1]);
}

/// What precedes each token: the last of the previous batch, then all but the last of this one.
inline tensor* previous_tokens(builder& b, tensor* last, tensor* x) {
  return b.concat(last, tokens(b, x, x->ne[1] - 1, 0), 1);
}

inline tensor* load_shift(builder& b, recurrent_input& rs, int il) {
  return b.reshape(rs.load(rs.all_r(il)), b.hp.n_embd, b.hp.wkv.token_shift_count, b.ub.n_seqs);
}
inline void store_shift(builder& b, recurrent_input& rs, int il, tensor* shift) {
  tensor* all = rs.all_r(il);
  rs.store_flat(all, b.view_1d(shift, all->ne[0] * b.ub.n_seqs, 0));
}

/// squared ReLU over tokens mixed with those before; in RWKV 6 behind a gate.
///
/// Source: llama.cpp, src/models/rwkv6-base.cpp, rwkv7-base.cpp: build_rwkv*_channel_mix
inline tensor* channel_mix(builder& b, int il, tensor* x, tensor* previous) {
  tensor* shift = b.sub(previous, x);
  tensor* xk = b.add(b.mul(shift, b.require(il, "channel_mix_lerp_k")), x);
  tensor* k = b.sqr(b.relu(b.mul_mat(b.require(il, "channel_mix_key"), xk)));
  tensor* y = b.mul_mat(b.require(il, "channel_mix_value"), k);
  if (!b.has(il, "channel_mix_receptance")) return y;
  tensor* xr = b.add(b.mul(shift, b.require(il, "channel_mix_lerp_r")), x);
  return b.mul(b.sigmoid(b.mul_mat(b.require(il, "channel_mix_receptance"), xr)), y);
}

/// Source: llama.cpp, src/models/rwkv6.cpp, rwkv7.cpp: graph
template <class TimeMix>
void build_rwkv(builder& b, TimeMix&& time_mix) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens, nst = b.ub.n_seq_tokens(),
                     n_seqs = b.ub.n_seqs;
  const int n_layer = static_cast<int>(b.hp.n_layer());
  tensor* stream = b.embedding_norm(norm_kind::layer, b.token_embeddings());
  recurrent_input rs(b);
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    stream = b.reshape(stream, n_embd, nst, n_seqs);
    tensor* shift = load_shift(b, rs, il);
    tensor* x = b.layer_norm_of(il, "attn_norm", stream);
    tensor* y = time_mix(rs, il, x, previous_tokens(b, tokens(b, shift, 1, 0), x));
    stream = b.add(y, stream);
    tensor* normed = b.layer_norm_of(il, "attn_norm_2", stream);
    tensor* previous = previous_tokens(b, tokens(b, shift, 1, 1), normed);
    store_shift(b, rs, il, b.concat(tokens(b, x, 1, nst - 1), tokens(b, normed, 1, nst - 1), 1));

    const auto rows = [&](tensor* t) {
      t = b.reshape(t, n_embd, nt);
      return il == n_layer - 1 ? b.get_rows(t, out_ids) : t;
    };
    stream = rows(stream);
    normed = rows(normed);
    stream = b.add(channel_mix(b, il, normed, rows(previous)), stream);
    if (const auto every = static_cast<int>(b.hp.wkv.rescale_every_n_layers);
        every != 0 && (il + 1) % every == 0)
      stream = b.scale(stream);
  }
  b.embd = b.layer_norm_of(-1, "output_norm", stream);
  b.finish_logits();
}

/// Source: llama.cpp, src/models/rwkv6qwen2.cpp, arwkv7.cpp: graph
template <class TimeMix>
void build_rwkv_for_attention(builder& b, TimeMix&& time_mix) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens, nst = b.ub.n_seq_tokens();
  const int n_layer = static_cast<int>(b.hp.n_layer());
  tensor* stream = b.token_embeddings();
  recurrent_input rs(b);
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    stream = b.reshape(stream, n_embd, nst, b.ub.n_seqs);
    tensor* shift = load_shift(b, rs, il);
    tensor* x = b.rms_norm_of(il, "attn_norm", stream);
    tensor* y = time_mix(rs, il, x, previous_tokens(b, shift, x));
    store_shift(b, rs, il, tokens(b, x, 1, nst - 1));
    stream = b.reshape(b.add(y, stream), n_embd, nt);
    if (il == n_layer - 1) stream = b.get_rows(stream, out_ids);
    stream = b.add(ffn(b, il, b.rms_norm_of(il, "ffn_norm", stream)), stream);
  }
  b.embd = b.rms_norm_of(-1, "output_norm", stream);
  b.finish_logits();
}

/// RWKV 7's time mixing, with the first layer's V at hand.
inline auto with_first_value(builder& b) {
  return [&b, first = static_cast<tensor*>(nullptr)](recurrent_input& rs, int il, tensor* x,
                                                     tensor* previous) mutable {
    return time_mix_7(b, rs, il, x, previous, first);
  };
}
inline auto without_first_value(builder& b) {
  return [&b](recurrent_input& rs, int il, tensor* x, tensor* previous) {
    return time_mix_6(b, rs, il, x, previous);
  };
}

}  // namespace detail

inline void build_rwkv6(builder& b) { detail::build_rwkv(b, detail::without_first_value(b)); }
inline void build_rwkv7(builder& b) { detail::build_rwkv(b, detail::with_first_value(b)); }
inline void build_rwkv6qwen2(builder& b) {
  detail::build_rwkv_for_attention(b, detail::without_first_value(b));
}
inline void build_arwkv7(builder& b) {
  detail::build_rwkv_for_attention(b, detail::with_first_value(b));
}

}  // namespace vrambudget::arch
