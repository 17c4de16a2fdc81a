// Which description builds which architecture of model/architectures.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "vrambudget/arch/afmoe.hpp"
#include "vrambudget/arch/arctic.hpp"
#include "vrambudget/arch/bert.hpp"
#include "vrambudget/arch/bitnet.hpp"
#include "vrambudget/arch/blocks/pooling.hpp"
#include "vrambudget/arch/chameleon.hpp"
#include "vrambudget/arch/clef.hpp"
#include "vrambudget/arch/command_r.hpp"
#include "vrambudget/arch/dbrx.hpp"
#include "vrambudget/arch/deci.hpp"
#include "vrambudget/arch/deepseek.hpp"
#include "vrambudget/arch/deepseek2.hpp"
#include "vrambudget/arch/deepseek32.hpp"
#include "vrambudget/arch/deepseek4.hpp"
#include "vrambudget/arch/dense.hpp"
#include "vrambudget/arch/description.hpp"
#include "vrambudget/arch/dflash.hpp"
#include "vrambudget/arch/dots3note.hpp"
#include "vrambudget/arch/eagle3.hpp"
#include "vrambudget/arch/falcon_h1.hpp"
#include "vrambudget/arch/gemma.hpp"
#include "vrambudget/arch/gemma3n.hpp"
#include "vrambudget/arch/gemma4.hpp"
#include "vrambudget/arch/gemma4_assistant.hpp"
#include "vrambudget/arch/glm4moe.hpp"
#include "vrambudget/arch/glm5_next.hpp"
#include "vrambudget/arch/gpt_oss.hpp"
#include "vrambudget/arch/gptneox.hpp"
#include "vrambudget/arch/granite.hpp"
#include "vrambudget/arch/granitehybrid.hpp"
#include "vrambudget/arch/graniteswitch.hpp"
#include "vrambudget/arch/grovemoe.hpp"
#include "vrambudget/arch/hrm_text.hpp"
#include "vrambudget/arch/hunyuan_moe.hpp"
#include "vrambudget/arch/hy_v4.hpp"
#include "vrambudget/arch/jamba.hpp"
#include "vrambudget/arch/kimi_k3.hpp"
#include "vrambudget/arch/kimi_linear.hpp"
#include "vrambudget/arch/lfm2.hpp"
#include "vrambudget/arch/llama.hpp"
#include "vrambudget/arch/llama4.hpp"
#include "vrambudget/arch/mamba.hpp"
#include "vrambudget/arch/mimo2.hpp"
#include "vrambudget/arch/minicpm3.hpp"
#include "vrambudget/arch/minimax_01.hpp"
#include "vrambudget/arch/minimax_m2.hpp"
#include "vrambudget/arch/minimax_m3.hpp"
#include "vrambudget/arch/modern_bert.hpp"
#include "vrambudget/arch/nanbeige.hpp"
#include "vrambudget/arch/nemotron_h.hpp"
#include "vrambudget/arch/nextn.hpp"
#include "vrambudget/arch/olmo.hpp"
#include "vrambudget/arch/olmoe.hpp"
#include "vrambudget/arch/openelm.hpp"
#include "vrambudget/arch/phi3.hpp"
#include "vrambudget/arch/plamo.hpp"
#include "vrambudget/arch/plamo2.hpp"
#include "vrambudget/arch/qwen.hpp"
#include "vrambudget/arch/qwen3next.hpp"
#include "vrambudget/arch/qwen4exp.hpp"
#include "vrambudget/arch/rwkv.hpp"
#include "vrambudget/arch/spark2_5.hpp"
#include "vrambudget/arch/t5.hpp"
#include "vrambudget/arch/talkie.hpp"
#include "vrambudget/arch/wavtokenizer.hpp"
#include "vrambudget/engine/changes.hpp"
#include "vrambudget/model/architectures.hpp"

