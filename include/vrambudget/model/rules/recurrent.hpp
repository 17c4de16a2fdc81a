// Architectures with recurrent layers, or with layers that are not what the file counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/model/rules/latent.hpp"

namespace vrambudget::detail::rules {

inline void granitehybrid(keys& k, hparams& hp) {
  granite_scales(k, hp);
  ssm(k, hp);
  twice_as_wide(k, hp);
  hp.rope.arr.assign(hp.n_layer_all, k.boolean("rope.scaling.finetuned", true));
  recurrent_without_kv_heads(hp);
  hp.moe.n_ff_shexp = k.u32("expert_shared_feed_forward_length");
}

inline void delta_hybrid(keys& k, hparams& hp) {
  ssm(k, hp);
  recurrent_but_every(k, hp, 4);
  hp.moe.n_ff_shexp = k.u32("expert_shared_feed_forward_length");
}

inline void ssm_hybrid(keys& k, hparams& hp) {
  ssm(k, hp);
  recurrent_without_kv_heads(hp);
}
inline void mamba(keys& k, hparams& hp) {
  ssm(k, hp);
  twice_as_wide(k, hp);
  hp.ssm.n_group = 0;
  hp.ssm.dt_b_c_rms = k.boolean("ssm.dt_b_c_rms");
}
inline void jamba(keys& k, hparams& hp) {
  ssm_hybrid(k, hp);
  twice_as_wide(k, hp);
  hp.ssm.n_group = 0;
}
inline void falcon_h1(keys& k, hparams& hp) {
  ssm(k, hp);
  hp.is_recr_arr.assign(hp.n_layer_all, 1);
}
inline void nemotron_h(keys& k, hparams& hp) {
  ssm(k, hp);
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il)
    hp.is_recr_arr[il] = hp.n_head_kv(il) == 0 && hp.n_ff(il) == 0;
  hp.moe.weights_norm = k.boolean("expert_weights_norm");
  hp.moe.weights_scale = k.f32("expert_weights_scale");
}
inline void rwkv(keys& k, hparams& hp) {
  hp.wkv.head_size = k.positive("wkv.head_size");
  k.limit("wkv.head_size", hp.wkv.head_size, 1u << 16);
  hp.wkv.token_shift_count = k.u32("token_shift_count", 2);
  k.limit("token_shift_count", hp.wkv.token_shift_count, 64);
  hp.wkv.rescale_every_n_layers = k.u32("rescale_every_n_layers");
}
/// Short convolutions between layers that attend.
inline void lfm2moe(keys& k, hparams& hp) {
  hp.n_shortconv_l_cache = k.required("shortconv.l_cache");
  k.limit("shortconv.l_cache", hp.n_shortconv_l_cache, 1u << 16);
  recurrent_without_kv_heads(hp);
  hp.moe.n_layer_dense_lead = k.u32("leading_dense_block_count");
  hp.moe.gating_func = k.u32("expert_gating_func");
}
inline void lfm2(keys& k, hparams& hp) {
  lfm2moe(k, hp);
  hp.moe.n_layer_dense_lead = hp.n_layer();
  hp.swa.n = k.u32("attention.sliding_window");
  if (hp.swa.n == 0) return;
  hp.swa.type = swa_type::standard;
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) hp.swa.arr[il] = !hp.is_recr_arr[il];
}
inline void kimi_delta(keys& k, hparams& hp) {
  latent(k, hp);
  hp.mla.n_embd_head_k = k.required("attention.key_length_mla");
  hp.mla.n_embd_head_v = k.required("attention.value_length_mla");
  hp.ssm.d_conv = k.required("ssm.conv_kernel");
  hp.kda.n_embd_head = k.positive("kda.head_dim");
  k.limit("kda.head_dim", hp.kda.n_embd_head, 1u << 16);
  k.limit("ssm.conv_kernel", hp.ssm.d_conv, 1u << 16);
  recurrent_without_kv_heads(hp);
  experts_after_dense(k, hp, 0);
}
inline void kimi_linear(keys& k, hparams& hp) {
  kimi_delta(k, hp);
  hp.moe.weights_norm = true;
}
inline void bailingmoe3(keys& k, hparams& hp) {
  kimi_delta(k, hp);
  if (!k.boolean("kda.safe_gate", true) || !(k.f32("kda.gate_lower_bound", -1.0f) < 0))
    k.fail({errc::bad_format, "the gate of '" + k.architecture() +
                                  ".kda' has no lower bound below 0, which the engine needs"});
  hp.moe.swiglu_clamp_exp_arr = k.floats("swiglu_clamp_exp", hp.n_layer_all);
  hp.moe.swiglu_clamp_shexp_arr = k.floats("swiglu_clamp_shexp", hp.n_layer_all);
}
inline void kimi_k3(keys& k, hparams& hp) {
  kimi_delta(k, hp);
  hp.attn.n_embd_head_v = hp.swa.n_embd_head_v = hp.mla.n_lora_kv;  // the cache has the latent
  hp.kda.is_bounded = k.has("kda.gate_lower_bound");
  hp.attn.res_block_size = k.required("attn_res.block_size");
  hp.f_situ_linear_beta = k.f32("activation.situ_linear_beta");
}
/// Kimi K3's recurrent layers, and latent attention to what an index over blocks of cells chooses. Gates
/// may be clamped, within the gated operation.
inline void glm5_next(keys& k, hparams& hp) {
  kimi_delta(k, hp);
  indexer(k, hp);
  indexer_types(k, hp);
  streams(k, hp);
  hp.attn.n_embd_head_v = hp.swa.n_embd_head_v = hp.mla.n_lora_kv;  // the cache has the latent
  if (hp.moe.gating_func == 0) hp.moe.gating_func = 2;
  hp.kda.is_bounded = k.has("kda.gate_lower_bound");
  if (hp.hc.mult != 4)
    k.fail({errc::unsupported, "key '" + k.architecture() + ".hyper_connection.count' is " +
                                   std::to_string(hp.hc.mult) + ": the engine runs four streams"});
  hp.hc.sinkhorn_iters = k.required("hyper_connection.sinkhorn_iterations");
  k.limit("hyper_connection.sinkhorn_iterations", hp.hc.sinkhorn_iters, 1000);
  hp.indexer.n_head = k.positive("attention.indexer.head_count");
  hp.indexer.kpool = k.positive("attention.indexer.kpool");
  k.limit("attention.indexer.kpool", hp.indexer.kpool, 1u << 16);
  hp.indexer.kpool_row = 3;  // a cell's own key, its weight in the block, the pooled key
  hp.indexer.kpool_always = true;
  hp.indexer.kpool_select_tail = k.boolean("attention.indexer.kpool_select_tail");
}
/// Qwen3.5 below a head that scores options.
inline void clef(keys& k, hparams& hp) {
  delta_hybrid(k, hp);
  hp.n_embd_out_impl = 1;
  hp.decision.n_layer_routing = k.required("decision.routing_block_count");
  hp.decision.n_layer_joint = k.required("decision.block_count");
  hp.decision.n_head = k.positive("decision.head_count");
  for (const std::uint32_t n : {hp.decision.n_layer_routing, hp.decision.n_layer_joint})
    k.limit("decision", n, llama_max_layers);
  k.limit("decision.head_count", hp.decision.n_head, 1u << 16);
}
inline void minimax_01(keys& k, hparams& hp) {
  hp.n_embd_head_la = hp.attn.n_embd_head_k;
  recurrent_but_every(k, hp, 8);
}
inline void qwen4exp(keys& k, hparams& hp) {
  delta_hybrid(k, hp);
  indexer(k, hp);
  hp.indexer.n_head = k.positive("attention.indexer.head_count");
  streams(k, hp);
  if (hp.hc.mult == 1)
    k.fail({errc::bad_format, "key '" + k.architecture() +
                                  ".hyper_connection.count' is 1, expected at least 2"});
  for (const char* name : {"hyper_connection.low_rank", "attention.indexer.key_length",
                           "attention.indexer.top_k", "ssm.conv_kernel", "ssm.inner_size",
                           "ssm.state_size", "ssm.time_step_rank", "ssm.group_count"})
    k.nonzero(name);
  hp.n_embd_out_impl = hp.hc.mult * hp.n_embd;
  hp.indexer.block_arr = k.per_layer("attention.compress_ratios", hp.n_layer_all);
  for (const std::uint32_t n : hp.indexer.block_arr) {
    k.limit("attention.compress_ratios", n, 1u << 12);
    if (hp.indexer.kpool == 0) hp.indexer.kpool = n;
  }
  hp.indexer.is_full_arr.assign(hp.n_layer_all, 1);  // whatever the file says
  hp.indexer.kpool_row = 2;                          // a cell's own key, and the pooled one
  hp.indexer.kpool_select_tail = true;
  hp.ple.head_dim = k.u32("embedding_length_per_layer_input");
  k.limit("embedding_length_per_layer_input", hp.ple.head_dim, 1u << 20);
  hp.ple.ngram_size = k.u32("ple.ngram_size");
  hp.ple.conv_kernel = k.u32("ple.conv_kernel");
  for (const std::uint32_t n :
       {hp.ple.ngram_size, k.u32("ple.heads_per_ngram"), hp.ple.conv_kernel})
    k.limit("ple", n, 1u << 12);
  const gguf::value* layers = k.find("ple.layers");
  for (std::uint64_t i = 0; layers && i < layers->size() && i < hp.n_layer_all; ++i)
    if (const auto il = layers->integer(i); il && *il < hp.n_layer_all) hp.ple.arr[*il] = 1;
  if (!layers || layers->size() == 0) return;
  constexpr std::uint32_t most_ngram = 8, most_heads = 64;
  if (layers->size() != 1)
    k.fail({errc::unsupported, "key '" + k.architecture() + ".ple.layers' lists " +
                                   std::to_string(layers->size()) +
                                   " layers: the engine runs one"});
  for (std::uint32_t il = 0; il < hp.n_layer_all; ++il)
    if (hp.ple.arr[il] && !hp.is_recr_arr[il])
      k.fail({errc::bad_format, "layer " + std::to_string(il) + " of key '" + k.architecture() +
                                    ".ple.layers' is not recurrent"});
  k.nonzero("embedding_length_per_layer_input");
  k.limit("ple.ngram_size", hp.ple.ngram_size, most_ngram);
  hp.ple.n_heads = (k.positive("ple.ngram_size") - 1) * k.positive("ple.heads_per_ngram");
  k.positive("ple.conv_kernel");
  if (hp.ple.n_heads == 0)
    k.fail({errc::bad_format, "key '" + k.architecture() + ".ple.ngram_size' is 1, expected at " +
                                  "least 2 where 'ple.layers' names layers"});
  k.limit("ple.heads_per_ngram", hp.ple.n_heads, most_heads);
  for (const char* name :
       {"ple.eos_token_id", "embedding_length_per_layer_input", "ple.layer_multipliers",
        "ple.head_offsets", "ple.head_vocab_sizes"})
    k.ask(name);
  const auto check_list = [&](std::string_view name, std::uint32_t least) {
    const gguf::value* v = k.find(name);
    if (v && (!v->is_array() || v->size() < least))
      k.fail({errc::bad_format, "key '" + k.architecture() + "." + std::string(name) +
                                    "' has fewer than " + std::to_string(least) + " entries"});
  };
  check_list("ple.layer_multipliers", hp.ple.ngram_size);
  check_list("ple.head_offsets", hp.ple.n_heads);
  check_list("ple.head_vocab_sizes", hp.ple.n_heads);
  if (const auto so_far = k.status(); !so_far) return;
  const gguf::value *offsets = k.find("ple.head_offsets"), *sizes = k.find("ple.head_vocab_sizes");
  if (!offsets || !sizes) return;
  for (std::uint32_t h = 0; h < hp.ple.n_heads; ++h) {
    const std::uint64_t at = offsets->integer(h).value_or(INT32_MAX);
    const std::uint64_t n = sizes->integer(h).value_or(0);
    if (n == 0 || at > INT32_MAX || n > INT32_MAX || at + n > INT32_MAX) {
      k.fail({errc::limit, "the rows of head " + std::to_string(h) + " of '" + k.architecture() +
                               ".ple.head_offsets' are none, or beyond what 31 bits count"});
      return;
    }
    hp.ple.n_rows = std::max(hp.ple.n_rows, static_cast<std::uint32_t>(at + n));
  }
}

