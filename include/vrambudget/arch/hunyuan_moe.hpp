// Hunyuan's and ERNIE's mixtures of experts: a shared expert beside the routed ones.
#pragma once

#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/plain_decoder.hpp"

namespace vrambudget::arch {

namespace detail {
inline void build_shared_experts(builder& b, const plain_decoder& s) {
  build_plain_decoder(b, s, [&](int il, tensor* x) { return dense_or_shared_experts(b, il, x); });
}
}  // namespace detail

/// Heads normed after RoPE.
inline void build_hunyuan_moe(builder& b) {
  detail::build_shared_experts(b, {.norms = head_norms::after_rope, .rope_factors = true});
}

/// Dense layers among those of experts.
inline void build_ernie4_5_moe(builder& b) {
  detail::build_shared_experts(b, {.attn_bias = false});
}

}  // namespace vrambudget::arch
