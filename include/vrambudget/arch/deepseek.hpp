// DeepSeek's first mixture of experts and what is built like it: attention as in Llama, dense layers
// first, then routed experts, mostly with a shared one.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// What differs between these.
struct mixture_decoder {
  bool norms_heads = false;     ///< q and k are normed per head
  bool windows_rotate = false;  ///< RoPE in layers with a sliding window only
  row_selection rows = row_selection::early;
  bool adapts_output = true;  ///< builder::adapts_output
};
/// Dots, Ling 2.
inline constexpr mixture_decoder normed_heads{.norms_heads = true};
/// Maple, EXAONE MoE.
inline constexpr mixture_decoder windows_rotate{.norms_heads = true, .windows_rotate = true};
/// Hunyuan 3.
inline constexpr mixture_decoder rows_late{.norms_heads = true, .rows = row_selection::after_norm};

/// DeepSeek-OCR, whose output is DeepSeek 2's.
inline constexpr mixture_decoder plain_output{.adapts_output = false};

template <mixture_decoder d = {}>
void build_deepseek(builder& b) {
  b.adapts_output = d.adapts_output;
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.rows = d.rows},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        if (d.norms_heads) norm_heads(b, il, y);
        if (!d.windows_rotate || b.hp.is_swa(static_cast<std::uint32_t>(il)))
          rotate_positions(b, y, pos, b.rope_factors(il));
        return attention(il, y);
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
