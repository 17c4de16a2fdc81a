// Which description builds which encoder, by the projector's type. A new type is one row here and one in
// model/projector_type.hpp.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

#include "vrambudget/arch/encoders/cogvlm.hpp"
#include "vrambudget/arch/encoders/deepseek4v.hpp"
#include "vrambudget/arch/encoders/deepseekocr.hpp"
#include "vrambudget/arch/encoders/exaone4_5.hpp"
#include "vrambudget/arch/encoders/gemma4.hpp"
#include "vrambudget/arch/encoders/gemma4a.hpp"
#include "vrambudget/arch/encoders/glm4v.hpp"
#include "vrambudget/arch/encoders/granite4_vision.hpp"
#include "vrambudget/arch/encoders/granite_speech.hpp"
#include "vrambudget/arch/encoders/internvl.hpp"
#include "vrambudget/arch/encoders/kimi.hpp"
#include "vrambudget/arch/encoders/lfm2a.hpp"
#include "vrambudget/arch/encoders/llama4.hpp"
#include "vrambudget/arch/encoders/llava.hpp"
#include "vrambudget/arch/encoders/mimo_audio.hpp"
#include "vrambudget/arch/encoders/mimovl.hpp"
#include "vrambudget/arch/encoders/minicpmv.hpp"
#include "vrambudget/arch/encoders/minimax.hpp"
#include "vrambudget/arch/encoders/mobilenetv5.hpp"
#include "vrambudget/arch/encoders/mobilevlm.hpp"
#include "vrambudget/arch/encoders/muse_glimmer.hpp"
#include "vrambudget/arch/encoders/nemotron.hpp"
#include "vrambudget/arch/encoders/ocr.hpp"
#include "vrambudget/arch/encoders/parakeet.hpp"
#include "vrambudget/arch/encoders/pixtral.hpp"
#include "vrambudget/arch/encoders/qwen.hpp"
#include "vrambudget/arch/encoders/qwen3a.hpp"
#include "vrambudget/arch/encoders/siglip.hpp"
#include "vrambudget/arch/encoders/step3vl.hpp"
#include "vrambudget/arch/encoders/whisper.hpp"
#include "vrambudget/arch/encoders/yasa2.hpp"
#include "vrambudget/arch/encoders/youtuvl.hpp"
#include "vrambudget/model/projector_type.hpp"

