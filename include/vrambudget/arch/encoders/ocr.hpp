// Readers of documents: PaddleOCR-VL, dots.ocr and dots.3 note with its experts, HunyuanOCR.
#pragma once

#include "vrambudget/arch/encoders/blocks/moe.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/paddleocr.cpp
inline void build_paddleocr(builder& b) {
  tensor* positions = b.input("positions", ggml_type::i32, b.n_patches * 4);
  tensor* x = vit(b, patches(b), b.n_patches,
                  {.positions = resized_positions(b),
                   .rotate = [&](tensor* t) { return b.rope(t, positions); }});
  b.require("mm.input_norm.weight");
  x = merged_patches(b, b.norm_of(norm_kind::layer, "mm.input_norm", x), b.hp.n_merge);
  b.finish(ffn(b, two_layers(b, "mm.1", "mm.2"), x));
}

/// Source: llama.cpp, tools/mtmd/models/dotsocr.cpp
inline void build_dots_ocr(builder& b) {
  tensor* positions = b.input("positions", ggml_type::i32, b.n_patches * 4);
  tensor* x = vit(b, patches(b), b.n_patches,
                  {.norm = norm_kind::rms,
                   .rotate = [&](tensor* t) { return b.rope(t, positions); },
                   .moe = [&](tensor* t, int il) { return moe_ffn(b, il, t); },
                   .post_norm_weight = b.require("mm.post_norm.weight")});
  b.require("mm.input_norm.weight");
  x = merged_patches(b, b.norm_of(norm_kind::layer, "mm.input_norm", x), b.hp.n_merge);
  b.finish(ffn(b, two_layers(b, "mm.0", "mm.2"), x));
}

/// Two convolutions merge patches; each row ends with a token of its own.
/// Source: llama.cpp, tools/mtmd/models/hunyuanvl.cpp
inline void build_hunyuanvl(builder& b) {
  b.weight("v.view_seperator");
  const std::int64_t n = b.hp.n_merge, nx = b.n_patches_x / n, ny = b.n_patches_y / n;
  tensor* positions = b.input("hunyuanvl_pos_embd", ggml_type::f32, b.n_embd, b.n_patches);
  tensor* x = vit(b, patches(b), b.n_patches, {.positions = positions});
  x = b.norm_with(norm_kind::rms, b.require("mm.pre_norm.weight"), nullptr, x);
  x = b.reshape(x, b.n_embd, b.n_patches_x, b.n_patches_y);
  x = b.cont(b.permute(x, {2, 0, 1, 3}));
  const auto convolve = [&](const std::string& name, std::int64_t stride) {
    x = b.conv_2d(b.require(name + ".weight"), x, {.stride = stride});
    tensor* bias = b.require(name + ".bias");
    x = b.add(x, b.reshape(bias, 1, 1, bias->ne[0]));
  };
  convolve("mm.0", n);
  x = b.gelu(x);
  convolve("mm.2", 1);
  const std::int64_t width = x->ne[2];
  tensor* row_end = b.reshape(b.require("v.image_newline"), 1, 1, width);
  x = b.concat(x, b.repeat(row_end, {1, ny, width, 1}), 0);
  x = b.cont(b.permute(x, {1, 2, 0, 3}), width, (nx + 1) * ny);
  x = b.linear("mm.model.fc", x);
  const auto token = [&](const char* name) {
    tensor* t = b.require(name);
    return b.reshape(t, t->ne[0], 1);
  };
  x = b.concat(token("mm.image_begin"), x, 1);
  x = b.concat(x, token("mm.image_end"), 1);
  b.finish(b.norm_with(norm_kind::rms, b.require("mm.post_norm.weight"), nullptr, x));
}

}  // namespace vrambudget::arch::encoders
