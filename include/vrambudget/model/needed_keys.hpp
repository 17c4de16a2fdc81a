// Keys that no size may depend on, but without which the engine loads no file of an architecture.
#pragma once

#include <string_view>

#include "vrambudget/model/architecture.hpp"
#include "vrambudget/model/keys.hpp"

namespace vrambudget::detail {

/// A key, and the architectures that need it, with a blank between them. Those that a rule reads as `required` are not
/// among them.
struct needed_key {
  std::string_view key, architectures;
};

inline constexpr needed_key needed_keys[] = {
    {"activation.situ_beta", "kimi-k3"},
    {"activation.situ_linear_beta", "kimi-k3"},
    {"adapters.token_ids_activate", "graniteswitch"},
    {"adapters.token_ids_substitute", "graniteswitch"},
    {"attention.compress_ratios", "deepseek4"},
    {"attention.compress_rope_freq_base", "deepseek4"},
    {"attention.decay_lora_rank", "arwkv7 rwkv7"},
    {"attention.group_norm_epsilon", "wavtokenizer-dec"},
    {"attention.group_norm_groups", "wavtokenizer-dec"},
    {"attention.iclr_lora_rank", "arwkv7 rwkv7"},
    {"attention.indexer.head_count", "deepseek32 deepseek4 dots3note glm-dsa"},
    {"attention.indexer.key_length", "deepseek32 deepseek4 dots3note glm-dsa minimax-m3 qwen4exp"},
    {"attention.indexer.local_blocks", "minimax-m3"},
    {"attention.indexer.top_k", "deepseek32 deepseek4 dots3note glm-dsa minimax-m3 qwen4exp"},
    {"attention.indexer.types", "dots3note"},
    {"attention.key_length_mla", "dots3note hy_v4"},
    {"attention.key_length_mla_swa", "dots3note"},
    {"attention.key_length_swa", "gemma4 gemma4-assistant"},
    {"attention.kv_lora_rank_swa", "dots3note"},
    {"attention.output_group_count", "deepseek4"},
    {"attention.output_lora_rank", "deepseek4"},
    {"attention.q_lora_rank", "deepseek32 deepseek4 dots3note glm-dsa hy_v4"},
    {"attention.relative_buckets_count", "t5 t5encoder"},
    {"attention.value_length_mla", "dots3note hy_v4"},
    {"attention.value_length_mla_swa", "dots3note"},
    {"attention.value_length_swa", "gemma4 gemma4-assistant"},
    {"attention.value_residual_mix_lora_rank", "arwkv7 rwkv7"},
    {"convnext.embedding_length", "wavtokenizer-dec"},
    {"embedding_length_per_layer_input", "gemma4"},
    {"expert_feed_forward_length",
     "afmoe bailingmoe bailingmoe2 bailingmoe3 cohere2moe deepseek deepseek2 deepseek2-ocr "
     "deepseek32 deepseek4 dots1 dots3note ernie4_5-moe exaone-moe glm-dsa glm4moe gpt-oss "
     "grovemoe hunyuan-moe hy_v3 hy_v4 kimi-k3 kimi-linear laguna lfm2moe llama4 maple mellum "
     "mimo2 minimax-m2 minimax-m3 mistral4 step35"},
    {"expert_gating_func",
     "bailingmoe2 bailingmoe3 deepseek32 deepseek4 dots3note exaone-moe kimi-k3 kimi-linear "
     "lfm2moe minimax-m3"},
    {"expert_shared_count",
     "afmoe bailingmoe bailingmoe2 bailingmoe3 deepseek deepseek2 deepseek2-ocr deepseek32 "
     "deepseek4 dots1 dots3note glm-dsa glm4moe hy_v4 kimi-k3 kimi-linear minimax-m3 mistral4"},
    {"expert_weights_norm", "deepseek4"},
    {"expert_weights_scale", "deepseek4"},
    {"hash_layer_count", "deepseek4"},
    {"hyper_connection.epsilon", "deepseek4 hy_v4"},
    {"hyper_connection.low_rank", "qwen4exp"},
    {"hyper_connection.magnitude", "hy_v4"},
    {"hyper_connection.sinkhorn_iterations", "deepseek4"},
    {"kda.gate_lower_bound", "bailingmoe3"},
    {"leading_dense_block_count", "bailingmoe3 cohere2moe dots3note laguna"},
    {"posnet.embedding_length", "wavtokenizer-dec"},
    {"residual_scale", "minimax-01"},
    {"rope.dimension_sections", "qwen2vl qwen35 qwen35moe qwen3tts qwen3vl qwen3vlmoe qwen4exp"},
    {"rope.freq_base_swa", "dots3note"},
    {"ssm.group_count",
     "falcon-h1 granitehybrid mamba2 nemotron_h nemotron_h_moe plamo2 qwen35 qwen35moe qwen3next "
     "qwen4exp"},
    {"swiglu_clamp_exp", "deepseek4 maple"},
    {"time_decay_extra_dim", "rwkv6 rwkv6qwen2"},
    {"time_mix_extra_dim", "rwkv6 rwkv6qwen2"},
};

/// Whether a name is one of those between blanks.
[[nodiscard]] constexpr bool is_among(std::string_view name, std::string_view names) {
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = names.find(' ', at);
    if (names.substr(at, end - at) == name) return true;
    if (end == names.npos) break;
    at = end + 1;
  }
  return false;
}

/// Asks for those of an architecture. A model that a log tells of has not all of them.
///
/// Source: llama.cpp, src/models/*.cpp: load_arch_hparams
inline void ask_for_keys(keys& k, const architecture_traits& traits) {
  for (const auto& [key, architectures] : needed_keys)
    if (is_among(traits.name, architectures)) k.ask(key);
}

}  // namespace vrambudget::detail