namespace vrambudget::arch::encoders {

struct description {
  std::string_view type;
  void (*build)(builder&);
  bool batches = false;    ///< several images of one size go through at once
  bool has_layers = true;  ///< its tower has blocks of the usual names
};

// clang-format off: one row each
inline constexpr description descriptions[] = {
    {"adapter", build_glm_edge},
    {"cogvlm", build_cogvlm},
    {"deepseek4v", build_deepseek4v},
    {"deepseekocr", build_deepseekocr, true},
    {"deepseekocr2", build_deepseekocr2, true},
    {"dots3note_a", build_dots3note_a},
    {"dots3note_v", build_dots_ocr},
    {"dots_ocr", build_dots_ocr},
    {"exaone4_5", build_exaone4_5},
    {"gemma3", build_gemma3},
    {"gemma3nv", build_mobilenetv5, false, false},
    {"gemma4a", build_gemma4a},
    {"gemma4ua", build_gemma4ua},
    {"gemma4uv", build_gemma4uv},
    {"gemma4v", build_gemma4v, true},
    {"glm4v", build_glm4v},
    {"glm5v", build_glm4v},
    {"glma", build_glma},
    {"granite4_vision", build_granite4_vision},
    {"granite_speech", build_granite_speech},
    {"hunyuanvl", build_hunyuanvl},
    {"idefics3", build_idefics3},
    {"internvl", build_internvl, true},
    {"janus_pro", build_janus_pro},
    {"kimik25", build_kimik25},
    {"kimivl", build_kimivl},
    {"ldp", build_ldp},
    {"ldpv2", build_ldpv2},
    {"lfm2", build_lfm2},
    {"lfm2a", build_lfm2a},
    {"lightonocr", build_lightonocr},
    {"ling3vl", build_ling3vl},
    {"llama4", build_llama4},
    {"meralion", build_meralion},
    {"mimo_audio", build_mimo_audio},
    {"mimovl", build_mimovl},
    {"minicpmv4_6", build_minicpmv4_6},
    {"minimax_m3", build_minimax_m3},
    {"mlp", build_mlp},
    {"muse-glimmer", build_muse_glimmer},
    {"musicflamingo", build_musicflamingo},
    {"nemotron_v2_vl", build_nemotron_v2_vl},
    {"paddleocr", build_paddleocr},
    {"parakeet", build_parakeet},
    {"phi4", build_phi4},
    {"pixtral", build_pixtral},
    {"qwen2.5vl_merger", build_qwen2_5vl},
    {"qwen2a", build_qwen2a},
    {"qwen2vl_merger", build_qwen2vl},
    {"qwen3a", build_qwen3a},
    {"qwen3vl_merger", build_qwen3vl},
    {"resampler", build_minicpmv},
    {"step3vl", build_step3vl},
    {"ultravox", build_ultravox},
    {"voxtral", build_voxtral},
    {"yasa2", build_yasa2},
    {"youtuvl", build_youtuvl},
};
// clang-format on

static_assert(std::equal(std::begin(descriptions), std::end(descriptions),
                         std::begin(projector_types), std::end(projector_types),
                         [](const description& d, const projector_type& t) {
                           return d.type == t.name;
                         }),
              "one row for each of model/projector_type.hpp, in their order");

/// Null for a type that has no row.
[[nodiscard]] inline const description* find_description(const projector_type& t) {
  return t.name.empty() ? nullptr : &descriptions[&t - std::begin(projector_types)];
}

/// Loads what the engine looks for in every file, whether the graph reads it or not.
/// Source: llama.cpp, tools/mtmd/clip.cpp: load_tensors
inline void load_common(builder& b, const description& d) {
  constexpr const char* of_images[] = {"v.class_embd",        "v.patch_embd.bias",
                                       "v.patch_embd.weight", "v.patch_embd.weight.1",
                                       "v.norm_embd.weight",  "v.norm_embd.bias"};
  constexpr const char* of_tower[] = {"pre_ln.weight", "pre_ln.bias", "post_ln.weight",
                                      "post_ln.bias", "position_embd.weight"};
  constexpr const char* with_bias[] = {"attn_k", "attn_q", "attn_v", "attn_out", "attn_qkv",
                                       "ln1",    "ln2",    "ffn_up", "ffn_gate", "ffn_down"};
  constexpr const char* without[] = {"attn_k_norm.weight",
                                     "attn_q_norm.weight",
                                     "ls1.weight",
                                     "ls2.weight",
                                     "out_scale.weight",
                                     "attn_post_norm.weight",
                                     "ffn_post_norm.weight",
                                     "ffn_gate_inp.weight",
                                     "ffn_gate_exps.weight",
                                     "ffn_up_exps.weight",
                                     "ffn_down_exps.weight",
                                     "exp_probs_b.weight",
                                     "attn_sinks"};
  // the audio encoder looks for these under the same names
  for (const char* name : of_images) b.weight(name);
  for (const char* name : of_tower) b.weight(b.in_tower(name));
  for (int il = 0; d.has_layers && il < b.n_layer; ++il) {
    for (const char* name : with_bias)
      for (const char* part : {".weight", ".bias"})
        b.weight(b.in_layer(il, std::string(name) + part));
    for (const char* name : without) b.weight(b.in_layer(il, name));
    for (const char* name : {"norm", "fc1", "fc2"})
      for (const char* part : {".weight", ".bias"})
        b.weight("v.deepstack." + std::to_string(il) + "." + name + part);
    b.require(b.in_layer(il, "attn_out.weight"));
    if (!b.weight(b.in_layer(il, "ffn_gate_exps.weight"))) {
      b.require(b.in_layer(il, "ffn_up.weight"));
      b.require(b.in_layer(il, "ffn_down.weight"));
    }
  }
}

/// The graph of one encoder; what the engine loads for it is marked in the builder's weights.
inline void build_graph(const description& d, builder& b) {
  load_common(b, d);
  if (!b.get_graph().status()) return;
  d.build(b);
}

}  // namespace vrambudget::arch::encoders