/// Makes room for `n` layers; the new ones repeat the old from the first on.
inline void repeat_layers(hparams& hp, std::uint32_t n) {
  const std::uint32_t had = hp.n_layer_all;
  const auto grow = [&](auto& all) {
    all.resize(n);
    for (std::uint32_t il = had; il < n; ++il) all[il] = all[il % had];
  };
  grow(hp.n_head_arr), grow(hp.n_head_kv_arr), grow(hp.n_ff_arr), grow(hp.moe.n_ff_exp_arr),
      grow(hp.moe.n_expert_used_arr);
  grow(hp.swa.arr), grow(hp.is_recr_arr), grow(hp.rope.arr), grow(hp.indexer.is_full_arr),
      grow(hp.ple.arr);
  hp.n_layer_all = n;
}
/// A further layer with one head keeps the routing of adapters.
inline void graniteswitch(keys& k, hparams& hp) {
  constexpr std::uint32_t most = 4096;
  granite_scales(k, hp);
  const std::uint32_t n_adapter = k.required("adapters.count");
  hp.switched = {n_adapter + 1, k.required("adapters.lora_rank")};
  k.limit("adapters.count", n_adapter, most);
  k.limit("adapters.lora_rank", hp.switched.n_rank, most);
  hp.rope.arr.assign(hp.n_layer_all, k.boolean("rope.scaling.finetuned", true));
  hp.attn.router_layer = static_cast<std::int32_t>(hp.n_layer());
  repeat_layers(hp, hp.n_layer() + 1);
  hp.n_layer_nextn = 1;
  hp.n_head_arr.back() = hp.n_head_kv_arr.back() = 1;
  hp.n_ff_arr.back() = 0;
  for (const char* name : {"adapters.token_ids_activate", "adapters.token_ids_substitute"}) {
    const gguf::value* v = k.find(name);
    if (v && (!v->is_array() || v->size() != n_adapter))
      k.fail({errc::bad_format, "key '" + k.architecture() + "." + name +
                                    "' is no list of one token for each of " +
                                    std::to_string(n_adapter) + " adapters"});
  }
}
}  // namespace vrambudget::detail::rules
