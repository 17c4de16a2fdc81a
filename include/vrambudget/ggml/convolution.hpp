// Convolutions and what images and sound need besides: windows, pooling, resizing, padding.
#pragma once

#include <array>
#include <cstdint>

#include "vrambudget/ggml/ops.hpp"

namespace vrambudget::ggml {

/// How a window moves over one dimension.
struct window {
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< at both ends
  std::int64_t dilation = 1;
  /// Steps of a kernel of `size` over `length` elements.
  [[nodiscard]] constexpr std::int64_t steps(std::int64_t length, std::int64_t size) const {
    if (stride <= 0) return 0;
    return (length + 2 * padding - dilation * (size - 1) - 1) / stride + 1;
  }
};

/// Operations over images [width, height, channels, batch] and sequences [length, channels, batch].
/// Source: llama.cpp, ggml/src/ggml.c: ggml_im2col, ggml_conv_*, ggml_pool_*, ggml_interpolate,
/// ggml_roll
class convolution_builder : public op_builder {
 public:
  using op_builder::op_builder;

  /// Windows of a kernel [width, height, channels, ...] over an image, a row each.
  tensor* windows_2d(tensor* kernel, tensor* image, window w, ggml_type type) {
    g_.require(kernel->ne[2] == image->ne[2], "im2col: same channels", *kernel, *image);
    const std::int64_t nx = steps(w, *kernel, *image, 0), ny = steps(w, *kernel, *image, 1);
    return g_.make_op(op::im2col, type,
                      {kernel->ne[0] * kernel->ne[1] * kernel->ne[2], nx, ny, image->ne[3]},
                      {kernel, image});
  }
  /// Windows of a kernel [width, channels, ...] over a sequence, a row each.
  tensor* windows_1d(tensor* kernel, tensor* x, window w) {
    g_.require(kernel->ne[1] == x->ne[1] && x->ne[3] == 1, "im2col: same channels", *kernel, *x);
    return g_.make_op(op::im2col, windows_type(*kernel),
                      {kernel->ne[0] * kernel->ne[1], steps(w, *kernel, *x, 0), x->ne[2], 1},
                      {kernel, x});
  }

  /// Kernel [width, height, in, out].
  tensor* conv_2d(tensor* kernel, tensor* image, window w) {
    return conv_2d(kernel, image, w, windows_type(*kernel));
  }
  /// The same with windows of another type than ggml's choice.
  tensor* conv_2d(tensor* kernel, tensor* image, window w, ggml_type type) {
    tensor* rows = windows_2d(kernel, image, w, type);
    tensor* y =
        mul_mat(reshape(rows, rows->ne[0], rows->ne[1] * rows->ne[2] * rows->ne[3]),
                reshape(kernel, kernel->ne[0] * kernel->ne[1] * kernel->ne[2], kernel->ne[3]));
    y = reshape(y, rows->ne[1], rows->ne[2], rows->ne[3], kernel->ne[3]);
    return cont(permute(y, {0, 1, 3, 2}));
  }
  /// The same in one operation.
  tensor* conv_2d_direct(tensor* kernel, tensor* image, window w) {
    g_.require(kernel->ne[2] == image->ne[2], "conv_2d: same channels", *kernel, *image);
    return g_.make_op(
        op::conv_2d, image->type,
        {steps(w, *kernel, *image, 0), steps(w, *kernel, *image, 1), kernel->ne[3], image->ne[3]},
        {kernel, image});
  }
  /// Kernel [width, height, 1, channels], one channel each.
  tensor* conv_2d_depthwise(tensor* kernel, tensor* image, window w) {
    tensor* k = reshape(kernel, kernel->ne[0], kernel->ne[1], 1, kernel->ne[2] * kernel->ne[3]);
    tensor* rows =
        windows_2d(k, reshape(image, image->ne[0], image->ne[1], 1, image->ne[2] * image->ne[3]), w,
                   windows_type(*kernel));
    tensor* b = reshape(rows, rows->ne[0], rows->ne[2] * rows->ne[1], image->ne[2], image->ne[3]);
    tensor* y = mul_mat(reshape(k, k->ne[0] * k->ne[1], k->ne[2], k->ne[3]), b);
    return reshape(y, rows->ne[1], rows->ne[2], image->ne[2], image->ne[3]);
  }
  /// The same in one operation; channels first stay first.
  tensor* conv_2d_depthwise_direct(tensor* kernel, tensor* image, window w) {
    g_.require(kernel->ne[2] == 1 && kernel->ne[3] == image->ne[2], "conv_2d_dw: same channels",
               *kernel, *image);
    tensor* t = g_.make_op(
        op::conv_2d_dw, image->type,
        {steps(w, *kernel, *image, 0), steps(w, *kernel, *image, 1), image->ne[2], image->ne[3]},
        {kernel, image});
    const auto size = element_size(*image);
    const bool channels_first =
        image->nb[0] > image->nb[2] && image->nb[1] > image->nb[0] && image->nb[2] == size;
    if (channels_first) {
      t->nb[2] = size;
      t->nb[0] = size * static_cast<std::uint64_t>(t->ne[2]);
      t->nb[1] = t->nb[0] * static_cast<std::uint64_t>(t->ne[0]);
    }
    return t;
  }
  /// Kernel [width, in, out].
  tensor* conv_1d(tensor* kernel, tensor* x, window w) {
    tensor* rows = windows_1d(kernel, x, w);
    tensor* y = mul_mat(reshape(rows, rows->ne[0], rows->ne[2] * rows->ne[1]),
                        reshape(kernel, kernel->ne[0] * kernel->ne[1], kernel->ne[2]));
    return reshape(y, rows->ne[1], kernel->ne[2], rows->ne[2]);
  }
  /// As many results as elements.
  tensor* conv_1d_same(tensor* kernel, tensor* x, std::int64_t stride = 1) {
    return conv_1d(kernel, x, {.stride = stride, .padding = kernel->ne[0] / 2});
  }

