// Every architecture the pinned engine knows. A new one is a row here, made of functions in rules/ for the
// keys of its own; a description of its graph in arch/ and a row in arch/registry.ipp; and recorded runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "vrambudget/model/architecture.hpp"
#include "vrambudget/model/rules/dense.hpp"
#include "vrambudget/model/rules/draft.hpp"
#include "vrambudget/model/rules/encoder.hpp"
#include "vrambudget/model/rules/experts.hpp"
#include "vrambudget/model/rules/gpt.hpp"
#include "vrambudget/model/rules/recurrent.hpp"
#include "vrambudget/model/rules/scaled.hpp"

namespace vrambudget {

namespace detail::rules {

using enum memory_kind;
using enum rope_type;

// clang-format off
/// All of them, sorted by name.
///
/// Source: llama.cpp, src/llama-arch.cpp; src/llama-model.cpp: create_memory, llama_model_rope_type;
///         src/models/*.cpp: load_arch_hparams
inline constexpr architecture_traits architectures[] = {
    {.name = "afmoe", .memory = attention, .rope = neox, .keys = afmoe},
    {.name = "apertus", .memory = attention, .rope = neox, .keys = apertus},
    {.name = "arcee", .memory = attention, .rope = norm},
    {.name = "arctic", .memory = attention, .rope = norm},
    {.name = "arwkv7", .memory = recurrent, .rope = none, .keys = rwkv},
    {.name = "baichuan", .memory = attention, .rope = norm, .keys = baichuan},
    {.name = "bailingmoe", .memory = attention, .rope = norm, .keys = fixed_gating<softmax_gating>},
    {.name = "bailingmoe2", .memory = attention, .rope = neox, .keys = router<0>},
    {.name = "bailingmoe3", .memory = hybrid, .rope = norm, .keys = bailingmoe3, .rollback = true,
     .shows_layers = true, .mxfp4_in_ffn_only = true},
    {.name = "bert", .memory = nothing, .rope = neox, .output_copy = output_copies::never},
    {.name = "bitnet", .memory = attention, .rope = neox, .output_copy = output_copies::never},
    {.name = "bloom", .memory = attention, .rope = none, .keys = bloom},
    {.name = "chameleon", .memory = attention, .rope = norm, .keys = chameleon},
    {.name = "chatglm", .memory = attention, .rope = norm},
    {.name = "codeshell", .memory = attention, .rope = neox},
    {.name = "cogvlm", .memory = attention, .rope = neox},
    {.name = "cohere2", .memory = attention, .rope = norm, .keys = cohere2},
    {.name = "cohere2moe", .memory = attention, .rope = norm, .keys = cohere2moe},
    {.name = "command-r", .memory = attention, .rope = norm, .keys = command_r},
    {.name = "dbrx", .memory = attention, .rope = neox, .keys = dbrx},
    {.name = "deci", .memory = attention, .rope = norm, .keys = size_70b<80>},
    {.name = "deepseek", .memory = attention, .rope = norm,
     .keys = fixed_router<softmax_gating, false>},
    {.name = "deepseek2", .memory = attention, .rope = norm, .keys = deepseek2},
    {.name = "deepseek2-ocr", .memory = attention, .rope = norm, .keys = router<softmax_gating>},
    {.name = "deepseek32", .memory = dsa, .rope = norm, .keys = deepseek32, .rotates_index = true},
    {.name = "deepseek4", .memory = dsv4, .rope = norm, .keys = deepseek4, .rollback = true,
     .rotates_index = true, .shows_layers = true},
    {.name = "dflash", .memory = attention, .rope = neox, .keys = dflash, .encoder = true,
     .borrows = borrowing::embeddings, .drafts_blocks = true},
    {.name = "dots1", .memory = attention, .rope = neox, .keys = router<0>},
    {.name = "dots3note", .memory = dsa_iswa, .rope = norm, .keys = dots3note,
     .rotates_index = true},
    {.name = "dream", .memory = nothing, .rope = neox, .keys = without_causality},
    {.name = "eagle3", .memory = attention, .rope = norm, .keys = eagle3, .encoder = true,
     .output_copy = output_copies::never, .borrows = borrowing::embeddings_and_output},
    {.name = "ernie4_5", .memory = attention, .rope = norm},
    {.name = "ernie4_5-moe", .memory = attention, .rope = norm, .keys = ernie4_5_moe},
    {.name = "eurobert", .memory = nothing, .rope = neox, .output_copy = output_copies::never},
    {.name = "exaone", .memory = attention, .rope = neox},
    {.name = "exaone-moe", .memory = attention, .rope = neox, .keys = exaone_moe},
    {.name = "exaone4", .memory = attention, .rope = neox, .keys = exaone4},
    {.name = "falcon", .memory = attention, .rope = neox, .fewer_bits_in_branches = true},
    {.name = "falcon-h1", .memory = hybrid, .rope = neox, .keys = falcon_h1,
     .attends = attending::all},
    {.name = "gemma", .memory = attention, .rope = neox},
    {.name = "gemma-embedding", .memory = nothing, .rope = neox, .keys = gemma_embedding},
    {.name = "gemma2", .memory = attention, .rope = neox, .keys = gemma2},
    {.name = "gemma3", .memory = attention, .rope = neox, .keys = gemma3},
    {.name = "gemma3n", .memory = attention, .rope = neox, .keys = gemma3n,
     .output_copy = output_copies::always},
    {.name = "gemma4", .memory = attention, .rope = neox, .keys = gemma4,
     .output_copy = output_copies::always, .full_layer_factors = true, .shows_layers = true},
    {.name = "gemma4-assistant", .memory = attention, .rope = neox, .keys = gemma4_assistant,
     .full_layer_factors = true, .borrows = borrowing::caches},
    {.name = "glm-dsa", .memory = dsa, .rope = norm, .keys = sparse_latent, .rotates_index = true,
     .loads_draft_bias = true},
    {.name = "glm4", .memory = attention, .rope = norm, .keys = f32_branch_ends,
     .rope_by_sections = true},
    {.name = "glm4moe", .memory = attention, .rope = neox, .keys = glm4moe,
     .rope_by_sections = true},
    {.name = "gpt-oss", .memory = attention, .rope = neox, .keys = gpt_oss, .shows_layers = true},
    {.name = "gpt2", .memory = attention, .rope = none},
    {.name = "gptneox", .memory = attention, .rope = neox, .keys = gptneox},
    {.name = "granite", .memory = attention, .rope = norm, .keys = granite},
    {.name = "granite_swa", .memory = attention, .rope = norm, .keys = granite_swa},
    {.name = "granitehybrid", .memory = hybrid, .rope = norm, .keys = granitehybrid},
    {.name = "granitemoe", .memory = attention, .rope = norm, .keys = granitemoe},
    {.name = "graniteswitch", .memory = attention, .rope = norm, .keys = graniteswitch},
    {.name = "grok", .memory = attention, .rope = neox, .keys = grok},
    {.name = "grovemoe", .memory = attention, .rope = neox, .keys = grovemoe},
    {.name = "hrm_text", .memory = attention, .rope = neox, .keys = hrm_text},
    {.name = "hunyuan-dense", .memory = attention, .rope = neox, .shows_layers = true},
    {.name = "hunyuan-moe", .memory = attention, .rope = neox, .keys = hunyuan_moe},
    {.name = "hunyuan_vl", .memory = attention, .rope = neox, .rope_by_sections = true,
     .shows_layers = true},
    {.name = "hy_v3", .memory = attention, .rope = neox, .keys = router<sigmoid_gating>},
    {.name = "hy_v4", .memory = dsa_optional, .rope = norm, .keys = hy_v4},
    {.name = "internlm2", .memory = attention, .rope = norm},
    {.name = "jais", .memory = attention, .rope = none, .keys = jais},
    {.name = "jais2", .memory = attention, .rope = neox, .keys = jais2},
    {.name = "jamba", .memory = hybrid, .rope = none, .keys = jamba},
    {.name = "jina-bert-v2", .memory = nothing, .rope = none, .keys = jina_bert_v2,
     .output_copy = output_copies::never},
    {.name = "jina-bert-v3", .memory = nothing, .rope = neox, .output_copy = output_copies::never},
    {.name = "kimi-k3", .memory = hybrid, .rope = none, .keys = kimi_k3, .rollback = true},
    {.name = "kimi-linear", .memory = hybrid, .rope = none, .keys = kimi_linear},
    {.name = "laguna", .memory = attention, .rope = neox, .keys = laguna},
    {.name = "lfm2", .memory = hybrid, .rope = neox, .keys = lfm2, .rollback = true,
     .embd_norm_is_last = true, .shows_layers = true},
    {.name = "lfm2moe", .memory = hybrid, .rope = neox, .keys = lfm2moe, .rollback = true,
     .embd_norm_is_last = true, .shows_layers = true},
    {.name = "llada", .memory = nothing, .rope = norm, .keys = without_causality},
    {.name = "llada-moe", .memory = nothing, .rope = neox, .keys = without_causality},
    {.name = "llama", .memory = attention, .rope = norm, .keys = llama, .shows_layers = true},
    {.name = "llama-embed", .memory = attention, .rope = norm, .keys = llama, .shows_layers = true},
    {.name = "llama4", .memory = attention, .rope = norm, .keys = llama4},
    {.name = "maincoder", .memory = attention, .rope = norm},
    {.name = "mamba", .memory = recurrent, .rope = none, .keys = mamba},
    {.name = "mamba2", .memory = recurrent, .rope = none, .keys = ssm},
    {.name = "maple", .memory = attention, .rope = neox, .keys = maple},
    {.name = "mellum", .memory = attention, .rope = neox, .keys = optional_window<4>},
    {.name = "mimo2", .memory = attention, .rope = neox, .keys = mimo2},
    {.name = "minicpm", .memory = attention, .rope = norm, .keys = minicpm},
    {.name = "minicpm3", .memory = attention, .rope = neox, .keys = minicpm3},
    {.name = "minimax-01", .memory = hybrid, .rope = neox, .keys = minimax_01,
     .attends = attending::in_trunk, .shows_layers = true},
    {.name = "minimax-m2", .memory = attention, .rope = neox, .keys = minimax_m2,
     .shows_layers = true},
    {.name = "minimax-m3", .memory = msa, .rope = neox, .keys = minimax_m3},
    {.name = "mistral3", .memory = attention, .rope = norm, .keys = mistral3},
    {.name = "mistral4", .memory = attention, .rope = norm, .keys = deepseek2},
    {.name = "modern-bert", .memory = nothing, .rope = neox, .keys = modern_bert,
     .output_copy = output_copies::never},
    {.name = "mpt", .memory = attention, .rope = none, .keys = mpt},
    {.name = "muse-glimmer", .memory = attention, .rope = norm, .keys = muse_glimmer,
     .shows_layers = true},
    {.name = "nanbeige", .memory = attention, .rope = norm, .keys = nanbeige, .shows_layers = true},
    {.name = "nemotron", .memory = attention, .rope = neox},
    {.name = "nemotron_h", .memory = hybrid, .rope = none, .keys = nemotron_h, .rollback = true,
     .attends = attending::alone, .shows_layers = true},
    {.name = "nemotron_h_moe", .memory = hybrid, .rope = none, .keys = nemotron_h, .rollback = true,
     .attends = attending::alone, .shows_layers = true},
    {.name = "neo-bert", .memory = nothing, .rope = norm, .output_copy = output_copies::never},
    {.name = "nomic-bert", .memory = nothing, .rope = neox, .output_copy = output_copies::never},
    {.name = "nomic-bert-moe", .memory = nothing, .rope = neox,
     .output_copy = output_copies::never},
    {.name = "olmo", .memory = attention, .rope = norm, .keys = olmo},
    {.name = "olmo2", .memory = attention, .rope = neox, .keys = optional_window<4>},
    {.name = "olmoe", .memory = attention, .rope = neox},
    {.name = "openelm", .memory = attention, .rope = neox},
    {.name = "orion", .memory = attention, .rope = neox},
    {.name = "paddleocr", .memory = attention, .rope = mrope},
    {.name = "pangu-embedded", .memory = attention, .rope = neox},
    {.name = "phi2", .memory = attention, .rope = neox},
    {.name = "phi3", .memory = attention, .rope = neox},
    {.name = "phimoe", .memory = attention, .rope = neox},
    {.name = "plamo", .memory = attention, .rope = neox},
    {.name = "plamo2", .memory = hybrid, .rope = neox, .keys = ssm_hybrid, .scans_vector = true},
    {.name = "plamo3", .memory = attention, .rope = neox, .keys = optional_window<8>},
    {.name = "plm", .memory = attention, .rope = norm, .keys = low_rank_kv},
    {.name = "pockettts", .memory = attention, .rope = norm},
    {.name = "qwen", .memory = attention, .rope = neox},
    {.name = "qwen2", .memory = attention, .rope = neox, .keys = size_70b<80>},
    {.name = "qwen2moe", .memory = attention, .rope = neox},
    {.name = "qwen2vl", .memory = attention, .rope = mrope, .keys = sections},
    {.name = "qwen3", .memory = attention, .rope = neox, .shows_layers = true},
    {.name = "qwen35", .memory = hybrid, .rope = imrope, .keys = delta_hybrid, .rollback = true,
     .attends = attending::in_trunk, .shows_layers = true},
    {.name = "qwen35moe", .memory = hybrid, .rope = imrope, .keys = delta_hybrid, .rollback = true,
     .attends = attending::in_trunk, .shows_layers = true},
    {.name = "qwen3moe", .memory = attention, .rope = neox, .shows_layers = true},
    {.name = "qwen3next", .memory = hybrid, .rope = neox, .keys = delta_hybrid,
     .attends = attending::in_trunk, .shows_layers = true},
    {.name = "qwen3tts", .memory = attention, .rope = imrope, .keys = deepstack},
    {.name = "qwen3vl", .memory = attention, .rope = imrope, .keys = deepstack},
    {.name = "qwen3vlmoe", .memory = attention, .rope = imrope, .keys = deepstack},
    {.name = "qwen4exp", .memory = hybrid_idx, .rope = imrope, .keys = qwen4exp, .rollback = true,
     .attends = attending::in_trunk, .shows_layers = true},
    {.name = "refact", .memory = attention, .rope = none, .keys = alibi},
    {.name = "rnd1", .memory = nothing, .rope = neox, .keys = without_causality},
    {.name = "rwkv6", .memory = recurrent, .rope = none, .keys = rwkv},
    {.name = "rwkv6qwen2", .memory = recurrent, .rope = none, .keys = rwkv},
    {.name = "rwkv7", .memory = recurrent, .rope = none, .keys = rwkv},
    {.name = "seed_oss", .memory = attention, .rope = neox},
    {.name = "smallthinker", .memory = attention, .rope = neox, .keys = smallthinker},
    {.name = "smollm3", .memory = attention, .rope = norm, .keys = rope_but_every<4>},
    {.name = "spark2_5", .memory = attention, .rope = neox, .keys = listed_window},
    {.name = "stablelm", .memory = attention, .rope = neox},
    {.name = "starcoder", .memory = attention, .rope = norm},
    {.name = "starcoder2", .memory = attention, .rope = neox},
    {.name = "step35", .memory = attention, .rope = neox, .keys = step35},
    {.name = "t5", .memory = attention, .rope = none, .keys = t5, .encoder = true},
    {.name = "t5encoder", .memory = attention, .rope = none, .encoder = true},
    {.name = "talkie", .memory = attention, .rope = neox, .keys = logit_scale},
    {.name = "wavtokenizer-dec", .memory = nothing, .rope = none, .keys = wavtokenizer,
     .output_copy = output_copies::never},
    {.name = "xverse", .memory = attention, .rope = norm},
};
// clang-format on
static_assert(std::adjacent_find(std::begin(architectures), std::end(architectures),
                                 [](const architecture_traits& a, const architecture_traits& b) {
                                   return a.name >= b.name;
                                 }) == std::end(architectures),
              "rows are sorted by name, one per architecture");

}  // namespace detail::rules

using detail::rules::architectures;

/// The place of a known architecture's row among all.
[[nodiscard]] inline std::size_t index_of(const architecture_traits& row) {
  return static_cast<std::size_t>(&row - std::begin(architectures));
}

}  // namespace vrambudget
