// Which rules an architecture's keys follow beyond the shared ones: one row each, made of the
// functions in rules/.
#pragma once

#include <string_view>

#include "vrambudget/model/hparams.hpp"
#include "vrambudget/model/keys.hpp"
#include "vrambudget/model/rules/dense.hpp"
#include "vrambudget/model/rules/draft.hpp"
#include "vrambudget/model/rules/encoder.hpp"
#include "vrambudget/model/rules/experts.hpp"
#include "vrambudget/model/rules/gpt.hpp"
#include "vrambudget/model/rules/recurrent.hpp"
#include "vrambudget/model/rules/scaled.hpp"

namespace vrambudget {

namespace detail::rules {

using rule = void (*)(keys&, hparams&);

struct row {
  std::string_view architecture;
  rule apply;
};

inline constexpr row rows[] = {
    {"afmoe", afmoe},
    {"apertus", apertus},
    {"arwkv7", rwkv},
    {"baichuan", baichuan},
    {"bailingmoe", fixed_gating<softmax_gating>},
    {"bailingmoe2", router<0>},
    {"bailingmoe3", bailingmoe3},
    {"bloom", bloom},
    {"chameleon", chameleon},
    {"cohere2", cohere2},
    {"cohere2moe", cohere2moe},
    {"command-r", command_r},
    {"dbrx", dbrx},
    {"deepseek", fixed_router<softmax_gating, false>},
    {"deepseek2", deepseek2},
    {"deepseek2-ocr", router<softmax_gating>},
    {"deepseek32", sparse_latent},
    {"deepseek4", deepseek4},
    {"dflash", dflash},
    {"dots1", router<0>},
    {"dots3note", dots3note},
    {"dream", without_causality},
    {"eagle3", eagle3},
    {"ernie4_5-moe", ernie4_5_moe},
    {"exaone-moe", exaone_moe},
    {"exaone4", exaone4},
    {"falcon-h1", falcon_h1},
    {"gemma-embedding", gemma_embedding},
    {"gemma2", gemma2},
    {"gemma3", gemma3},
    {"gemma3n", gemma3n},
    {"gemma4", gemma4},
    {"gemma4-assistant", gemma4_assistant},
    {"glm-dsa", sparse_latent},
    {"glm4", f32_branch_ends},
    {"glm4moe", glm4moe},
    {"gpt-oss", gpt_oss},
    {"gptneox", gptneox},
    {"granite", granite},
    {"granite_swa", granite_swa},
    {"granitehybrid", granitehybrid},
    {"granitemoe", granitemoe},
    {"graniteswitch", graniteswitch},
    {"grok", grok},
    {"grovemoe", grovemoe},
    {"hrm_text", hrm_text},
    {"hunyuan-moe", hunyuan_moe},
    {"hy_v3", router<sigmoid_gating>},
    {"hy_v4", hy_v4},
    {"jais", jais},
    {"jais2", f32_branch_ends},
    {"jamba", jamba},
    {"jina-bert-v2", jina_bert_v2},
    {"kimi-k3", kimi_k3},
    {"kimi-linear", kimi_linear},
    {"laguna", laguna},
    {"lfm2", short_convolutions},
    {"lfm2moe", short_convolutions},
    {"llada", without_causality},
    {"llada-moe", without_causality},
    {"llama4", llama4},
    {"mamba", mamba},
    {"mamba2", ssm},
    {"maple", maple},
    {"mellum", optional_window<4>},
    {"mimo2", mimo2},
    {"minicpm", minicpm},
    {"minicpm3", minicpm3},
    {"minimax-01", minimax_01},
    {"minimax-m2", minimax_m2},
    {"minimax-m3", minimax_m3},
    {"mistral3", mistral3},
    {"mistral4", deepseek2},
    {"modern-bert", modern_bert},
    {"mpt", mpt},
    {"muse-glimmer", muse_glimmer},
    {"nanbeige", nanbeige},
    {"nemotron_h", nemotron_h},
    {"nemotron_h_moe", nemotron_h},
    {"olmo", olmo},
    {"olmo2", optional_window<4>},
    {"plamo2", ssm_hybrid},
    {"plamo3", optional_window<8>},
    {"plm", low_rank_kv},
    {"qwen2vl", sections},
    {"qwen35", delta_hybrid},
    {"qwen35moe", delta_hybrid},
    {"qwen3next", delta_hybrid},
    {"qwen3tts", deepstack},
    {"qwen3vl", deepstack},
    {"qwen3vlmoe", deepstack},
    {"qwen4exp", qwen4exp},
    {"refact", alibi},
    {"rnd1", without_causality},
    {"rwkv6", rwkv},
    {"rwkv6qwen2", rwkv},
    {"rwkv7", rwkv},
    {"smallthinker", smallthinker},
    {"smollm3", rope_but_every<4>},
    {"spark2_5", listed_window},
    {"step35", step35},
    {"t5", t5},
    {"talkie", logit_scale},
    {"wavtokenizer-dec", wavtokenizer},
};

}  // namespace detail::rules

/// Applies the rules of the architecture that `k` reads; most need none beyond the shared keys.
inline void apply_rules(keys& k, hparams& hp) {
  for (const auto& r : detail::rules::rows)
    if (r.architecture == k.architecture()) r.apply(k, hp);
}

}  // namespace vrambudget
