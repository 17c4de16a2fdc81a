// Architectures that differ in their attention windows or in their experts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/model/rules/shared.hpp"

namespace vrambudget::detail::rules {

inline void gemma2(keys& k, hparams& hp) {
  hp.swa.n = k.u32("attention.sliding_window", 4096);
  window(k, hp, 2);
  hp.attn.soft_cap = true;
  hp.scale.f_final_logit_softcapping = k.f32("final_logit_softcapping", 30.0f);
}

inline void gemma3(keys& k, hparams& hp) {
  hp.swa.n = k.u32("attention.sliding_window");
  if (hp.swa.n > 0) window(k, hp, 6);
  hp.scale.f_final_logit_softcapping = k.f32("final_logit_softcapping");
}

inline void gpt_oss(keys& k, hparams& hp) {
  hp.swa.n = k.required("attention.sliding_window");
  window(k, hp, 2);
}

inline void f32_branch_ends(keys&, hparams& hp) { hp.f32_branch_ends = true; }

inline void glm4moe(keys& k, hparams& hp) {
  experts_after_dense(k, hp, 2);
  f32_branch_ends(k, hp);
}

inline void mistral3(keys& k, hparams& hp) {
  hp.attn.f_temp_scale = k.f32("attention.temperature_scale");
  if (hp.attn.f_temp_scale != 0 && hp.rope.n_ctx_orig_yarn == 0)
    k.fail({errc::bad_format, "key '" + k.architecture() +
                                  ".rope.scaling.original_context_length' is 0, by which the "
                                  "temperature of attention is scaled"});
}

/// A window whose layers the file lists.
inline void listed_window(keys& k, hparams& hp) {
  hp.swa.n = k.required("attention.sliding_window");
  k.need("attention.sliding_window_pattern");
  window(k, hp, 0);
}
/// A window of a fixed period; one that is optional is off where the file gives none.
template <std::uint32_t period, bool dense_first = false>
void required_window(keys& k, hparams& hp) {
  hp.swa.n = k.required("attention.sliding_window");
  window(k, hp, period, dense_first);
}
template <std::uint32_t period, bool dense_first = false>
void optional_window(keys& k, hparams& hp) {
  hp.swa.n = k.u32("attention.sliding_window");
  if (hp.swa.n > 0) window(k, hp, period, dense_first);
}

inline void exaone4(keys& k, hparams& hp) {
  hp.swa.n = k.u32("attention.sliding_window", hp.n_layer() == 64 ? 4096 : 0);
  if (hp.n_layer() == 64) {  // only the 32B model slides; its full layers have no positions
    window(k, hp, 4);
    hp.rope.arr = hp.swa.arr;
  }
}
inline void llama4(keys& k, hparams& hp) {
  hp.moe.n_layer_step = k.required("interleave_moe_layer_step");
  hp.attn.use_kq_norm = hp.moe.n_expert != 128;  // not in Maverick
  if (k.has("attention.sliding_window") && k.u32("attention.sliding_window") == 0) {
    hp.rope.n_no_rope_layer_step = hp.n_layer();
    return;
  }
  hp.swa.n = 8192;
  window(k, hp, 4, false, swa_type::chunked);
}
inline void smallthinker(keys& k, hparams& hp) {
  hp.moe.gating_func = k.u32("expert_gating_func");
  hp.swa.n = k.u32("attention.sliding_window");
  if (hp.swa.n == 0) {
    hp.rope.n_no_rope_layer_step = hp.n_layer();
    return;
  }
  hp.swa.n = 4096;
  window(k, hp, 4, true);
}
inline void gemma3n(keys& k, hparams& hp) {
  required_window<5>(k, hp);
  hp.attn.n_layer_kv_from_start = 20;
}
/// Keys and values of a layer are as wide.
inline void heads_of_one_size(keys& k, const hparams& hp) {
  if (hp.attn.n_embd_head_k != hp.attn.n_embd_head_v ||
      hp.swa.n_embd_head_k != hp.swa.n_embd_head_v)
    k.fail({errc::bad_format, "the heads of '" + k.architecture() +
                                  ".attention.key_length' and 'value_length' differ"});
}
inline void gemma4(keys& k, hparams& hp) {
  listed_window(k, hp);
  heads_of_one_size(k, hp);
  const std::uint32_t shared = k.u32("attention.shared_kv_layers");
  k.limit("attention.shared_kv_layers", shared, hp.n_layer_all);
  hp.attn.n_layer_kv_from_start = static_cast<std::int32_t>(hp.n_layer_all) -
                                  static_cast<std::int32_t>(std::min(shared, hp.n_layer_all));
  hp.n_embd_per_layer = k.u32("embedding_length_per_layer_input");
  hp.scale.f_final_logit_softcapping = k.f32("final_logit_softcapping", 30.0f);
}

}  // namespace vrambudget::detail::rules
