// Attention within windows of an image: rows in the order of windows, and what masks the others.
#pragma once

#include <cstdint>

#include "vrambudget/arch/encoders/builder.hpp"

namespace vrambudget::arch::encoders {

/// Rows of x [width, n] in another order; `unit` neighbours stay together.
inline tensor* reordered(builder& b, tensor* x, std::int64_t unit, tensor* order) {
  const std::int64_t width = x->ne[0], n = x->ne[1];
  return b.reshape(b.get_rows(b.reshape(x, width * unit, n / unit), order), width, n);
}

/// The mask of all layers that see their window only.
inline tensor* window_mask(builder& b, const char* name = "window_mask") {
  tensor* mask = b.input(name, ggml_type::f32, b.n_patches, b.n_patches);
  return b.flash_attn ? b.cast(mask, ggml_type::f16) : mask;
}

}  // namespace vrambudget::arch::encoders
