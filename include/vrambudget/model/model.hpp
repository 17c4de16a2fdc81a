// A model as far as memory is concerned: its hyperparameters and its tensors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/architecture.hpp"

namespace vrambudget {

/// A tensor of a file.
struct model_tensor {
  std::string name;
  ggml_type type = ggml_type::f32;
  std::array<std::int64_t, 4> ne{1, 1, 1, 1};
  bytes size;               ///< of its data
  bool eight_bits = false;  ///< `general.tensor_extra`: not to be multiplied by four bits
  std::uint32_t file = 0;   ///< of a split set
  std::uint64_t offset = 0;  ///< of its data in the file; a catalogued shape has others than its files
};

struct adapters;

/// A model read from one header or a split set's.
struct model {
  std::string path;          ///< where it was read from; empty: a catalogued shape
  std::string name;          ///< `general.name`, or what the file is called
  std::string architecture;  ///< `general.architecture`
  const architecture_traits* traits = &unknown_architecture;  ///< its row
  hparams hp;
  std::vector<model_tensor> tensors;
  std::uint64_t n_params = 0;
  bytes file_size;                   ///< of all files; zero: unknown
  basis types_basis = basis::exact;  ///< how the types of its tensors are known
  std::string types_note;            ///< where they come from; empty: they were read
  std::shared_ptr<const adapters> adapted_by = nullptr;  ///< what is loaded with it; null: nothing

  /// Whether the engine knows the architecture.
  [[nodiscard]] bool is_known() const { return traits->is_known(); }
  /// Data of all tensors.
  [[nodiscard]] bytes tensor_bytes() const {
    bytes sum;
    for (const model_tensor& t : tensors) sum += t.size;
    return sum;
  }
  [[nodiscard]] double bits_per_weight() const {
    return n_params
               ? 8.0 * static_cast<double>(tensor_bytes().count) / static_cast<double>(n_params)
               : 0.0;
  }
  [[nodiscard]] const model_tensor* find(std::string_view wanted) const {
    for (const model_tensor& t : tensors)
      if (t.name == wanted) return &t;
    return nullptr;
  }
};

/// Takes "N." off the front of a name; -1 and the whole name if there is no number.
[[nodiscard]] inline std::pair<int, std::string_view> numbered(std::string_view name) {
  std::size_t n = 0;
  int il = 0;
  for (; n < name.size() && name[n] >= '0' && name[n] <= '9'; ++n) {
    const int digit = name[n] - '0';
    if (il > (std::numeric_limits<int>::max() - digit) / 10) return {-1, name};
    il = 10 * il + digit;
  }
  if (n == 0 || n == name.size() || name[n] != '.') return {-1, name};
  return {il, name.substr(n + 1)};
}

/// The layer of a tensor and its name without "blk.N."; -1 and the whole name if it has no layer.
[[nodiscard]] inline std::pair<int, std::string_view> layer_of(std::string_view name) {
  constexpr std::string_view prefix = "blk.";
  if (!name.starts_with(prefix)) return {-1, name};
  const auto layer = numbered(name.substr(prefix.size()));
  return layer.first < 0 ? std::pair{-1, name} : layer;
}

/// A tensor of a numbered layer, by the stack of layers it belongs to.
struct stacked_name {
  std::string_view stack;  ///< "enc.", "dec." (T5), "posnet.", "convnext." (a vocoder), else ""
  int il = -1;             ///< -1: of no layer
  std::string_view rest;   ///< the name without stack and layer
};
[[nodiscard]] inline stacked_name stack_of(std::string_view name) {
  using namespace std::string_view_literals;
  if (const auto [il, rest] = layer_of(name); il >= 0) return {"", il, rest};
  for (const std::string_view stack : {"enc."sv, "dec."sv})
    if (name.starts_with(stack))
      if (const auto [il, rest] = layer_of(name.substr(stack.size())); il >= 0)
        return {stack, il, rest};
  for (const std::string_view stack : {"posnet."sv, "convnext."sv})
    if (name.starts_with(stack))
      if (const auto [il, rest] = numbered(name.substr(stack.size())); il >= 0)
        return {stack, il, rest};
  return {"", -1, name};
}

/// Reads a model; the first header has the metadata, all have tensors.
///
/// Errors:   not_found    no `general.architecture`, or what read_hparams misses
///           unsupported  an architecture the engine names but refuses as a main model
///           others       as read_hparams
[[nodiscard]] result<model> read_model(std::span<const gguf::header> headers);

}  // namespace vrambudget