  tensor* pool_2d(tensor* a, std::int64_t size, window w) {
    const std::int64_t nx = pooled(w, *a, size, 0), ny = pooled(w, *a, size, 1);
    return g_.make_op(op::pool_2d, ggml_type::f32, {nx, ny, a->ne[2], a->ne[3]}, {a});
  }
  /// The same over windows of `w` by `h`, side by side.
  tensor* pool_2d(tensor* a, std::int64_t w, std::int64_t h) {
    const std::int64_t nx = pooled({.stride = w}, *a, w, 0), ny = pooled({.stride = h}, *a, h, 1);
    return g_.make_op(op::pool_2d, ggml_type::f32, {nx, ny, a->ne[2], a->ne[3]}, {a});
  }
  tensor* pool_1d(tensor* a, std::int64_t size, window w) {
    return g_.make_op(op::pool_1d, ggml_type::f32,
                      {pooled(w, *a, size, 0), a->ne[1], a->ne[2], a->ne[3]}, {a});
  }
  tensor* interpolate(tensor* a, std::int64_t ne0, std::int64_t ne1) {
    return interpolate(a, {ne0, ne1, a->ne[2], a->ne[3]});
  }
  tensor* interpolate(tensor* a, const std::array<std::int64_t, 4>& ne) {
    g_.require(a->type == ggml_type::f32, "interpolate: f32", *a, *a);
    return g_.make_op(op::upscale, a->type, ne, {a});
  }
  /// Elements move `by` places along a dimension, the last of them to the front.
  tensor* roll(tensor* a, std::int64_t by, std::size_t dim = 0) {
    g_.require(by < a->ne[dim], "roll: by less than the length", *a, *a);
    return g_.make_op(op::roll, a->type, a->ne, {a});
  }
  /// Zeros behind the elements of each dimension, and before those of the first two.
  tensor* pad_all(tensor* a, const std::array<std::int64_t, 4>& behind,
                  const std::array<std::int64_t, 2>& before = {0, 0}) {
    auto ne = a->ne;
    for (std::size_t d = 0; d < 4; ++d) ne[d] += behind[d] + (d < 2 ? before[d] : 0);
    return g_.make_op(op::pad, a->type, ne, {a});
  }

 private:
  static ggml_type windows_type(const tensor& kernel) {
    return kernel.type == ggml_type::bf16 ? ggml_type::f32 : ggml_type::f16;
  }
  std::int64_t steps(window w, const tensor& kernel, const tensor& x, std::size_t d) {
    return positive(w.steps(x.ne[d], kernel.ne[d]), "no smaller than the kernel", kernel, x);
  }
  std::int64_t pooled(window w, const tensor& a, std::int64_t size, std::size_t d) {
    return positive(w.steps(a.ne[d], size), "no smaller than what is pooled", a, a);
  }
  std::int64_t positive(std::int64_t n, const char* rule, const tensor& a, const tensor& b) {
    g_.require(n > 0, rule, a, b);
    return n > 0 ? n : 1;
  }
};

}  // namespace vrambudget::ggml
