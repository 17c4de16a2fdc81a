// Gemma 4's assistant: a small stack that drafts over the target's own KV cache and stores nothing.
#pragma once

#include "vrambudget/arch/blocks/attention.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"

namespace vrambudget::arch {

inline void build_gemma4_assistant(builder& b) {
  const hparams& hp = b.hp;
  const int n_layer = static_cast<int>(hp.n_layer_nextn);
  tensor* tokens = b.token_ids();
  tensor* state = b.hidden_state(hp.n_embd_inp());
  tensor* rows = b.scale(b.get_rows(b.require(-1, "target.token_embd"), tokens));
  tensor* stream = b.plain_mul_mat(b.require(-1, "nextn.pre_projection"), b.concat(rows, state, 0));
  attention_input attention(b);
  tensor* pos = b.positions();
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    const auto l = static_cast<std::uint32_t>(il);
    tensor* q = b.linear_without_bias(il, "attn_q", b.rms_norm_of(il, "attn_norm", stream));
    q = b.reshape(q, hp.n_embd_head_k(l), hp.n_head(l), b.ub.n_tokens);
    q = b.rms_norm_of(il, "attn_q_norm", q);
    q = b.rope(q, pos, hp.is_swa(l) ? nullptr : b.layer_copy(il, "rope_freqs"));
    tensor* y = attention(il, {q});
    if (il == n_layer - 1) {
      y = b.get_rows(y, out_ids);
      stream = b.get_rows(stream, out_ids);
    }
    y = b.rms_norm_of(il, "post_attention_norm", y);
    tensor* residual = builder::named(b.add(y, stream), "ffn_inp", il);
    y = ffn(b, il, b.rms_norm_of(il, "ffn_norm", residual), activation::gelu);
    y = b.rms_norm_unpinned(il, "post_ffw_norm", y);
    stream = b.mul(b.add(y, residual), b.require(il, "layer_output_scale"));
    builder::named(stream, "l_out", il);
  }
  tensor* normed = b.rms_norm_of(-1, "output_norm", stream);
  b.logits = builder::named(b.mul_mat(b.output_matrix(), normed), "result_output", -1);
  b.h_nextn = b.plain_mul_mat(b.require(-1, "nextn.post_projection"), normed);
  b.expand(b.logits);
  b.expand(b.h_nextn);
}

}  // namespace vrambudget::arch
