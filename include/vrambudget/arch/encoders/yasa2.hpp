// Yasa 2 (Reka): ConvNeXt V2, averaged to 8 x 8 tokens.
#pragma once

#include <algorithm>
#include <string>

#include "vrambudget/arch/encoders/blocks/ffn.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// One number for each channel of an image [w, h, channels], if there are any.
inline tensor* for_channels(builder& b, tensor* t) { return b.reshape(t, 1, 1, t->ne[0]); }
inline tensor* add_channels(builder& b, tensor* x, tensor* bias) {
  return bias ? b.add(x, for_channels(b, bias)) : x;
}
inline tensor* scale_channels(builder& b, tensor* x, tensor* w) {
  return w ? b.mul(x, for_channels(b, w)) : x;
}

/// A norm over channels, out of single operations.
inline tensor* norm_channels(builder& b, const std::string& name, tensor* x) {
  x = b.cont(b.permute(x, {2, 1, 0, 3}));
  x = b.sub(x, b.mean(x));
  tensor* deviation = b.sqrt(b.clamp(b.mean(b.mul(x, x))));
  x = b.cont(b.permute(b.div(x, deviation), {2, 1, 0, 3}));
  x = scale_channels(b, x, b.weight(name + ".weight"));
  return add_channels(b, x, b.weight(name + ".bias"));
}

/// Every channel by its share of all (global response normalization), added to itself.
inline tensor* respond(builder& b, const std::string& name, tensor* x) {
  tensor* sum = b.reshape(b.mul(x, x), x->ne[0] * x->ne[1], x->ne[2], 1, x->ne[3]);
  sum = b.sqrt(b.sum_rows(sum));
  tensor* mean = b.clamp(b.mean(b.cont(b.permute(sum, {1, 0, 2, 3}))));
  tensor* share = b.cont(b.permute(b.div(sum, mean), {0, 2, 1, 3}));
  tensor* y = scale_channels(b, b.mul(x, share), b.weight(name + ".weight"));
  return b.add(x, add_channels(b, y, b.weight(name + ".bias")));
}

/// Image [w, h, channels] as rows [channels, w * h], and back.
inline tensor* rows_of_image(builder& b, tensor* x) {
  x = b.reshape(x, x->ne[0] * x->ne[1], x->ne[2], x->ne[3]);
  return b.cont(b.permute(x, {1, 0, 2, 3}));
}
inline tensor* image_of_rows(builder& b, tensor* x, std::int64_t w, std::int64_t h) {
  x = b.cont(b.permute(x, {1, 0, 2, 3}));
  return b.reshape(x, w, h, x->ne[1], x->ne[2]);
}

inline tensor* convnext_block(builder& b, const std::string& name, tensor* kernel, tensor* x) {
  const std::int64_t w = x->ne[0], h = x->ne[1];
  const auto linear = [&](const char* part, tensor* t) {
    t = b.mul_mat(b.require(name + "." + part + ".weight"), rows_of_image(b, t));
    tensor* bias = b.weight(name + "." + part + ".bias");
    return image_of_rows(b, bias ? b.add(t, b.reshape(bias, bias->ne[0])) : t, w, h);
  };
  tensor* y = b.conv_2d_depthwise(kernel, x, {.padding = 3});
  y = add_channels(b, y, b.weight(name + ".dw.bias"));
  y = b.gelu(linear("pw1", norm_channels(b, name + ".ln", y)));
  return b.add(x, linear("pw2", respond(b, name + ".grn", y)));
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/yasa2.cpp
inline void build_yasa2(builder& b) {
  constexpr int most = 1024;
  for (const char* name : {"v.backbone_ln.weight", "v.backbone_ln.bias"}) b.weight(name);
  tensor* x =
      b.conv_2d(b.require("v.patch_embd.weight"), b.raw_input(), {.stride = b.hp.patch_size});
  x = detail::add_channels(b, x, b.weight("v.patch_embd.bias"));
  x = detail::norm_channels(b, "v.patch_ln", x);
  for (int stage = 0; stage < most; ++stage) {
    const std::string name = "v.stage." + std::to_string(stage);
    tensor* down = b.weight(name + ".down.conv.weight");
    if (down) {
      x = b.conv_2d(down, detail::norm_channels(b, name + ".down.ln", x), {.stride = 2});
      x = detail::add_channels(b, x, b.weight(name + ".down.conv.bias"));
    }
    int n_blocks = 0;
    for (; n_blocks < most; ++n_blocks) {
      const std::string block = name + ".blk." + std::to_string(n_blocks);
      tensor* kernel = b.weight(block + ".dw.weight");
      if (!kernel) break;
      x = detail::convnext_block(b, block, kernel, x);
    }
    if (!down && n_blocks == 0) break;
  }

  const std::int64_t w = x->ne[0], h = x->ne[1];
  x = detail::rows_of_image(b, x);
  tensor* places = b.weight("v.vision_pos_embed");
  if (places && places->ne[1] == x->ne[1])
    x = b.add(x, b.reshape(places, places->ne[0], places->ne[1]));
  x = detail::image_of_rows(b, x, w, h);
  const auto every = [](std::int64_t n) {
    constexpr std::int64_t side = 8;
    return n / std::min(side, n);
  };
  x = detail::rows_of_image(b, b.pool_2d(x, every(w), every(h)));
  b.finish(ffn(b, two_layers(b, "mm.0", "mm.2"), x));
}

}  // namespace vrambudget::arch::encoders
