// Encoders that begin with convolutions over time and frequency: Qwen3's for sound, dots.3 note's.
#pragma once

#include "vrambudget/arch/encoders/blocks/sound.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// A second at a time until positions are known.
/// Source: llama.cpp, tools/mtmd/models/qwen3a.cpp
inline void build_qwen3a(builder& b) {
  constexpr std::int64_t chunk = 100;
  b.require_that(b.in.nx % chunk == 0 && b.in.nx > 0, "sound is whole seconds");
  const std::int64_t n_chunks = b.in.nx / chunk;
  tensor* x = b.raw_input(1);
  const std::uint64_t second = chunk * element_size(*x);
  x = b.cont(b.view_4d(x, {chunk, b.in.ny, 1, n_chunks}, x->nb[1], second, second, 0));
  x = frames_halved_thrice(b, x);
  if (tensor* bias = b.weight("a.conv_out.bias")) x = b.add(x, bias);

  const std::int64_t n_pos = x->ne[1];
  tensor* positions = b.require("a.position_embd.weight");
  positions = b.view_2d(positions, positions->ne[0], n_pos / n_chunks, positions->nb[1], 0);
  x = b.add(x, b.repeat(positions, {positions->ne[0], n_pos, 1, 1}));
  x = vit(b, x, n_pos, {});
  b.finish(ffn(b, two_layers(b, "mm.a.mlp.1", "mm.a.mlp.2"), x));
}

/// Source: llama.cpp, tools/mtmd/models/dots3note.cpp
inline void build_dots3note_a(builder& b) {
  tensor* x = frames_halved_thrice(b, b.raw_input(1));
  const std::int64_t n_pos = x->ne[1];
  tensor* positions = b.input("positions", ggml_type::i32, n_pos);
  const auto rotate = [&](tensor* t) { return b.rope(t, positions); };
  x = vit(b, x, n_pos, {.norm = norm_kind::rms, .rotate = rotate});
  x = b.norm_with(norm_kind::layer, b.require("mm.a.norm_pre.weight"),
                  b.require("mm.a.norm_pre.bias"), x);
  b.finish(ffn(b, two_layers(b, "mm.a.mlp.1", "mm.a.mlp.3"), x));
}

}  // namespace vrambudget::arch::encoders
