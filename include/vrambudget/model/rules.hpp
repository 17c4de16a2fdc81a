// What single architectures read beyond the shared keys, and the defaults they fill in. Rules that
// several share are functions; one row per architecture says which apply.
#pragma once

#include <algorithm>
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
  for (const std::uint32_t n :
       {hp.ssm_d_conv, hp.ssm_d_inner, hp.ssm_d_state, hp.ssm_dt_rank, hp.ssm_n_group})
    k.limit("ssm", n, 1u << 24);
}

/// Every `interval`th layer attends, unless the file lists the recurrent ones; draft layers attend.
inline void recurrent_but_every(keys& k, hparams& hp, std::uint32_t interval) {
  if (k.has("attention.recurrent_layers")) {
    hp.is_recr_arr = k.flags("attention.recurrent_layers", hp.n_layer_all);
    return;
  }
  interval = std::max(1u, k.u32("full_attention_interval", interval));
  for (std::uint32_t il = 0; il < hp.n_layer_all; ++il)
    hp.is_recr_arr[il] = il < hp.n_layer() && (il + 1) % interval != 0;
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

inline void mistral3(keys& k, hparams& hp) {
  hp.f_attn_temp_scale = k.f32("attention.temperature_scale");
}

// --- sliding windows

/// A window whose layers the file lists.
inline void listed_window(keys& k, hparams& hp) {
  hp.n_swa = k.required("attention.sliding_window");
  if (!k.has("attention.sliding_window_pattern"))
    k.fail({errc::not_found,
            "key '" + k.architecture() +
                ".attention.sliding_window_pattern' is missing: the architecture needs it"});
  window(k, hp, 0);
}
/// A window of a fixed period; one that is optional is off where the file gives none.
template <std::uint32_t period, bool dense_first = false>
void required_window(keys& k, hparams& hp) {
  hp.n_swa = k.required("attention.sliding_window");
  window(k, hp, period, dense_first);
}
template <std::uint32_t period, bool dense_first = false>
void optional_window(keys& k, hparams& hp) {
  hp.n_swa = k.u32("attention.sliding_window");
  if (hp.n_swa > 0) window(k, hp, period, dense_first);
}

inline void exaone4(keys& k, hparams& hp) {
  hp.n_swa = k.u32("attention.sliding_window", hp.n_layer() == 64 ? 4096 : 0);
  if (hp.n_layer() == 64) window(k, hp, 4);  // only the 32B model slides
}
inline void llama4(keys& k, hparams& hp) {
  if (k.has("attention.sliding_window") && k.u32("attention.sliding_window") == 0) {
    hp.n_no_rope_layer_step = hp.n_layer();
    return;
  }
  hp.n_swa = 8192;
  window(k, hp, 4, false, swa_type::chunked);
}
inline void smallthinker(keys& k, hparams& hp) {
  hp.n_swa = k.u32("attention.sliding_window");
  if (hp.n_swa == 0) {
    hp.n_no_rope_layer_step = hp.n_layer();
    return;
  }
  hp.n_swa = 4096;
  window(k, hp, 4, true);
}
inline void gemma3n(keys& k, hparams& hp) {
  required_window<5>(k, hp);
  hp.n_layer_kv_from_start = 20;
}
inline void gemma4(keys& k, hparams& hp) {
  listed_window(k, hp);
  const std::uint32_t shared = k.u32("attention.shared_kv_layers");
  k.limit("attention.shared_kv_layers", shared, hp.n_layer_all);
  hp.n_layer_kv_from_start = static_cast<std::int32_t>(hp.n_layer_all) -
                             static_cast<std::int32_t>(std::min(shared, hp.n_layer_all));
  hp.n_embd_per_layer = k.u32("embedding_length_per_layer_input");
}

// --- latent attention and sparse attention

inline void latent(keys& k, hparams& hp) {
  hp.n_lora_q = k.u32("attention.q_lora_rank");
  hp.n_lora_kv = k.required("attention.kv_lora_rank");
  hp.n_embd_head_k_mla_impl = k.u32("attention.key_length_mla");
  hp.n_embd_head_v_mla_impl = k.u32("attention.value_length_mla");
}
inline void indexer(keys& k, hparams& hp) {
  hp.indexer_n_head = k.u32("attention.indexer.head_count");
  hp.indexer_head_size = k.u32("attention.indexer.key_length");
  hp.indexer_top_k = k.u32("attention.indexer.top_k");
  k.limit("attention.indexer.key_length", hp.indexer_head_size, 1u << 16);
  if (k.has("attention.indexer.types"))
    hp.is_indexer_full_arr = k.flags("attention.indexer.types", hp.n_layer());
  else
    hp.is_indexer_full_arr.assign(hp.n_layer_all, 1);
  hp.is_indexer_full_arr.resize(hp.n_layer_all, 0);
}
inline void sparse_latent(keys& k, hparams& hp) {
  latent(k, hp);
  indexer(k, hp);
  experts_after_dense(k, hp, 2);
}
inline void dots3note(keys& k, hparams& hp) {
  sparse_latent(k, hp);
  hp.n_lora_kv_swa = k.u32("attention.kv_lora_rank_swa");
  hp.n_embd_head_k_mla_swa = k.u32("attention.key_length_mla_swa");
  hp.n_embd_head_v_mla_swa = k.u32("attention.value_length_mla_swa");
  listed_window(k, hp);
}
inline void hy_v4(keys& k, hparams& hp) {
  sparse_latent(k, hp);
  hp.dsv4_hc_mult = k.u32("hyper_connection.count");
}
inline void deepseek4(keys& k, hparams& hp) {
  indexer(k, hp);
  hp.n_lora_q = k.u32("attention.q_lora_rank");
  hp.dsv4_o_lora_rank = k.u32("attention.output_lora_rank");
  hp.dsv4_hc_mult = k.u32("hyper_connection.count");
  k.limit("hyper_connection.count", hp.dsv4_hc_mult, 64);
  hp.n_embd_out_impl = hp.dsv4_hc_mult * hp.n_embd;
  hp.dsv4_compress_ratios = k.per_layer("attention.compress_ratios", hp.n_layer_all);
  hp.n_swa = k.required("attention.sliding_window");
  hp.swa_type = swa_type::standard;
  hp.is_swa_arr.assign(hp.n_layer_all, 1);
}
inline void minimax_m3(keys& k, hparams& hp) {
  indexer(k, hp);
  experts_after_dense(k, hp, 2);
  hp.indexer_block_size = k.u32("attention.indexer.block_size");
  hp.indexer_local_blocks = k.u32("attention.indexer.local_blocks");
}

// --- recurrent layers

inline void ssm_hybrid(keys& k, hparams& hp) {
  ssm(k, hp);
  recurrent_without_kv_heads(hp);
}
inline void mamba(keys& k, hparams& hp) {
  ssm(k, hp);
  hp.ssm_n_group = 0;
  hp.ssm_dt_b_c_rms = k.boolean("ssm.dt_b_c_rms");
}
inline void jamba(keys& k, hparams& hp) {
  ssm_hybrid(k, hp);
  hp.ssm_n_group = 0;
}
inline void falcon_h1(keys& k, hparams& hp) {
  ssm(k, hp);
  hp.is_recr_arr.assign(hp.n_layer_all, 1);
}
inline void nemotron_h(keys& k, hparams& hp) {
  ssm(k, hp);
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il)
    hp.is_recr_arr[il] = hp.n_head_kv(il) == 0 && hp.n_ff(il) == 0;
}
inline void rwkv(keys& k, hparams& hp) {
  hp.wkv_head_size = k.required("wkv.head_size");
  k.limit("wkv.head_size", hp.wkv_head_size, 1u << 16);
  hp.token_shift_count = k.u32("token_shift_count", 2);
  k.limit("token_shift_count", hp.token_shift_count, 64);
}
inline void short_convolutions(keys& k, hparams& hp) {
  hp.n_shortconv_l_cache = k.required("shortconv.l_cache");
  k.limit("shortconv.l_cache", hp.n_shortconv_l_cache, 1u << 16);
  recurrent_without_kv_heads(hp);
  hp.n_swa = k.architecture() == "lfm2" ? k.u32("attention.sliding_window") : 0;
  if (hp.n_swa == 0) return;
  hp.swa_type = swa_type::standard;
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) hp.is_swa_arr[il] = !hp.is_recr_arr[il];
}
inline void kimi_delta(keys& k, hparams& hp) {
  latent(k, hp);
  hp.ssm_d_conv = k.u32("ssm.conv_kernel");
  hp.n_embd_head_kda = k.required("kda.head_dim");
  k.limit("kda.head_dim", hp.n_embd_head_kda, 1u << 16);
  k.limit("ssm.conv_kernel", hp.ssm_d_conv, 1u << 16);
  recurrent_without_kv_heads(hp);
}
inline void kimi_k3(keys& k, hparams& hp) {
  kimi_delta(k, hp);
  hp.n_embd_head_v_full = hp.n_embd_head_v_swa = hp.n_lora_kv;  // the cache has the latent
}
inline void minimax_01(keys& k, hparams& hp) {
  hp.n_embd_head_la = hp.n_embd_head_k_full;
  recurrent_but_every(k, hp, 8);
}
inline void qwen4exp(keys& k, hparams& hp) {
  delta_hybrid(k, hp);
  indexer(k, hp);
  hp.dsv4_hc_mult = k.u32("hyper_connection.count");
  k.limit("hyper_connection.count", hp.dsv4_hc_mult, 64);
  hp.hc_low_rank = k.u32("hyper_connection.low_rank");
  hp.n_embd_out_impl = hp.dsv4_hc_mult * hp.n_embd;
  hp.ple_ngram_size = k.u32("ple.ngram_size");
  hp.ple_heads_per_ngram = k.u32("ple.heads_per_ngram");
  hp.ple_conv_kernel = k.u32("ple.conv_kernel");
  for (const std::uint32_t n : {hp.ple_ngram_size, hp.ple_heads_per_ngram, hp.ple_conv_kernel})
    k.limit("ple", n, 1u << 12);
  const gguf::value* layers = k.find("ple.layers");
  for (std::uint64_t i = 0; layers && i < layers->size() && i < hp.n_layer_all; ++i)
    if (const auto il = layers->integer(i); il && *il < hp.n_layer_all) hp.is_ple_arr[*il] = 1;
  if (layers && hp.ple_ngram_size > 1)
    hp.ple_n_heads = (hp.ple_ngram_size - 1) * hp.ple_heads_per_ngram;
}

