// Every architecture the pinned engine knows: what it remembers between batches, how it rotates.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "vrambudget/model/hparams.hpp"

namespace vrambudget {

/// What an architecture keeps between batches. memory/layout.hpp turns it into caches.
enum class memory_kind : std::uint8_t {
  none,        ///< encoders and diffusion models
  attention,   ///< one KV cache, or two if some layers have a sliding window
  recurrent,   ///< states only
  hybrid,      ///< states and a KV cache
  hybrid_idx,  ///< states, a KV cache, and an index cache beside it
  msa,         ///< a KV cache and an index cache that keeps K and V
  dsa,         ///< latent K and an index cache
  dsa_iswa,    ///< the same beside a sliding window
  dsv4,        ///< a window, and compressed caches of three kinds
};

/// One architecture of the engine.
struct architecture {
  std::string_view name;  ///< `general.architecture`
  memory_kind memory = memory_kind::attention;
  rope_type rope = rope_type::norm;
  bool rollback = false;          ///< recurrent states can be rolled back
  bool rope_by_sections = false;  ///< M-RoPE if the file has rotation sections
  bool encoder = false;
};

/// Source: llama.cpp, src/llama-arch.cpp, src/llama-model.cpp: create_memory, llama_model_rope_type
inline constexpr std::array architectures = {
    architecture{.name = "afmoe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "apertus", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "arcee", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "arctic", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "arwkv7", .memory = memory_kind::recurrent, .rope = rope_type::none},
    architecture{.name = "baichuan", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "bailingmoe", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "bailingmoe2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "bailingmoe3",
                 .memory = memory_kind::hybrid,
                 .rope = rope_type::norm,
                 .rollback = true},
    architecture{.name = "bert", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "bitnet", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "bloom", .memory = memory_kind::attention, .rope = rope_type::none},
    architecture{.name = "chameleon", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "chatglm", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "codeshell", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "cogvlm", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "cohere2", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "cohere2moe", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "command-r", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "dbrx", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "deci", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "deepseek", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "deepseek2", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{
        .name = "deepseek2-ocr", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "deepseek32", .memory = memory_kind::dsa, .rope = rope_type::norm},
    architecture{.name = "deepseek4",
                 .memory = memory_kind::dsv4,
                 .rope = rope_type::norm,
                 .rollback = true},
    architecture{.name = "dflash",
                 .memory = memory_kind::attention,
                 .rope = rope_type::neox,
                 .encoder = true},
    architecture{.name = "dots1", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "dots3note", .memory = memory_kind::dsa_iswa, .rope = rope_type::norm},
    architecture{.name = "dream", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "eagle3",
                 .memory = memory_kind::attention,
                 .rope = rope_type::norm,
                 .encoder = true},
    architecture{.name = "ernie4_5", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "ernie4_5-moe", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "eurobert", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "exaone", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "exaone-moe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "exaone4", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "falcon", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "falcon-h1", .memory = memory_kind::hybrid, .rope = rope_type::neox},
    architecture{.name = "gemma", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "gemma-embedding", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "gemma2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "gemma3", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "gemma3n", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "gemma4", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{
        .name = "gemma4-assistant", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "glm-dsa", .memory = memory_kind::dsa, .rope = rope_type::norm},
    architecture{.name = "glm4",
                 .memory = memory_kind::attention,
                 .rope = rope_type::norm,
                 .rope_by_sections = true},
    architecture{.name = "glm4moe",
                 .memory = memory_kind::attention,
                 .rope = rope_type::neox,
                 .rope_by_sections = true},
    architecture{.name = "gpt-oss", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "gpt2", .memory = memory_kind::attention, .rope = rope_type::none},
    architecture{.name = "gptneox", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "granite", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "granite_swa", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "granitehybrid", .memory = memory_kind::hybrid, .rope = rope_type::norm},
    architecture{.name = "granitemoe", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{
        .name = "graniteswitch", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "grok", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "grovemoe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "hrm_text", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{
        .name = "hunyuan-dense", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "hunyuan-moe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "hunyuan_vl",
                 .memory = memory_kind::attention,
                 .rope = rope_type::neox,
                 .rope_by_sections = true},
    architecture{.name = "hy_v3", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "hy_v4", .memory = memory_kind::dsa, .rope = rope_type::norm},
    architecture{.name = "internlm2", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "jais", .memory = memory_kind::attention, .rope = rope_type::none},
    architecture{.name = "jais2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "jamba", .memory = memory_kind::hybrid, .rope = rope_type::none},
    architecture{.name = "jina-bert-v2", .memory = memory_kind::none, .rope = rope_type::none},
    architecture{.name = "jina-bert-v3", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "kimi-k3",
                 .memory = memory_kind::hybrid,
                 .rope = rope_type::none,
                 .rollback = true},
    architecture{.name = "kimi-linear", .memory = memory_kind::hybrid, .rope = rope_type::none},
    architecture{.name = "laguna", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{
        .name = "lfm2", .memory = memory_kind::hybrid, .rope = rope_type::neox, .rollback = true},
    architecture{.name = "lfm2moe",
                 .memory = memory_kind::hybrid,
                 .rope = rope_type::neox,
                 .rollback = true},
    architecture{.name = "llada", .memory = memory_kind::none, .rope = rope_type::norm},
    architecture{.name = "llada-moe", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "llama", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "llama-embed", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "llama4", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "maincoder", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "mamba", .memory = memory_kind::recurrent, .rope = rope_type::none},
    architecture{.name = "mamba2", .memory = memory_kind::recurrent, .rope = rope_type::none},
    architecture{.name = "maple", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "mellum", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "mimo2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "minicpm", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "minicpm3", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "minimax-01", .memory = memory_kind::hybrid, .rope = rope_type::neox},
    architecture{.name = "minimax-m2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "minimax-m3", .memory = memory_kind::msa, .rope = rope_type::neox},
    architecture{.name = "mistral3", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "mistral4", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "modern-bert", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "mpt", .memory = memory_kind::attention, .rope = rope_type::none},
    architecture{.name = "muse-glimmer", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "nanbeige", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "nemotron", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "nemotron_h",
                 .memory = memory_kind::hybrid,
                 .rope = rope_type::none,
                 .rollback = true},
    architecture{.name = "nemotron_h_moe",
                 .memory = memory_kind::hybrid,
                 .rope = rope_type::none,
                 .rollback = true},
    architecture{.name = "neo-bert", .memory = memory_kind::none, .rope = rope_type::norm},
    architecture{.name = "nomic-bert", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "nomic-bert-moe", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "olmo", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "olmo2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "olmoe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "openelm", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "orion", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "paddleocr", .memory = memory_kind::attention, .rope = rope_type::mrope},
    architecture{
        .name = "pangu-embedded", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "phi2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "phi3", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "phimoe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "plamo", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "plamo2", .memory = memory_kind::hybrid, .rope = rope_type::neox},
    architecture{.name = "plamo3", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "plm", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "pockettts", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "qwen", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "qwen2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "qwen2moe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "qwen2vl", .memory = memory_kind::attention, .rope = rope_type::mrope},
    architecture{.name = "qwen3", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "qwen35",
                 .memory = memory_kind::hybrid,
                 .rope = rope_type::imrope,
                 .rollback = true},
    architecture{.name = "qwen35moe",
                 .memory = memory_kind::hybrid,
                 .rope = rope_type::imrope,
                 .rollback = true},
    architecture{.name = "qwen3moe", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "qwen3next", .memory = memory_kind::hybrid, .rope = rope_type::neox},
    architecture{.name = "qwen3tts", .memory = memory_kind::attention, .rope = rope_type::imrope},
    architecture{.name = "qwen3vl", .memory = memory_kind::attention, .rope = rope_type::imrope},
    architecture{.name = "qwen3vlmoe", .memory = memory_kind::attention, .rope = rope_type::imrope},
    architecture{.name = "qwen4exp",
                 .memory = memory_kind::hybrid_idx,
                 .rope = rope_type::imrope,
                 .rollback = true},
    architecture{.name = "refact", .memory = memory_kind::attention, .rope = rope_type::none},
    architecture{.name = "rnd1", .memory = memory_kind::none, .rope = rope_type::neox},
    architecture{.name = "rwkv6", .memory = memory_kind::recurrent, .rope = rope_type::none},
    architecture{.name = "rwkv6qwen2", .memory = memory_kind::recurrent, .rope = rope_type::none},
    architecture{.name = "rwkv7", .memory = memory_kind::recurrent, .rope = rope_type::none},
    architecture{.name = "seed_oss", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "smallthinker", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "smollm3", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "spark2_5", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "stablelm", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "starcoder", .memory = memory_kind::attention, .rope = rope_type::norm},
    architecture{.name = "starcoder2", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "step35", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{
        .name = "t5", .memory = memory_kind::attention, .rope = rope_type::none, .encoder = true},
    architecture{.name = "t5encoder",
                 .memory = memory_kind::attention,
                 .rope = rope_type::none,
                 .encoder = true},
    architecture{.name = "talkie", .memory = memory_kind::attention, .rope = rope_type::neox},
    architecture{.name = "wavtokenizer-dec", .memory = memory_kind::none, .rope = rope_type::none},
    architecture{.name = "xverse", .memory = memory_kind::attention, .rope = rope_type::norm},
};

/// Null for a name the engine does not know, or knows but cannot run (gptj, clip).
[[nodiscard]] constexpr const architecture* find_architecture(std::string_view name) {
  const auto it =
      std::lower_bound(architectures.begin(), architectures.end(), name,
                       [](const architecture& a, std::string_view n) { return a.name < n; });
  return it != architectures.end() && it->name == name ? &*it : nullptr;
}

static_assert(std::is_sorted(architectures.begin(), architectures.end(),
                             [](const architecture& a, const architecture& b) {
                               return a.name < b.name;
                             }));

}  // namespace vrambudget
