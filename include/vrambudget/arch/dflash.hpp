// DFlash: drafts a block of tokens at once; K and V of the target's context are put into its cache
// beforehand, from hidden states of several layers.
#pragma once

#include "vrambudget/arch/blocks/draft.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
/// Q, K and V; drafts for Gemma have no V of their own and norm K instead.
inline qkv dflash_qkv(builder& b, int il, tensor* x) {
  const auto l = static_cast<std::uint32_t>(il);
  const std::int64_t head = b.hp.n_embd_head_k(l), n_kv = b.hp.n_head_kv(l), nt = b.ub.n_tokens;
  tensor* q = b.linear_without_bias(il, "attn_q", x);
  tensor* k = b.linear_without_bias(il, "attn_k", x);
  tensor* v = b.has(il, "attn_v") ? b.linear_without_bias(il, "attn_v", x) : k;
  const bool shared = v == k;
  qkv y{b.reshape(q, head, b.hp.n_head(l), nt), b.reshape(k, head, n_kv, nt),
        b.reshape(v, head, n_kv, nt)};
  norm_heads(b, il, y);
  if (shared) y.v = b.rms_norm(y.v);
  return y;
}
}  // namespace detail

/// The graph of a block of tokens. The one that fills the cache is never reserved for.
inline void build_dflash(builder& b) {
  if (b.hp.hc.mult > 0) return b.leave_undescribed("a DFlash draft of DeepSeek V4 layers");
  if (b.has(-1, "markov_w1")) return b.leave_undescribed("the Markov head of DSpark");
  if (b.has(-1, "selector_hidden")) return b.leave_undescribed("the selector of DFlash 2");
  tensor* pos = b.positions();
  attention_input attention(b);
  tensor* stream = b.get_rows(b.own_or_target("token_embd"), b.token_ids());
  if (b.hp.scale.f_embedding != 0.0f) stream = b.scale(stream);

  for (int il = 0; il < static_cast<int>(b.hp.n_layer()); ++il) {
    qkv x = detail::dflash_qkv(b, il, b.rms_norm_of(il, "attn_norm", stream));
    rotate_positions(b, x, pos, b.hp.use_mrope() ? nullptr : b.layer_copy(0, "rope_freqs"));
    tensor* y = attention(il, x, {.sinks = b.weight(il, "attn_sinks")});
    if (b.cp.rules.scales_drafted_values && b.hp.attn.f_value_scale != 0.0f) y = b.scale(y);
    if (b.has(il, "post_attention_norm")) y = b.rms_norm_of(il, "post_attention_norm", y);
    tensor* residual = builder::named(b.add(y, stream), "ffn_inp", il);
    y = ffn(b, il, b.rms_norm_of(il, "ffn_norm", residual),
            b.hp.draft.ffn_gelu ? activation::gelu : activation::silu);
    if (b.has(il, "post_ffw_norm")) y = b.rms_norm_of(il, "post_ffw_norm", y);
    stream = b.add(y, residual);
    if (tensor* s = b.weight(il, "layer_output_scale")) stream = b.mul(stream, s);
    builder::named(stream, "l_out", il);
  }
  b.embd = b.rms_norm_of(-1, "output_norm", stream);
  finish_draft_logits(b, b.embd);
}

}  // namespace vrambudget::arch