// --- layers that are not what the file counts

/// Makes room for `n` layers; the new ones repeat the old from the first on.
inline void repeat_layers(hparams& hp, std::uint32_t n) {
  const std::uint32_t had = hp.n_layer_all;
  const auto grow = [&](auto& all) {
    all.resize(n);
    for (std::uint32_t il = had; il < n; ++il) all[il] = all[il % had];
  };
  grow(hp.n_head_arr), grow(hp.n_head_kv_arr), grow(hp.n_ff_arr), grow(hp.n_ff_exp_arr),
      grow(hp.n_expert_used_arr);
  grow(hp.is_swa_arr), grow(hp.is_recr_arr), grow(hp.rope_arr), grow(hp.is_indexer_full_arr),
      grow(hp.is_ple_arr);
  hp.n_layer_all = n;
}
/// The stack runs several times over the same weights, each time with a cache of its own.
inline void nanbeige(keys& k, hparams& hp) {
  const std::uint64_t n = std::uint64_t{hp.n_layer()} * std::max(1u, k.u32("num_loops", 1));
  k.limit("num_loops", n, 512);
  if (n <= 512) repeat_layers(hp, static_cast<std::uint32_t>(n));
}
/// A further layer with one head keeps the routing of adapters.
inline void graniteswitch(keys& k, hparams& hp) {
  granite_scales(k, hp);
  hp.router_layer = static_cast<std::int32_t>(hp.n_layer());
  repeat_layers(hp, hp.n_layer() + 1);
  hp.n_layer_nextn = 1;
  hp.n_head_arr.back() = hp.n_head_kv_arr.back() = 1;
  hp.n_ff_arr.back() = 0;
}
inline void grok(keys&, hparams& hp) { hp.never_flash_attn = true; }

