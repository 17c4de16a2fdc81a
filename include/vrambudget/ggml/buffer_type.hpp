// How tensors lie in the buffers of one backend.
#pragma once

#include <cstdint>

#include "vrambudget/ggml/type.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::ggml {

struct buffer_type {
  std::uint64_t alignment = 32;  ///< of each tensor, bytes
  /// Kernels read quantized rows in whole groups of so many elements; 0: as they are.
  std::uint64_t row_group = 0;
  /// Of one buffer, bytes: what is more begins another. 0: there is one buffer.
  std::uint64_t largest = 0;

  /// What lies behind a tensor so that whole groups may be read.
  ///
  /// Formula:  row_size(type, row_group - ne0 % row_group) if quantized and ne0 is not a multiple of it, else 0
  /// Source:   llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_backend_cuda_buffer_type_get_alloc_size
  [[nodiscard]] constexpr bytes row_padding(ggml_type type, std::uint64_t ne0) const {
    return row_group > 0 && is_quantized(type) && ne0 % row_group != 0
               ? row_size(type, row_group - ne0 % row_group)
               : bytes{};
  }
  /// Room of a dense tensor.
  ///
  /// Formula:  pad(rows * row_size(type, width) + row_padding(type, width), alignment)
  /// Units:    `width` in elements of the first dimension, `rows` over all others
  /// Accuracy: exact
  /// Source:   llama.cpp, ggml/src/ggml-alloc.c: ggml_backend_alloc_ctx_tensors_from_buft
  [[nodiscard]] constexpr bytes size_of(ggml_type type, std::uint64_t width,
                                        std::uint64_t rows) const {
    return pad(row_size(type, width) * rows + row_padding(type, width), alignment);
  }

  friend bool operator==(const buffer_type&, const buffer_type&) = default;
};

}  // namespace vrambudget::ggml
