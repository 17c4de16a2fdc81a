// A model in another file type: the tensors that llama-quantize would write, without reading data.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/recipe_chooser.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Data of a tensor in a type.
[[nodiscard]] inline bytes data_size(ggml_type t, const std::array<std::int64_t, 4>& ne) {
  bytes size = row_size(t, static_cast<std::uint64_t>(ne[0]));
  for (std::size_t d = 1; d < ne.size(); ++d) size = size * static_cast<std::uint64_t>(ne[d]);
  return size;
}

/// The tensors in the order in which llama-quantize visits and writes them: those of no layer by name, then layer by
/// layer; of a recipe that keeps a split as the source has them.
[[nodiscard]] inline std::vector<std::size_t> quantization_order(const model& m, const recipe& r) {
  struct key {
    int il;
    std::string_view name;
    std::size_t i;
    [[nodiscard]] bool operator<(const key& other) const {
      return il != other.il ? il < other.il : name < other.name;
    }
  };
  std::vector<std::size_t> order(m.tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (r.keeps_split) return order;
  std::vector<key> keys;
  keys.reserve(m.tensors.size());
  for (std::size_t i = 0; i < m.tensors.size(); ++i)
    keys.push_back({layer_of(m.tensors[i].name).first, m.tensors[i].name, i});
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 0; i < keys.size(); ++i) order[i] = keys[i].i;
  return order;
}

/// The types that llama-quantize gives a model's tensors, which may come from any file of it. Tensors
/// that are not quantized keep the type they have here. Layers that the recipe prunes must be gone already.
///
/// Accuracy: exact for a file of full precision
/// Errors:   unsupported  a type without a fallback for a tensor's rows
///           bad_format   a feed-forward tensor of a model with experts outside the layers
/// Source:   llama.cpp, src/llama-quant.cpp: llama_model_quantize_impl;
///           src/llama-model-loader.h: weight_name_comparer
[[nodiscard]] inline result<std::vector<chosen_type>> chosen_types(const model& m,
                                                                   const recipe& r) {
  detail::recipe_chooser rules(m, r);
  std::vector<chosen_type> types(m.tensors.size());
  for (const std::size_t i : quantization_order(m, r)) {
    const result<chosen_type> type = rules.type_of(m.tensors[i]);
    if (!type) return type.error();
    types[i] = *type;
  }
  return types;
}

/// Data of all tensors of the model that llama-quantize writes.
/// Errors: as chosen_types
[[nodiscard]] inline result<bytes> quantized_bytes(const model& m, const recipe& r) {
  const auto types = chosen_types(m, r);
  if (!types) return types.error();
  bytes sum;
  for (std::size_t i = 0; i < types->size(); ++i)
    sum += data_size((*types)[i].type, m.tensors[i].ne);
  return sum;
}
[[nodiscard]] inline result<bytes> quantized_bytes(const model& m, quantization q) {
  return quantized_bytes(m, recipe(q));
}

/// The model that llama-quantize writes.
/// Errors: as chosen_types
///         overflow  a tensor of 2^64 bytes or more
[[nodiscard]] inline result<model> quantized(model m, const recipe& r) {
  const auto types = chosen_types(m, r);
  if (!types) return types.error();
  for (std::size_t i = 0; i < types->size(); ++i) {
    model_tensor& t = m.tensors[i];
    t.type = (*types)[i].type;
    t.size = data_size(t.type, t.ne);
    if (t.size.overflowed())
      return error{errc::overflow, "tensor '" + t.name + "' has 2^64 bytes or more"};
  }
  m.file_size = {};
  return m;
}
[[nodiscard]] inline result<model> quantized(model m, quantization q) {
  return quantized(std::move(m), recipe(q));
}

}  // namespace vrambudget
