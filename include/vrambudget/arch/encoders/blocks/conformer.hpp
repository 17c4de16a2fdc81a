// Parts of a conformer, a transformer for sound whose layers have a convolution over time between their
// attention and their second network.
#pragma once

#include <cstdint>
#include <string>

#include "vrambudget/arch/encoders/blocks/ffn.hpp"

namespace vrambudget::arch::encoders {

/// Convolutions that leave an eighth of time and frequency, and a matrix. Rows [n_embd, n_pos].
/// `direct`: products of channels are convolutions too, and ReLUs write over what they read.
/// Source: llama.cpp, tools/mtmd/models/conformer.cpp, parakeet.cpp
inline tensor* frames_eighth(builder& b, bool direct) {
  const auto weight = [&](int i) { return b.require("a.conv1d." + std::to_string(i) + ".weight"); };
  const auto biased = [&](int i, tensor* x) {
    return b.add(x, b.require("a.conv1d." + std::to_string(i) + ".bias"));
  };
  const auto relu = [&](tensor* x) { return direct ? b.relu_inplace(x) : b.relu(x); };
  constexpr ggml::window halves{.stride = 2, .padding = 1};
  tensor* x = b.cont(b.transpose(b.raw_input(1)));
  x = relu(biased(0, b.conv_2d(weight(0), x, halves)));
  for (const int i : {2, 5}) {
    x = biased(i, b.conv_2d_depthwise_direct(weight(i), x, halves));
    x = direct ? b.conv_2d_direct(weight(i + 1), x, {}) : b.conv_2d(weight(i + 1), x, {});
    x = relu(biased(i + 1, x));
  }
  x = b.cont(b.permute(x, {0, 2, 1, 3}));
  x = b.reshape(x, x->ne[0] * x->ne[1], x->ne[2]);
  x = b.product(b.require("a.pre_encode.out.weight"), x);
  return b.add(x, b.require("a.pre_encode.out.bias"));
}

/// `x`, and half of what a network makes of its norm. `second`: "" or "_1", the network's name; it may
/// have biases, and a norm of what it makes.
inline tensor* half_step(builder& b, int il, norm_kind kind, const std::string& second, tensor* x,
                         bool has_bias = true) {
  const auto name = [&](const char* part) { return b.in_layer(il, part + second); };
  tensor* y = b.norm_of(kind, name("ffn_norm"), x);
  ffn_weights w = two_layers(b, name("ffn_up"), name("ffn_down"));
  if (!has_bias) w.up_b = w.down_b = nullptr;
  y = ffn(b, w, y);
  if (tensor* post = b.weight(name("ffn_post_norm") + ".weight"))
    y = b.norm_with(kind, post, nullptr, y);
  return b.add(x, b.scale(y));
}

/// A layer: half a network, what `attend` and `convolve` make of their norms, half a network, a norm.
template <class Attend, class Convolve>
tensor* conformer_layer(builder& b, int il, norm_kind kind, tensor* x, const Attend& attend,
                        const Convolve& convolve, bool has_bias = true) {
  const auto norm = [&](const char* name, tensor* t) {
    return b.norm_of(kind, b.in_layer(il, name), t);
  };
  x = half_step(b, il, kind, "", x, has_bias);
  x = b.add(x, attend(norm("ln1", x)));
  x = b.add(x, convolve(norm("norm_conv", x)));
  return norm("ln2", half_step(b, il, kind, "_1", x, has_bias));
}

/// The first halves of rows times the sigmoids of the second, as columns. `copies`: the second halves are
/// copied, so that a GPU can read them.
inline tensor* gated_columns(builder& b, tensor* x, bool copies = false) {
  const std::int64_t half = x->ne[0] / 2;
  tensor* gate =
      b.view_2d(x, half, x->ne[1], x->nb[1], static_cast<std::uint64_t>(half) * x->nb[0]);
  if (copies) gate = b.cont(gate);
  gate = b.sigmoid(gate);
  x = b.mul(b.view_2d(x, half, x->ne[1], x->nb[1], 0), gate);
  return b.cont(b.transpose(x));
}

/// A convolution over time of every column by itself: rows. `before`, `after`: zeros at its ends.
inline tensor* conv_over_time(builder& b, tensor* kernel, tensor* x, std::int64_t before,
                              std::int64_t after) {
  x = b.roll(b.pad(x, before), before);
  if (after > 0) x = b.pad(x, after);
  return b.ssm_conv(x, kernel);
}

/// Rows [n_embd_head * n_head, n] as [n_embd_head, n_head, n].
inline tensor* split_heads(builder& b, tensor* x) {
  return b.reshape(x, b.n_embd_head, b.n_head, x->ne[1]);
}

}  // namespace vrambudget::arch::encoders