namespace vrambudget::arch {

inline constexpr graph_traits many_nodes{.nodes_per_token = 40, .nodes_per_tensor = 32};
inline constexpr graph_traits many_nodes_growing{
    .nodes_per_token = 40, .nodes_per_tensor = 32, .grows_with_positions = true};
inline constexpr graph_traits many_nodes_long_prompt{
    .nodes_per_token = 40, .nodes_per_tensor = 32, .prompt_of_one = true};

// clang-format off: one row each
inline constexpr description descriptions[] = {
    {"afmoe", build_afmoe},
    {"apertus", build_apertus},
    {"arcee", build_arcee},
    {"arctic", build_arctic},
    {"arwkv7", build_arwkv7},
    {"baichuan", build_plain},
    {"bailingmoe", build_deepseek<>},
    {"bailingmoe2", build_deepseek<normed_heads>},
    {"bailingmoe3", build_bailingmoe3, many_nodes, build_bailingmoe3_nextn},
    {"bert", build_bert},
    {"bitnet", build_bitnet},
    {"bloom", build_bloom},
    {"chameleon", build_chameleon},
    {"chatglm", build_chatglm},
    {"clef", build_clef, many_nodes},
    {"codeshell", build_starcoder2},
    {"cogvlm", build_cogvlm},
    {"cohere2", build_cohere2},
    {"cohere2moe", build_cohere2moe, {}, build_cohere2moe_nextn},
    {"command-r", build_command_r},
    {"dbrx", build_dbrx},
    {"deci", build_deci},
    {"deepseek", build_deepseek<>},
    {"deepseek2", build_deepseek2<>, {}, build_latent_nextn},
    {"deepseek2-ocr", build_deepseek<plain_output>},
    {"deepseek32", build_sparse_latent, {}, build_latent_nextn},
    {"deepseek4", build_deepseek4, many_nodes, build_deepseek4_nextn},
    {"dflash", build_dflash},
    {"dots1", build_deepseek<normed_heads>},
    {"dots3note", build_dots3note},
    {"dream", build_qwen2<uncached_attention>},
    {"eagle3", build_eagle3},
    {"ernie4_5", build_ernie4_5},
    {"ernie4_5-moe", build_ernie4_5_moe},
    {"eurobert", build_qwen2<uncached_attention, false>},
    {"exaone", build_exaone},
    {"exaone-moe", build_deepseek<windows_rotate>},
    {"exaone4", build_exaone4},
    {"falcon", build_falcon},
    {"falcon-h1", build_falcon_h1},
    {"gemma", build_gemma},
    {"gemma-embedding", build_gemma_embedding},
    {"gemma2", build_gemma2},
    {"gemma3", build_gemma3},
    {"gemma3n", build_gemma3n},
    {"gemma4", build_gemma4},
    {"gemma4-assistant", build_gemma4_assistant},
    {"glm-dsa", build_sparse_latent, {}, build_latent_nextn},
    {"glm4", build_glm4},
    {"glm4moe", build_glm4moe, {}, build_glm4moe_nextn},
    {"glm5-next", build_glm5_next, {.nodes_per_token = 160, .nodes_per_tensor = 64}},
    {"gpt-oss", build_gpt_oss},
    {"gpt2", build_gpt2},
    {"gptneox", build_gptneox},
    {"granite", build_granite<>},
    {"granite_swa", build_granite<activation::gated_halves>},
    {"granitehybrid", build_granitehybrid},
    {"granitemoe", build_granite<>},
    {"graniteswitch", build_graniteswitch},
    {"grok", build_grok},
    {"grovemoe", build_grovemoe},
    {"hrm_text", build_hrm_text, {.nodes_per_token = 80, .nodes_per_tensor = 64}},
    {"hunyuan-dense", build_hunyuan},
    {"hunyuan-moe", build_hunyuan_moe},
    {"hunyuan_vl", build_hunyuan},
    {"hy_v3", build_deepseek<rows_late>, {}, build_hy_v3_nextn},
    {"hy_v4", build_hy_v4, many_nodes},
    {"internlm2", build_plain},
    {"jais", build_jais},
    {"jais2", build_nemotron},
    {"jamba", build_jamba},
    {"jina-bert-v2", build_jina_bert_v2},
    {"jina-bert-v3", build_jina_bert_v3},
    {"kimi-k3", build_kimi_k3, {.nodes_per_token = 160, .nodes_per_tensor = 64}},
    {"kimi-linear", build_kimi_linear, many_nodes_long_prompt},
    {"laguna", build_laguna},
    {"lfm2", build_lfm2},
    {"lfm2moe", build_lfm2},
    {"llada", build_qwen2<uncached_attention>},
    {"llada-moe", build_qwen3<uncached_attention, false>},
    {"llama", build_llama<>},
    {"llama-embed", build_llama<uncached_attention, false>},
    {"llama4", build_llama4},
    {"maincoder", build_maincoder},
    {"mamba", build_mamba<mamba>},
    {"mamba2", build_mamba<mamba2>},
    {"maple", build_deepseek<windows_rotate>},
    {"mellum", build_qwen3<>},
    {"mimo2", build_mimo2, {}, build_mimo2_nextn},
    {"minicpm", build_granite<>},
    {"minicpm3", build_minicpm3},
    {"minimax-01", build_minimax_01, many_nodes_long_prompt},
    {"minimax-m2", build_minimax_m2},
    {"minimax-m3", build_minimax_m3, many_nodes_growing},
    {"mistral3", build_llama<>},
    {"mistral4", build_deepseek2<true>},
    {"modern-bert", build_modern_bert, {.rank = {.of_mean = true}}},
    {"mpt", build_mpt},
    {"muse-glimmer", build_muse_glimmer},
    {"nanbeige", build_nanbeige, many_nodes},
    {"nemotron", build_nemotron},
    {"nemotron_h", build_nemotron_h},
    {"nemotron_h_moe", build_nemotron_h, {}, build_nemotron_h_nextn},
    {"neo-bert", build_neo_bert},
    {"nomic-bert", build_nomic_bert},
    {"nomic-bert-moe", build_jina_bert_v3},
    {"olmo", build_olmo},
    {"olmo2", build_olmo2},
    {"olmoe", build_olmoe},
    {"openelm", build_openelm},
    {"orion", build_stablelm},
    {"paddleocr", build_plain},
    {"pangu-embedded", build_plain},
    {"phi2", build_phi2},
    {"phi3", build_phi3},
    {"phimoe", build_phi3},
    {"plamo", build_plamo},
    {"plamo2", build_plamo2},
    {"plamo3", build_plamo3},
    {"plm", build_plm},
    {"pockettts", build_pockettts},
    {"qwen", build_qwen},
    {"qwen2", build_qwen2<>},
    {"qwen2moe", build_qwen2moe},
    {"qwen2vl", build_plain},
    {"qwen3", build_qwen3<>, {.rank = {.soft_max = true}}},
    {"qwen35", build_qwen35, many_nodes, build_qwen35_nextn},
    {"qwen35moe", build_qwen35, many_nodes, build_qwen35_nextn},
    {"qwen3moe", build_qwen3<>},
    {"qwen3next", build_qwen3next, many_nodes, build_qwen35_nextn<nextn_rows::after_attention>},
    {"qwen3tts", build_qwen3vl},
    {"qwen3vl", build_qwen3vl, {.rank = {.soft_max = true}}},
    {"qwen3vlmoe", build_qwen3vlmoe},
    {"qwen4exp", build_qwen4exp, many_nodes, build_qwen4exp_nextn, build_of_november},
    {"refact", build_refact},
    {"rnd1", build_qwen3<uncached_attention>},
    {"rwkv6", build_rwkv6},
    {"rwkv6qwen2", build_rwkv6qwen2},
    {"rwkv7", build_rwkv7},
    {"seed_oss", build_seed_oss},
    {"smallthinker", build_smallthinker},
    {"smollm3", build_plain},
    {"spark2_5", build_spark2_5},
    {"stablelm", build_stablelm},
    {"starcoder", build_gpt2},
    {"starcoder2", build_starcoder2},
    {"step35", build_step35, {}, build_step35_nextn},
    {"t5", build_t5},
    {"t5encoder", build_t5_encoder},
    {"talkie", build_talkie},
    {"wavtokenizer-dec", build_wavtokenizer},
    {"xverse", build_plain},
};
// clang-format on
static_assert(std::equal(std::begin(descriptions), std::end(descriptions),
                         std::begin(architectures), std::end(architectures),
                         [](const description& d, const architecture_traits& a) {
                           return d.architecture == a.name;
                         }),
              "one row for each of model/architectures.hpp, in their order");

const description* find_description(const architecture_traits& a) {
  return a.is_known() ? &descriptions[index_of(a)] : nullptr;
}

}  // namespace vrambudget::arch
