// The epsilon of an architecture's norms. No size depends on it, but the engine loads no file without it.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

#include "vrambudget/model/architecture.hpp"
#include "vrambudget/model/encoder_tensor.hpp"
#include "vrambudget/model/keys.hpp"

namespace vrambudget::detail {

/// Architectures whose norms subtract the mean, and have a key of their own; nemotron_h* may have both.
inline constexpr std::string_view with_mean_norms[] = {
    "bert",         "bloom",          "codeshell",  "cohere2",
    "command-r",    "dbrx",           "falcon",     "gpt2",
    "gptneox",      "jais",           "jais2",      "jina-bert-v2",
    "jina-bert-v3", "modern-bert",    "mpt",        "nemotron",
    "nemotron_h",   "nemotron_h_moe", "nomic-bert", "nomic-bert-moe",
    "olmo",         "orion",          "phi2",       "pockettts",
    "stablelm",     "starcoder",      "starcoder2", "wavtokenizer-dec"};
/// Architectures that load with either key, or none.
inline constexpr std::string_view with_either_norm[] = {"arwkv7", "cohere2moe", "rwkv6",
                                                        "rwkv6qwen2", "rwkv7"};

/// Fails where the engine would not find the epsilon, or would find one of another type. Ollama's converter leaves it
/// out of files for its own engine, which llama.cpp refuses for more than that.
///
/// Source: llama.cpp, src/models/*.cpp: load_arch_hparams
inline void check_norm_epsilon(keys& k, const gguf::header& h, const architecture_traits& traits) {
  constexpr std::string_view rms = "attention.layer_norm_rms_epsilon",
                             mean = "attention.layer_norm_epsilon";
  const auto is_in = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), traits.name) != std::end(names);
  };
  // qwen2vl reads none; of those that came later it is not known
  if (!traits.is_known() || traits.since != 0 || traits.name == "qwen2vl") return;
  const bool is_mean = is_in(with_mean_norms), is_either = is_in(with_either_norm);
  if (is_mean || is_either) k.f32(mean);
  if (!is_mean || traits.name.starts_with("nemotron_h")) k.f32(rms);
  const std::string_view needed = is_mean ? mean : rms;
  if (!is_either && !k.has(needed) && !has_encoder_tensors(h)) k.need(needed);
}

}  // namespace vrambudget::detail