struct row {
  std::string_view architecture;
  rule apply;
};

inline constexpr row rows[] = {
    {"afmoe", optional_window<4>},
    {"arwkv7", rwkv},
    {"bailingmoe3", kimi_delta},
    {"cohere2", required_window<4>},
    {"cohere2moe", required_window<4, true>},
    {"deepseek2", deepseek2},
    {"deepseek32", sparse_latent},
    {"deepseek4", deepseek4},
    {"dots3note", dots3note},
    {"exaone-moe", required_window<4>},
    {"exaone4", exaone4},
    {"falcon-h1", falcon_h1},
    {"gemma2", gemma2},
    {"gemma3", gemma3},
    {"gemma3n", gemma3n},
    {"gemma4", gemma4},
    {"glm-dsa", sparse_latent},
    {"glm4moe", glm4moe},
    {"gpt-oss", gpt_oss},
    {"granite_swa", listed_window},
    {"granitehybrid", granitehybrid},
    {"graniteswitch", graniteswitch},
    {"grok", grok},
    {"hy_v4", hy_v4},
    {"jamba", jamba},
    {"kimi-k3", kimi_k3},
    {"kimi-linear", kimi_delta},
    {"laguna", optional_window<4, true>},
    {"lfm2", short_convolutions},
    {"lfm2moe", short_convolutions},
    {"llama4", llama4},
    {"mamba", mamba},
    {"mamba2", ssm},
    {"maple", listed_window},
    {"mellum", optional_window<4>},
    {"mimo2", listed_window},
    {"minimax-01", minimax_01},
    {"minimax-m3", minimax_m3},
    {"mistral3", mistral3},
    {"mistral4", deepseek2},
    {"muse-glimmer", required_window<4>},
    {"nanbeige", nanbeige},
    {"nemotron_h", nemotron_h},
    {"nemotron_h_moe", nemotron_h},
    {"olmo2", optional_window<4>},
    {"plamo2", ssm_hybrid},
    {"plamo3", optional_window<8>},
    {"qwen35", delta_hybrid},
    {"qwen35moe", delta_hybrid},
    {"qwen3next", delta_hybrid},
    {"qwen4exp", qwen4exp},
    {"rwkv6", rwkv},
    {"rwkv6qwen2", rwkv},
    {"rwkv7", rwkv},
    {"smallthinker", smallthinker},
    {"spark2_5", listed_window},
    {"step35", listed_window},
};

}  // namespace detail::rules

/// Applies the rules of the architecture that `k` reads; most need none beyond the shared keys.
inline void apply_rules(keys& k, hparams& hp) {
  for (const auto& r : detail::rules::rows)
    if (r.architecture == k.architecture()) r.apply(k, hp);
}

}  // namespace vrambudget
