// WavTokenizer's decoder: a vocoder of 1-D convolutions over audio codes. Residual blocks with one
// attention among them, then ConvNeXt. Time is the first dimension wherever convolutions run.
#pragma once

#include "vrambudget/arch/blocks/ffn.hpp"

namespace vrambudget::arch {

namespace detail {

/// The tensor "stack.il.NAME.bias" and the like are named by `name`; il -1: of no layer.
///
/// Shape:    x [tokens, channels in]; result [tokens, channels out]
/// Source:   llama.cpp, ggml/src/ggml.c: ggml_conv_1d_ph
inline tensor* convolution(builder& b, int il, tensor_name name, tensor* x) {
  tensor* kernel = b.require(il, name);
  tensor* windows = b.im2col(kernel, x);
  tensor* y = b.mul_mat(b.reshape(windows, windows->ne[0], windows->ne[1] * windows->ne[2]),
                        b.reshape(kernel, kernel->ne[0] * kernel->ne[1], kernel->ne[2]));
  return b.reshape(y, windows->ne[1], kernel->ne[2], windows->ne[2]);
}
inline tensor* biased_convolution(builder& b, int il, tensor_name name, tensor* x) {
  tensor* y = convolution(b, il, name, x);
  return b.add(y, b.require(il, name, ".bias"));
}

/// A kernel for each channel.
/// Source:   llama.cpp, ggml/src/ggml.c: ggml_conv_1d_dw_ph
inline tensor* depthwise_convolution(builder& b, int il, tensor_name name, tensor* x) {
  tensor* kernel = b.require(il, name);
  tensor* windows = b.im2col(kernel, b.reshape(x, x->ne[0], 1, x->ne[1], x->ne[2]));
  tensor* y = b.mul_mat(windows, kernel);
  y = b.reshape(y, y->ne[0], y->ne[2]);
  return b.add(y, b.require(il, name, ".bias"));
}

inline tensor* group_norm_of(builder& b, int il, tensor_name name, tensor* x) {
  x = b.group_norm(b.reshape(x, x->ne[0], 1, x->ne[1]));
  x = b.reshape(x, x->ne[0], x->ne[2]);
  return b.scale_and_shift(0, name, x, b.weight(il, name), b.weight(il, name, ".bias"));
}

inline tensor* transposed(builder& b, tensor* x) { return b.cont(b.transpose(x)); }

inline tensor* residual_block(builder& b, int il, tensor* x) {
  const auto swish = [&](tensor* t) { return b.mul(b.sigmoid(t), t); };
  tensor* y = swish(group_norm_of(b, il, "posnet.norm1", x));
  y = biased_convolution(b, il, "posnet.conv1", y);
  y = swish(group_norm_of(b, il, "posnet.norm2", y));
  return b.add(biased_convolution(b, il, "posnet.conv2", y), x);
}

/// One head over all channels.
inline tensor* attention_block(builder& b, int il, tensor* x) {
  tensor* y = group_norm_of(b, il, "posnet.attn_norm", x);
  tensor* q = convolution(b, il, "posnet.attn_q", y);
  tensor* k = convolution(b, il, "posnet.attn_k", y);
  tensor* v = convolution(b, il, "posnet.attn_v", y);
  q = transposed(b, b.add(q, b.require(il, "posnet.attn_q", ".bias")));
  k = transposed(b, b.add(k, b.require(il, "posnet.attn_k", ".bias")));
  v = b.add(v, b.require(il, "posnet.attn_v", ".bias"));
  y = b.mul_mat(b.soft_max(b.mul_mat(k, q)), v);
  return b.add(biased_convolution(b, il, "posnet.attn_output", y), x);
}

/// Position-wise layers see channels first.
inline tensor* convnext_block(builder& b, int il, tensor* x) {
  tensor* y = transposed(b, depthwise_convolution(b, il, "convnext.dw", x));
  y = b.scale_and_shift(-1, "convnext.norm", b.norm(y), b.weight(il, "convnext.norm"),
                        b.weight(il, "convnext.norm", ".bias"));
  y = ffn(b, il, y, activation::gelu, {.up = "convnext.pw1", .down = "convnext.pw2"});
  y = transposed(b, b.mul(y, b.require(il, "convnext.gamma")));
  return b.add(y, x);
}

}  // namespace detail

/// Source: llama.cpp, src/models/wavtokenizer-dec.cpp: graph
inline void build_wavtokenizer(builder& b) {
  tensor* x = detail::transposed(b, b.token_embeddings());
  x = detail::biased_convolution(b, -1, "conv1d", x);
  for (int il = 0; il < static_cast<int>(b.hp.vocoder.n_layer_posnet); ++il) {
    if (il == 5)
      x = detail::group_norm_of(b, il, "posnet.attn_norm", x);
    else
      x = il == 2 ? detail::attention_block(b, il, x) : detail::residual_block(b, il, x);
  }
  x = b.embedding_norm(norm_kind::layer, detail::transposed(b, x));
  x = detail::transposed(b, x);
  for (int il = 0; il < static_cast<int>(b.hp.vocoder.n_layer_convnext); ++il)
    x = detail::convnext_block(b, il, x);
  x = b.layer_norm_of(-1, "output_norm", detail::transposed(b, x));
  b.embd = b.linear(-1, "output", x);
  b.expand(b.embd);
}

}  // namespace vrambudget::arch
