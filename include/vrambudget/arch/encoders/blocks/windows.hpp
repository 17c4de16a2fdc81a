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

/// The windows of the Qwen2.5-VL family: every n_wa_pattern-th layer sees the whole image; rows keep the
/// order of windows from the first layer to the last, in squares of four patches.
class merged_windows {
 public:
  /// Orders `x`, if the model has windows at all.
  merged_windows(builder& b, tensor*& x) : b_(b), mask_(nullptr) {
    if (!any()) return;
    mask_ = window_mask(b);
    x = reordered(b, x, 4, b.input("inv_window_idx", ggml_type::i32, b.n_patches / 4));
  }
  /// Null where a layer sees everything.
  [[nodiscard]] tensor* mask_of(int il) const {
    return any() && (static_cast<std::uint32_t>(il) + 1) % b_.hp.n_wa_pattern != 0 ? mask_
                                                                                   : nullptr;
  }
  /// Merged rows as they were before.
  tensor* in_image_order(tensor* x) const {
    return any() ? reordered(b_, x, 1, b_.input("window_idx", ggml_type::i32, b_.n_patches / 4))
                 : x;
  }

 private:
  [[nodiscard]] bool any() const { return b_.hp.n_wa_pattern > 0; }
  builder& b_;
  tensor* mask_;
};

}  // namespace vrambudget::arch::encoders
