// MiniMax-01: lightning attention with some softmax attention, experts; what is added to each branch is
// its normed input, scaled.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"
#include "vrambudget/arch/blocks/recurrent.hpp"

namespace vrambudget::arch {

namespace detail {

/// Linear attention whose state decays by a slope per head: within the batch by a matrix over pairs of
/// tokens, with what came before through the state.
///
/// Source: llama.cpp, src/models/minimax-01.cpp: graph
class lightning_attention {
 public:
  explicit lightning_attention(builder& b) : b_(b), rs_(b) {
    ggml::graph& g = b.get_graph();
    const std::int64_t n_head = b.hp.n_head(), nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs;
    slopes_ = g.make_input("slopes", ggml_type::f32, n_head);
    q_decay_ = g.make_input("q_decay_exp", ggml_type::f32, 1, n_head, nst, n_seqs);
    k_decay_ = g.make_input("k_decay_exp", ggml_type::f32, 1, n_head, nst, n_seqs);
    pair_decay_ = g.make_input("diag_decay_exp", ggml_type::f32, nst, nst, n_head, n_seqs);
  }

  /// Shape:    x, result [n_embd, tokens]
  tensor* operator()(int il, tensor* x) {
    const std::int64_t head = b_.hp.n_embd_head_v(), n_head = b_.hp.n_head(),
                       nst = b_.ub.n_seq_tokens(), n_seqs = b_.ub.n_seqs;
    rs_.load(rs_.all_r(il));  // empty: there is no convolution
    tensor* slope = b_.scale(slopes_);
    x = b_.reshape(x, x->ne[0], nst, 1, n_seqs);
    tensor* qkv = b_.silu(b_.mul_mat(b_.require(il, "attn_qkv"), x));
    qkv = b_.reshape(qkv, 3 * head, n_head, nst, n_seqs);
    const auto third = [&](std::int64_t i) {
      return b_.view_4d(qkv, {head, n_head, nst, n_seqs}, qkv->nb[1], qkv->nb[2], qkv->nb[3],
                        static_cast<std::uint64_t>(i * head) * qkv->nb[0]);
    };
    tensor *q = third(0), *k = third(1), *v = third(2);
    tensor* all = rs_.all_s(il);
    tensor* state = b_.reshape(rs_.load(all), head, head, n_head, n_seqs);

    const auto decay = [&](tensor* exponent) { return b_.exp(b_.scale(exponent)); };
    const auto by_head = [&](tensor* t) { return b_.permute(t, {0, 2, 1, 3}); };
    const auto by_channel = [&](tensor* t) { return b_.cont(b_.permute(t, {1, 2, 0, 3})); };
    tensor* before = b_.mul_mat(state, by_head(b_.mul(q, decay(q_decay_))));
    tensor* pairs = b_.mul(b_.mul_mat(by_head(k), by_head(q)), decay(pair_decay_));
    tensor* values = by_channel(v);
    tensor* y = b_.add(before, b_.mul_mat(values, pairs));
    b_.expand(y);

    tensor* kept = b_.mul(state, b_.reshape(b_.exp(b_.scale(slope)), 1, 1, n_head));
    tensor* added = b_.mul_mat(by_channel(b_.mul(k, decay(k_decay_))), values);
    rs_.store_flat(all, b_.add(kept, added));

    y = b_.cont(by_head(y));
    y = b_.reshape(y, y->ne[0] * y->ne[1], y->ne[2], 1, y->ne[3]);
    y = b_.rms_norm_of(il, "attn_norm_2", y);
    y = b_.mul(b_.sigmoid(b_.mul_mat(b_.require(il, "attn_gate"), x)), y);
    y = b_.mul_mat(b_.require(il, "attn_output"), y);
    return b_.reshape(y, y->ne[0], nst * n_seqs);
  }

 private:
  builder& b_;
  recurrent_input rs_;
  tensor *slopes_, *q_decay_, *k_decay_, *pair_decay_;
};

}  // namespace detail

inline void build_minimax_01(builder& b) {
  attention_input attention(b);
  detail::lightning_attention lightning(b);
  tensor* pos = b.positions();
  build_stack(b, {}, [&](int il, tensor* stream, const last_rows& pick) {
    tensor* x = b.rms_norm_of(il, "attn_norm", stream);
    tensor* y;
    if (b.hp.is_recr(static_cast<std::uint32_t>(il))) {
      y = lightning(il, x);
    } else {
      qkv z = project_qkv(b, il, x);
      rotate_positions(b, z, pos);
      y = attention(il, z);
    }
    y = pick(y);
    y = b.add(y, b.scale(pick(x)));
    x = b.rms_norm_of(il, "ffn_norm", y);
    y = moe_ffn(b, il, x, {.weights_scale = b.hp.moe.weights_scale});
    return b.add(y, b.scale(x));
  });
}

}  // namespace vrambudget::arch
