// MobileVLM: a CLIP tower whose patches are halved each way by light convolutions. GLM-Edge: the
// same by one convolution, and tokens around the image.
#pragma once

#include <cmath>
#include <string>

#include "vrambudget/arch/encoders/llava.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

constexpr std::int64_t mobilevlm_side = 24;  // patches, the only number its projectors are made for

inline tensor* with_norm(builder& b, const std::string& name, tensor* x) {
  return b.norm_with(norm_kind::layer, b.require(name + ".weight"), b.require(name + ".bias"), x);
}

/// Two layers over each patch, and the patches as an image [24, 24, width].
inline tensor* mobilevlm_image(builder& b, const char* first, const char* second) {
  tensor* x = ffn(b, two_layers(b, first, second), clip_patches(b));
  b.require_that(x->ne[1] == mobilevlm_side * mobilevlm_side, "images have 24 x 24 patches");
  if (x->ne[1] != mobilevlm_side * mobilevlm_side) return x;
  return b.cont(b.permute(x, {1, 0, 2, 3}), mobilevlm_side, mobilevlm_side, x->ne[0]);
}

/// A convolution per channel, gates per channel, and a product over channels: [width, w, h].
inline tensor* mobilevlm_block(builder& b, const std::string& name, tensor* x,
                               std::int64_t stride) {
  x = b.conv_2d_depthwise(b.require(name + ".block.0.0.weight"), x,
                          {.stride = stride, .padding = 1});
  x = with_norm(b, name + ".block.0.1", b.cont(b.permute(x, {1, 2, 0, 3})));
  tensor* y = b.hardswish(b.cont(b.permute(x, {2, 0, 1, 3})));
  const std::int64_t w = y->ne[0], h = y->ne[1], width = y->ne[2];
  x = b.reshape(b.pool_2d(y, w, {.stride = w}), width);
  x = b.relu(b.linear(name + ".block.1.fc1", x));
  x = b.hardsigmoid(b.linear(name + ".block.1.fc2", x));
  x = b.reshape(b.mul(y, b.reshape(x, 1, 1, width)), w * h, width);
  x = b.product(b.require(name + ".block.2.0.weight"), b.cont(b.permute(x, {1, 0, 2, 3})));
  return with_norm(b, name + ".block.2.1", b.reshape(x, x->ne[0], w, h));
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/llava.cpp: PROJECTOR_TYPE_LDP
inline void build_ldp(builder& b) {
  tensor* image = detail::mobilevlm_image(b, "mm.model.mlp.1", "mm.model.mlp.3");
  tensor* x = detail::mobilevlm_block(b, "mm.model.mb_block.1", image, 1);
  x = b.add(image, b.cont(b.permute(x, {2, 0, 1, 3})));
  x = detail::mobilevlm_block(b, "mm.model.mb_block.2", x, 2);
  b.finish(b.reshape(x, x->ne[0], x->ne[1] * x->ne[2]));
}

/// Source: llama.cpp, tools/mtmd/models/llava.cpp: PROJECTOR_TYPE_LDPV2
inline void build_ldpv2(builder& b) {
  const auto channels_first = [&](tensor* t) { return b.cont(b.permute(t, {1, 2, 0, 3})); };
  tensor* x = detail::mobilevlm_image(b, "mm.model.mlp.0", "mm.model.mlp.2");
  x = b.pool_2d(x, 2, {.stride = 2});
  tensor* y = b.conv_2d_depthwise(b.require("mm.model.peg.0.weight"), x, {.padding = 1});
  y = b.add(channels_first(y), b.require("mm.model.peg.0.bias"));
  x = b.add(y, channels_first(x));
  b.finish(b.reshape(x, x->ne[0], x->ne[1] * x->ne[2]));
}

/// Source: llama.cpp, tools/mtmd/models/llava.cpp: PROJECTOR_TYPE_GLM_EDGE
inline void build_glm_edge(builder& b) {
  tensor* x = clip_features(b, 0);
  const auto side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(x->ne[1])));
  x = b.cont(b.permute(x, {1, 0, 2, 3}), side, side, x->ne[0]);
  x = b.conv_2d(b.require("adapter.conv.weight"), x, {.stride = 2});
  x = b.reshape(x, x->ne[0] * x->ne[1], x->ne[2]);
  x = b.add(b.cont(b.permute(x, {1, 0, 2, 3})), b.require("adapter.conv.bias"));
  x = b.product(b.require("adapter.linear.linear.weight"), x);
  x = b.gelu_inplace(detail::with_norm(b, "adapter.linear.norm1", x));
  const ffn_weights w =
      gated(b, "adapter.linear.gate.weight", "adapter.linear.dense_h_to_4h.weight",
            "adapter.linear.dense_4h_to_h.weight");
  b.finish(ffn_between(b, w, "adapter.boi", "adapter.eoi", x));
}

}  // namespace vrambudget::arch::encoders
