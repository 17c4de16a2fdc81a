// Rules that several architectures share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/model/hparams.hpp"
#include "vrambudget/model/keys.hpp"

namespace vrambudget::detail::rules {

/// Layers with a sliding window: an array of flags, or every layer but each `period`th.
/// Source: llama.cpp, src/llama-hparams.cpp: set_swa_pattern, llama-model.cpp: load_swa_pattern
inline void window(keys& k, hparams& hp, std::uint32_t period, bool dense_first = false,
                   swa_type type = swa_type::standard) {
  hp.swa.type = type;
  const gguf::value* v = k.find("attention.sliding_window_pattern");
  if (v && v->is_array()) {
    hp.swa.arr = k.listed_flags("attention.sliding_window_pattern", hp.n_layer_all);
    return;
  }
  period = k.u32("attention.sliding_window_pattern", period);
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il)
    hp.swa.arr[il] = period == 0 || (dense_first ? il % period != 0 : il % period < period - 1);
}

/// The engine takes but one width of state spaces.
inline void twice_as_wide(keys& k, const hparams& hp) {
  if (std::uint64_t{2} * hp.n_embd != hp.ssm.d_inner)
    k.fail({errc::bad_format, "key '" + k.architecture() + ".ssm.inner_size' is " +
                                  std::to_string(hp.ssm.d_inner) + ", expected twice " +
                                  std::to_string(hp.n_embd)});
}

/// State space keys, all required.
inline void ssm(keys& k, hparams& hp) {
  hp.ssm.d_conv = k.required("ssm.conv_kernel");
  hp.ssm.d_inner = k.required("ssm.inner_size");
  hp.ssm.d_state = k.required("ssm.state_size");
  hp.ssm.dt_rank = k.required("ssm.time_step_rank");
  hp.ssm.n_group = k.u32("ssm.group_count");
  for (const std::uint32_t n :
       {hp.ssm.d_conv, hp.ssm.d_inner, hp.ssm.d_state, hp.ssm.dt_rank, hp.ssm.n_group})
    k.limit("ssm", n, 1u << 24);
  // what the states of a sequence are made of, counted in 64 bits
  k.limit("ssm.conv_kernel", hp.ssm.d_conv, 1u << 16);
  k.limit("ssm.inner_size", hp.ssm.d_inner + std::uint64_t{2} * hp.ssm.n_group * hp.ssm.d_state,
          UINT32_MAX);
}

/// Every `interval`th layer attends, unless the file lists the recurrent ones; draft layers attend.
inline void recurrent_but_every(keys& k, hparams& hp, std::uint32_t interval) {
  if (k.has("attention.recurrent_layers")) {
    hp.is_recr_arr = k.flags("attention.recurrent_layers", hp.n_layer_all);
    return;
  }
  interval = k.u32("full_attention_interval", interval);
  if (interval == 0) {
    k.fail({errc::bad_format, "key '" + k.architecture() +
                                  ".full_attention_interval' is 0, expected at least 1"});
    return;
  }
  for (std::uint32_t il = 0; il < hp.n_layer_all; ++il)
    hp.is_recr_arr[il] = il < hp.n_layer() && (il + 1) % interval != 0;
}

/// Layers without KV heads are recurrent.
inline void recurrent_without_kv_heads(hparams& hp) {
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) hp.is_recr_arr[il] = hp.n_head_kv(il) == 0;
}

inline void experts_after_dense(keys& k, hparams& hp, std::uint32_t default_gating) {
  hp.moe.n_layer_dense_lead = k.u32("leading_dense_block_count");
  k.u32("expert_shared_count");
  hp.moe.weights_scale = k.f32("expert_weights_scale");
  hp.moe.weights_norm = k.boolean("expert_weights_norm");
  hp.moe.gating_func = k.u32("expert_gating_func");
  if (hp.moe.gating_func == 0) hp.moe.gating_func = default_gating;
}

inline void granite_scales(keys& k, hparams& hp) {
  hp.scale.f_logit = k.f32("logit_scale");
  hp.scale.f_residual = k.f32("residual_scale");
  hp.scale.f_embedding = k.f32("embedding_scale");
  k.f32("attention.scale");
}

}  // namespace vrambudget::detail::rules
