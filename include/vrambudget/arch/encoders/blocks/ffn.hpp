// Feed-forward networks of encoders, also used as projectors.
#pragma once

#include <string>
#include <utility>

#include "vrambudget/arch/encoders/builder.hpp"

namespace vrambudget::arch::encoders {

/// Matrices and biases; what a network lacks is null.
struct ffn_weights {
  tensor *up = nullptr, *up_b = nullptr;
  tensor *gate = nullptr, *gate_b = nullptr;
  tensor *down = nullptr, *down_b = nullptr;
};

/// Two of them around an activation.
inline ffn_weights two_layers(builder& b, const std::string& first, const std::string& second) {
  ffn_weights w;
  w.up = b.require(first + ".weight");
  w.up_b = b.weight(first + ".bias");
  w.down = b.require(second + ".weight");
  w.down_b = b.weight(second + ".bias");
  return w;
}

/// Two of them with a gate, none with a bias.
inline ffn_weights gated(builder& b, const char* gate, const char* up, const char* down) {
  ffn_weights w;
  w.gate = b.require(gate);
  w.up = b.require(up);
  w.down = b.require(down);
  return w;
}

/// Those of layer `il` of the tower.
inline ffn_weights layer_ffn(builder& b, int il) {
  const auto get = [&](const char* name) { return b.weight(b.in_layer(il, name)); };
  ffn_weights w{b.require(b.in_layer(il, "ffn_up.weight")),
                get("ffn_up.bias"),
                get("ffn_gate.weight"),
                get("ffn_gate.bias"),
                b.require(b.in_layer(il, "ffn_down.weight")),
                get("ffn_down.bias")};
  if (b.type.swaps_ffn && w.down->ne[0] == b.n_embd) {
    std::swap(w.up, w.down);
    std::swap(w.up_b, w.down_b);
  }
  return w;
}

/// up, activation (times gate), down. `squares`: the activation is a ReLU and a square.
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_ffn
inline tensor* ffn(builder& b, const ffn_weights& w, tensor* x, bool squares = false) {
  tensor* up = w.up ? b.product(w.up, x) : x;
  if (w.up_b) up = b.add(up, w.up_b);
  tensor* y = up;
  if (w.gate) {
    y = b.product(w.gate, x);
    if (w.gate_b) y = b.add(y, w.gate_b);
  }
  if (squares)
    y = b.sqr(b.relu(y));
  else
    y = w.gate ? b.glu(y, up) : b.gelu(y);
  if (w.down) y = b.product(w.down, y);
  return w.down_b ? b.add(y, w.down_b) : y;
}

/// What a network makes of x, between the learned tokens that begin and end an image.
inline tensor* ffn_between(builder& b, const ffn_weights& w, const char* begin, const char* end,
                           tensor* x) {
  return b.concat(b.concat(b.require(begin), ffn(b, w, x), 1), b.require(end), 1);
}

}  // namespace vrambudget::arch::encoders
