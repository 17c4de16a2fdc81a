// What single architectures read beyond the shared keys, and the defaults they fill in. Rules that
// several share are functions; one row per architecture says which apply.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "vrambudget/model/hparams.hpp"
#include "vrambudget/model/keys.hpp"

namespace vrambudget {

namespace detail::rules {

using rule = void (*)(keys&, hparams&);

/// Layers with a sliding window: an array of flags, or every layer but each `period`th.
/// Source: llama.cpp v0.5.0, src/llama-hparams.cpp: set_swa_pattern, llama-model.cpp: load_swa_pattern
inline void window(keys& k, hparams& hp, std::uint32_t period, bool dense_first = false,
                   swa_type type = swa_type::standard) {
  hp.swa_type = type;
  const gguf::value* v = k.find("attention.sliding_window_pattern");
  if (v && v->is_array()) {
    hp.is_swa_arr = k.flags("attention.sliding_window_pattern", hp.n_layer_all);
    return;
  }
  period = k.u32("attention.sliding_window_pattern", period);
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il)
    hp.is_swa_arr[il] = period == 0 || (dense_first ? il % period != 0 : il % period < period - 1);
}

/// State space keys, all required.
inline void ssm(keys& k, hparams& hp) {
  hp.ssm_d_conv = k.required("ssm.conv_kernel");
  hp.ssm_d_inner = k.required("ssm.inner_size");
  hp.ssm_d_state = k.required("ssm.state_size");
  hp.ssm_dt_rank = k.required("ssm.time_step_rank");
  hp.ssm_n_group = k.u32("ssm.group_count");
  for (const std::uint32_t n : {hp.ssm_d_conv, hp.ssm_d_inner, hp.ssm_d_state, hp.ssm_dt_rank, hp.ssm_n_group})
    k.limit("ssm", n, 1u << 24);
}

/// Every `interval`th layer attends, unless the file lists the recurrent ones; draft layers attend.
inline void recurrent_but_every(keys& k, hparams& hp, std::uint32_t interval) {
  if (k.has("attention.recurrent_layers")) {
    hp.is_recr_arr = k.flags("attention.recurrent_layers", hp.n_layer_all);
    return;
  }
  interval = std::max(1u, k.u32("full_attention_interval", interval));
  for (std::uint32_t il = 0; il < hp.n_layer_all; ++il) hp.is_recr_arr[il] = il < hp.n_layer() && (il + 1) % interval != 0;
}

/// Layers without KV heads are recurrent.
inline void recurrent_without_kv_heads(hparams& hp) {
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) hp.is_recr_arr[il] = hp.n_head_kv(il) == 0;
}

inline void experts_after_dense(keys& k, hparams& hp, std::uint32_t default_gating) {
  hp.n_layer_dense_lead = k.u32("leading_dense_block_count");
  hp.n_expert_shared = k.u32("expert_shared_count");
  hp.expert_weights_scale = k.f32("expert_weights_scale");
  hp.expert_weights_norm = k.boolean("expert_weights_norm");
  hp.expert_gating_func = k.u32("expert_gating_func");
  if (hp.expert_gating_func == 0) hp.expert_gating_func = default_gating;
}

inline void granite_scales(keys& k, hparams& hp) {
  hp.f_logit_scale = k.f32("logit_scale");
  hp.f_residual_scale = k.f32("residual_scale");
  hp.f_embedding_scale = k.f32("embedding_scale");
  hp.f_attention_scale = k.f32("attention.scale");
}

inline void gemma2(keys& k, hparams& hp) {
  hp.n_swa = k.u32("attention.sliding_window", 4096);
  window(k, hp, 2);
  hp.attn_soft_cap = true;
  hp.f_final_logit_softcapping = k.f32("final_logit_softcapping", 30.0f);
}

inline void gemma3(keys& k, hparams& hp) {
  hp.n_swa = k.u32("attention.sliding_window");
  if (hp.n_swa > 0) window(k, hp, 6);
  hp.f_final_logit_softcapping = k.f32("final_logit_softcapping");
}

inline void gpt_oss(keys& k, hparams& hp) {
  hp.n_swa = k.required("attention.sliding_window");
  window(k, hp, 2);
}

inline void granitehybrid(keys& k, hparams& hp) {
  granite_scales(k, hp);
  ssm(k, hp);
  hp.rope_arr.assign(hp.n_layer_all, k.boolean("rope.scaling.finetuned", true));
  recurrent_without_kv_heads(hp);
  hp.n_ff_shexp = k.u32("expert_shared_feed_forward_length");
}

inline void delta_hybrid(keys& k, hparams& hp) {
  ssm(k, hp);
  recurrent_but_every(k, hp, 4);
  hp.n_ff_shexp = k.u32("expert_shared_feed_forward_length");
}

inline void glm4moe(keys& k, hparams& hp) { experts_after_dense(k, hp, 2); }

inline void deepseek2(keys& k, hparams& hp) {
  // files of GLM 4.7 Lite leave the gating out and mean sigmoid
  const bool glm = (hp.n_layer() == 47 || hp.n_layer() == 48) && hp.n_vocab == 154880;
  experts_after_dense(k, hp, glm ? 2 : 1);
  hp.n_lora_q = k.u32("attention.q_lora_rank");
  hp.n_lora_kv = k.required("attention.kv_lora_rank");
  hp.n_embd_head_k_mla_impl = k.u32("attention.key_length_mla");
  hp.n_embd_head_v_mla_impl = k.u32("attention.value_length_mla");
  hp.f_attn_temp_scale = k.f32("attention.temperature_scale");
}

inline void mistral3(keys& k, hparams& hp) { hp.f_attn_temp_scale = k.f32("attention.temperature_scale"); }

struct row {
  std::string_view architecture;
  rule apply;
};

inline constexpr row rows[] = {
    {"deepseek2", deepseek2}, {"gemma2", gemma2},         {"gemma3", gemma3},
    {"glm4moe", glm4moe},     {"gpt-oss", gpt_oss},       {"granitehybrid", granitehybrid},
    {"mamba2", ssm},          {"mistral3", mistral3},     {"qwen35", delta_hybrid},
    {"qwen35moe", delta_hybrid}, {"qwen3next", delta_hybrid},
};

}  // namespace detail::rules

/// Applies the rules of the architecture that `k` reads; most need none beyond the shared keys.
inline void apply_rules(keys& k, hparams& hp) {
  for (const auto& r : detail::rules::rows)
    if (r.architecture == k.architecture()) r.apply(k, hp);
}

}  // namespace vrambudget
