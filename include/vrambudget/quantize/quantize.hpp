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

/// A model whose files in many types are asked for: what these have in common is found once. It must outlive this.
class quantizer {
 public:
  explicit quantizer(const model& m)
      : m_(m), uses_(m), order_(quantization_order(m, recipe())) {}

  [[nodiscard]] const model& get_model() const { return m_; }

  /// The types that llama-quantize gives the tensors, which may come from any file of the model. Tensors
  /// that are not quantized keep the type they have here. Layers that the recipe prunes must be gone already.
  ///
  /// Accuracy: exact for a file of full precision
  /// Errors:   unsupported  a type without a fallback for a tensor's rows
  ///           bad_format   a feed-forward tensor of a model with experts outside the layers
  /// Source:   llama.cpp, src/llama-quant.cpp: llama_model_quantize_impl;
  ///           src/llama-model-loader.h: weight_name_comparer
  [[nodiscard]] result<std::vector<chosen_type>> types_of(const recipe& r) const {
    detail::recipe_chooser rules(m_, r, uses_);
    std::vector<chosen_type> types(m_.tensors.size());
    for (std::size_t n = 0; n < types.size(); ++n) {
      const std::size_t i = r.keeps_split ? n : order_[n];
      const result<chosen_type> type = rules.type_of(i);
      if (!type) return type.error();
      types[i] = *type;
    }
    return types;
  }

  /// Data of all tensors that llama-quantize writes.
  /// Errors: as types_of
  [[nodiscard]] result<bytes> bytes_of(const recipe& r) const {
    const auto types = types_of(r);
    if (!types) return types.error();
    bytes sum;
    for (std::size_t i = 0; i < types->size(); ++i)
      sum += data_size((*types)[i].type, m_.tensors[i].ne);
    return sum;
  }

  /// The model that llama-quantize writes.
  /// Errors: as types_of
  ///         overflow  a tensor of 2^64 bytes or more
  [[nodiscard]] result<model> file_of(const recipe& r) const {
    const auto types = types_of(r);
    if (!types) return types.error();
    model m = m_;
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

 private:
  const model& m_;
  detail::tensor_uses uses_;
  std::vector<std::size_t> order_;
};

/// quantizer::types_of() of one recipe.
[[nodiscard]] inline result<std::vector<chosen_type>> chosen_types(const model& m,
                                                                   const recipe& r) {
  return quantizer(m).types_of(r);
}

/// quantizer::bytes_of() of one recipe.
[[nodiscard]] inline result<bytes> quantized_bytes(const model& m, const recipe& r) {
  return quantizer(m).bytes_of(r);
}
[[nodiscard]] inline result<bytes> quantized_bytes(const model& m, quantization q) {
  return quantized_bytes(m, recipe(q));
}

/// quantizer::file_of() of one recipe.
[[nodiscard]] inline result<model> quantized(const model& m, const recipe& r) {
  return quantizer(m).file_of(r);
}
[[nodiscard]] inline result<model> quantized(const model& m, quantization q) {
  return quantized(m, recipe(q));
}

}  // namespace vrambudget
