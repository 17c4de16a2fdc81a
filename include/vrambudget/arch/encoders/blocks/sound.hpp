// What encoders of sound begin and end with: convolutions over the spectrum, and neighbouring positions
// side by side.
#pragma once

#include <cstdint>
#include <string>

#include "vrambudget/arch/encoders/builder.hpp"

namespace vrambudget::arch::encoders {

/// Whisper's beginning: two convolutions over time, the second of which halves it. Rows [n_embd, n_pos].
/// Source: llama.cpp, tools/mtmd/models/whisper-enc.cpp
inline tensor* frames_halved(builder& b) {
  tensor* x = b.raw_input(1);
  for (const std::int64_t stride : {1, 2}) {
    const std::string name = "a.conv1d." + std::to_string(stride);
    x = b.conv_1d_same(b.require(name + ".weight"), x, stride);
    x = b.gelu(b.add(x, b.require(name + ".bias")));
  }
  return b.cont(b.transpose(x));
}

/// Three convolutions over time and frequency, each of which halves both, of sound [frames, bins, 1,
/// chunks]. Rows [n_embd, n_pos], chunk after chunk.
/// Source: llama.cpp, tools/mtmd/models/qwen3a.cpp
inline tensor* frames_halved_thrice(builder& b, tensor* x) {
  for (int i = 1; i <= 3; ++i) {
    const std::string name = "a.conv2d." + std::to_string(i);
    x = b.conv_2d(b.require(name + ".weight"), x, {.stride = 2, .padding = 1});
    x = b.gelu(b.add(x, b.reshape(b.require(name + ".bias"), 1, 1, x->ne[2])));
  }
  x = b.cont(b.permute(x, {2, 0, 1, 3}));
  x = b.reshape(x, x->ne[0] * x->ne[1], x->ne[2] * x->ne[3]);
  return b.mul_mat(b.require("a.conv_out.weight"), x);
}

/// `n` neighbouring rows as one; zeros where the last lacks some. The engine's rounding to a multiple is
/// one for powers of two, so that other widths get more zeros than they need.
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_stack; ggml/include/ggml.h: GGML_PAD
inline tensor* stacked_rows(builder& b, tensor* x, std::int64_t n) {
  if (n <= 1) return x;
  const std::int64_t width = b.n_embd * n, elements = n_elements(*x);
  const std::int64_t padded = (elements + width - 1) & ~(width - 1);
  if (padded > elements) x = b.pad(b.view_1d(x, elements, 0), padded - elements);
  return b.view_2d(x, width, padded / width, static_cast<std::uint64_t>(width) * element_size(*x),
                   0);
}

}  // namespace vrambudget::arch::encoders
