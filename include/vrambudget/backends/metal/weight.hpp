// Which tensors of a model Metal can compute with.
#pragma once

#include <string_view>

#include "vrambudget/backends/metal/backend.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::metal {

/// Whether it can do with a layer's tensor what the model does with it: what is added or multiplied element by
/// element must be of the activations' type.
/// Source: llama.cpp, src/llama-model-loader.cpp: weight_buft_supported
[[nodiscard]] inline bool takes_weight(const model_tensor& t) {
  const std::string_view rest = layer_of(t.name).second;
  if (rest.find("norm") != std::string_view::npos || rest.ends_with(".bias"))
    return t.type == ggml_type::f32;
  return t.type == ggml_type::i32 || multiplies_by(t.type);
}

}  // namespace vrambudget::metal
