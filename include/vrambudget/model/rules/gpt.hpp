// Architectures after GPT-2: ALiBi, parallel branches, clamped projections.
#pragma once

#include "vrambudget/model/rules/attention.hpp"

namespace vrambudget::detail::rules {

/// ALiBi, which old files do not mention.
inline void bloom(keys&, hparams& hp) { hp.attn.f_max_alibi_bias = 8.0f; }

inline void jais(keys& k, hparams& hp) {
  hp.attn.f_max_alibi_bias = k.f32("attention.max_alibi_bias");
}
inline void mpt(keys& k, hparams& hp) {
  jais(k, hp);
  hp.attn.f_clamp_kqv = k.f32("attention.clamp_kqv");
}
inline void gptneox(keys& k, hparams& hp) {
  k.need("use_parallel_residual");
  hp.use_par_res = k.boolean("use_parallel_residual");
}
inline void dbrx(keys& k, hparams& hp) {
  k.need("attention.clamp_kqv");
  hp.attn.f_clamp_kqv = k.f32("attention.clamp_kqv");
}

inline void command_r(keys& k, hparams& hp) { hp.scale.f_logit = k.f32("logit_scale"); }
inline void cohere2(keys& k, hparams& hp) {
  required_window<4>(k, hp);
  k.need("logit_scale");
  hp.scale.f_logit = k.f32("logit_scale");
}
inline void cohere2moe(keys& k, hparams& hp) {
  required_window<4, true>(k, hp);
  experts_after_dense(k, hp, 2);
  k.need("logit_scale");
  hp.scale.f_logit = k.f32("logit_scale");
  hp.rms_norm = k.f32("attention.layer_norm_rms_epsilon") != 0.0f;
}

/// Scales of a model whose first files had none of them. Scores are capped as well.
inline void grok(keys& k, hparams& hp) {
  hp.scale.f_logit = k.f32("logit_scale", 0.577f);
  hp.scale.f_embedding = k.f32("embedding_scale", 78.38f);
  hp.scale.f_final_logit_softcapping = k.f32("final_logit_softcapping");
  hp.attn.soft_cap = hp.attn.never_flash = true;
}

inline void grovemoe(keys& k, hparams& hp) {
  hp.moe.n_group_experts = k.positive("experts_per_group");
  const std::uint32_t chunk = k.u32("expert_chunk_feed_forward_length");
  hp.moe.n_ff_chexp = chunk ? chunk : hp.attn.n_embd_head_k;
  k.need("expert_group_scale");
}

}  // namespace vrambudget::detail::rules
