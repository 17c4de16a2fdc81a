// Gemma 1 to 3: scaled embeddings and queries, norms before and after each branch, sliding windows.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
template <class Attention>
void build_gemma(builder& b, const decoder& d, bool norms_heads) {
  tensor* pos = b.positions();
  Attention attention(b);
  build_decoder(
      b, d,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        if (norms_heads) norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        y.q = b.scale(y.q);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, activation::gelu); });
}
}  // namespace detail

/// The first Gemma has no norms after its branches, and no windows.
inline void build_gemma(builder& b) {
  detail::build_gemma<attention_input>(b, {.embd_scale = embedding_scale::all}, false);
}

inline void build_gemma2(builder& b) {
  detail::build_gemma<attention_input>(
      b, {.embd_scale = embedding_scale::all, .post_norms = true, .softcap_logits = true}, false);
}

/// Gemma 3 norms q and k per head; it caps logits only if the file says so.
inline void build_gemma3(builder& b) {
  detail::build_gemma<attention_input>(
      b,
      {.embd_scale = embedding_scale::of_tokens,
       .post_norms = true,
       .softcap_logits = b.hp.scale.f_final_logit_softcapping != 0.0f},
      true);
}

/// EmbeddingGemma: the same without a cache and without logits.
inline void build_gemma_embedding(builder& b) {
  detail::build_gemma<uncached_attention>(
      b, {.embd_scale = embedding_scale::of_tokens, .post_norms = true, .logits = false}, true);
}

}  // namespace vrambudget::arch
