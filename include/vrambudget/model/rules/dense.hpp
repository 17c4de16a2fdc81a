// Dense decoders: which layers rotate, ALiBi slopes, image features in the first layers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/model/rules/shared.hpp"

namespace vrambudget::detail::rules {

/// Slopes on the scores instead of RoPE.
inline void alibi(keys&, hparams& hp) {
  hp.attn.f_max_alibi_bias = 8.0f;
  std::fill(hp.rope.arr.begin(), hp.rope.arr.end(), std::uint8_t{0});
}

/// The engine takes models of so many layers for those of 70 B parameters.
/// Source: llama.cpp, src/models/*.cpp: load_arch_hparams, where type is LLM_TYPE_70B
template <std::uint32_t n_layer>
void size_70b(keys&, hparams& hp) {
  hp.is_70b = hp.n_layer() == n_layer;
}
/// RoPE turns whole heads.
inline void whole_heads(keys& k, hparams& hp) {
  if (hp.n_head() > 0 && hp.rope.n_rot != hp.attn.n_embd_head_k)
    k.fail({errc::bad_format, "key '" + k.architecture() + ".rope.dimension_count' is " +
                                  std::to_string(hp.rope.n_rot) + ", expected " +
                                  std::to_string(hp.attn.n_embd_head_k)});
}
inline void deci(keys& k, hparams& hp) {
  whole_heads(k, hp);
  size_70b<80>(k, hp);
}
inline void llama(keys& k, hparams& hp) {
  whole_heads(k, hp);
  hp.is_70b = hp.n_layer() == 80 && hp.moe.n_expert != 8 && hp.n_head() != hp.n_head_kv();
}

/// Baichuan: only the 7B model (32 layers) rotates, only the 13B model (40) has slopes.
inline void baichuan(keys& k, hparams& hp) {
  if (hp.n_layer() == 32) return;
  alibi(k, hp);
  if (hp.n_layer() != 40) hp.attn.f_max_alibi_bias = 0.0f;
}

/// Every `period`th layer does not rotate.
template <std::uint32_t period>
void rope_but_every(keys&, hparams& hp) {
  for (std::uint32_t il = 0; il < hp.n_layer_all; ++il) hp.rope.arr[il] = (il + 1) % period != 0;
}

/// Image features beside the input embeddings, for as many layers.
inline void deepstack(keys& k, hparams& hp) {
  hp.n_deepstack_layers = k.u32("n_deepstack_layers");
  k.limit("n_deepstack_layers", hp.n_deepstack_layers, hp.n_layer_all);
  for (std::uint32_t il = 0; il < std::min(hp.n_deepstack_layers, hp.n_layer_all); ++il)
    hp.deepstack_arr.push_back(static_cast<std::int32_t>(il) + 1);
}

/// Parameters of the activation.
inline void apertus(keys& k, hparams&) {
  for (const char* name : {"xielu.alpha_n", "xielu.alpha_p", "xielu.beta", "xielu.eps"})
    k.need_bare(name);
}

inline void ernie4_5_moe(keys& k, hparams& hp) {
  k.positive("interleave_moe_layer_step");
  hp.moe.n_layer_dense_lead = k.u32("leading_dense_block_count");
}

}  // namespace vrambudget::detail::rules
