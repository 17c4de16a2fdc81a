// Decoders that are a stack of plain attention and feed-forward: most dense architectures are this
// with a few options.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// Where Q and K are normed per head.
enum class head_norms : std::uint8_t { none, before_rope, after_rope };

/// What differs between such decoders, besides what the file's tensors and keys say.
struct plain_decoder {
  decoder frame = {};
  head_norms norms = head_norms::none;
  bool rope_factors = false;  ///< RoPE frequencies may have factors in the file
  bool partial_rope = false;  ///< RoPE may rotate a part of each head
  bool attn_bias = true;      ///< false: a bias after attention is loaded, but not used
};

/// Runs attention and `feed_forward(il, x)` in every layer; layers without RoPE are in the keys.
/// `Attention`: over a cache, or within the batch.
template <class Attention = attention_input, class FeedForward>
void build_plain_decoder(builder& b, const plain_decoder& s, FeedForward&& feed_forward) {
  b.require_whole_heads(s.partial_rope);
  tensor* pos = b.positions();
  Attention attention(b);
  build_decoder(
      b, s.frame,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        if (s.norms == head_norms::before_rope) norm_heads(b, il, y);
        if (b.hp.has_rope(static_cast<std::uint32_t>(il)))
          rotate_positions(b, y, pos, s.rope_factors ? b.rope_factors(il) : nullptr);
        if (s.norms == head_norms::after_rope) norm_heads(b, il, y);
        return attention(il, y, attention_options{.bias = s.attn_bias});
      },
      feed_forward);
}

/// The same with a dense feed-forward layer.
template <class Attention = attention_input>
void build_dense(builder& b, const plain_decoder& s = {}, activation act = activation::silu) {
  build_plain_decoder<Attention>(b, s, [&](int il, tensor* x) { return ffn(b, il, x, act); });
}

}  // namespace vrambudget::arch
