// Tensors of an encoder for images or sound, in whichever file they lie.
#pragma once

#include <algorithm>
#include <string_view>

#include "vrambudget/gguf/header.hpp"

namespace vrambudget {

/// Whether a tensor is an encoder's, by its name.
[[nodiscard]] inline bool is_encoder_tensor(std::string_view name) {
  return name.starts_with("v.") || name.starts_with("a.") || name.starts_with("mm.");
}

/// Whether a file has any.
[[nodiscard]] inline bool has_encoder_tensors(const gguf::header& h) {
  return std::any_of(h.tensors().begin(), h.tensors().end(),
                     [](const gguf::tensor_info& t) { return is_encoder_tensor(t.name); });
}

}  // namespace vrambudget
