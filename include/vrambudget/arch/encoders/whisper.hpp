// Encoders that are Whisper's: Ultravox, Voxtral, Qwen2-Audio and Qwen2.5-Omni, GLM-ASR, MERaLiON, Music
// Flamingo. They differ in what follows.
#pragma once

#include "vrambudget/arch/encoders/blocks/sound.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Source: llama.cpp, tools/mtmd/models/whisper-enc.cpp
inline tensor* whisper(builder& b, bool averages_pairs) {
  const std::int64_t n_pos = b.in.nx / 2;
  tensor* positions = b.require("a.position_embd.weight");
  b.require_that(positions->ne[1] >= n_pos, "no more frames than twice the positions");
  for (const char* name :
       {"ln1.weight", "ln1.bias", "ln2.weight", "ln2.bias", "attn_q.bias", "attn_v.bias"})
    b.require(b.in_layer(0, name));
  b.require_that(!b.weight(b.in_layer(0, "attn_k.bias")), "keys have no bias");
  tensor* x = frames_halved(b);
  positions = b.view_2d(positions, positions->ne[0], n_pos, positions->nb[1], 0);
  return vit(b, x, n_pos, {.positions = positions, .averages_pairs = averages_pairs});
}

}  // namespace detail

inline void build_ultravox(builder& b) {
  tensor* x = stacked_rows(b, detail::whisper(b, false), b.hp.proj_stack_factor);
  x = b.mul(b.rms_norm(x), b.require("mm.a.norm_pre.weight"));
  x = b.glu(b.product(b.require("mm.a.mlp.1.weight"), x));
  x = b.mul(b.rms_norm(x), b.require("mm.a.norm_mid.weight"));
  b.finish(b.product(b.require("mm.a.mlp.2.weight"), x));
}

inline void build_voxtral(builder& b) {
  tensor* x = stacked_rows(b, detail::whisper(b, true), b.hp.proj_stack_factor);
  ffn_weights w;
  w.up = b.require("mm.a.mlp.1.weight");
  w.down = b.require("mm.a.mlp.2.weight");
  b.finish(ffn(b, w, x));
}

inline void build_qwen2a(builder& b) {
  tensor* x = b.product(b.require("mm.a.fc.weight"), detail::whisper(b, true));
  b.finish(b.add(x, b.require("mm.a.fc.bias")));
}

inline void build_musicflamingo(builder& b) {
  b.finish(ffn(b, two_layers(b, "mm.a.mlp.1", "mm.a.mlp.2"), detail::whisper(b, true)));
}

/// A gate and what it gates, from the frames compressed.
inline void build_meralion(builder& b) {
  tensor* x = stacked_rows(b, detail::whisper(b, false), b.hp.proj_stack_factor);
  x = b.mul(b.norm(x), b.require("mm.a.norm_pre.weight"));
  x = b.add(x, b.require("mm.a.norm_pre.bias"));
  const auto layer = [&](int i, tensor* t) {
    const std::string name = "mm.a.mlp." + std::to_string(i);
    t = b.mul_mat(b.require(name + ".weight"), t);
    return b.add(t, b.require(name + ".bias"));
  };
  x = b.silu(layer(0, x));
  tensor* gate = b.silu(layer(1, x));
  b.finish(layer(3, b.mul(gate, layer(2, x))));
}

/// Between two marks, which are called those of images.
inline void build_glma(builder& b) {
  tensor* x = b.mul(b.norm(detail::whisper(b, false)), b.require("mm.a.norm_pre.weight"));
  x = b.add(x, b.require("mm.a.norm_pre.bias"));
  x = stacked_rows(b, x, b.hp.proj_stack_factor);
  x = ffn(b, two_layers(b, "mm.a.mlp.1", "mm.a.mlp.2"), x);
  x = b.concat(b.require("v.boi"), x, 1);
  b.finish(b.concat(x, b.require("v.eoi"), 1));
}

}  // namespace vrambudget::arch::encoders
