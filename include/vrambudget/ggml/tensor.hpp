// A tensor without data: type, shape, strides, what it was computed from, and where it lives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vrambudget/ggml/type.hpp"

namespace vrambudget::ggml {

/// Operations, as far as sizes, placement or in-place reuse tell them apart.
enum class op : std::uint8_t {
  none,
  reshape,
  view,
  permute,
  transpose,  // no work: they only look at another tensor
  get_rows,
  set_rows,
  cpy,
  dup,
  cont,
  set,
  add,
  sub,
  mul,
  div,
  add_id,
  scale,
  clamp,
  sqr,
  sqrt,
  sin,
  cos,
  log,
  fill,
  unary,
  glu,
  norm,
  rms_norm,
  l2_norm,
  group_norm,
  mul_mat,
  mul_mat_id,
  rope,
  rope_back,
  soft_max,
  flash_attn_ext,
  argmax,
  argsort,
  top_k,
  sum_rows,
  mean,
  cumsum,
  repeat,
  concat,
  pad,
  arange,
  tri,
  diag,
  roll,
  im2col,
  conv_2d,
  conv_2d_dw,
  pool_1d,
  pool_2d,
  upscale,
  ssm_conv,
  ssm_scan,
  gated_delta_net,
  gated_linear_attn,
  rwkv_wkv6,
  rwkv_wkv7,
  lightning_indexer,
  hc_pre,
  hc_comb,
  hc_post,
};

/// ggml's name of an operation, in lower case.
[[nodiscard]] constexpr const char* name(op o) {
  constexpr std::array names = {"none",
                                "reshape",
                                "view",
                                "permute",
                                "transpose",
                                "get_rows",
                                "set_rows",
                                "cpy",
                                "dup",
                                "cont",
                                "set",
                                "add",
                                "sub",
                                "mul",
                                "div",
                                "add_id",
                                "scale",
                                "clamp",
                                "sqr",
                                "sqrt",
                                "sin",
                                "cos",
                                "log",
                                "fill",
                                "unary",
                                "glu",
                                "norm",
                                "rms_norm",
                                "l2_norm",
                                "group_norm",
                                "mul_mat",
                                "mul_mat_id",
                                "rope",
                                "rope_back",
                                "soft_max",
                                "flash_attn_ext",
                                "argmax",
                                "argsort",
                                "top_k",
                                "sum_rows",
                                "mean",
                                "cumsum",
                                "repeat",
                                "concat",
                                "pad",
                                "arange",
                                "tri",
                                "diag",
                                "roll",
                                "im2col",
                                "conv_2d",
                                "conv_2d_dw",
                                "pool_1d",
                                "pool_2d",
                                "upscale",
                                "ssm_conv",
                                "ssm_scan",
                                "gated_delta_net",
                                "gated_linear_attn",
                                "rwkv_wkv6",
                                "rwkv_wkv7",
                                "lightning_indexer",
                                "dsv4_hc_pre",
                                "dsv4_hc_comb",
                                "dsv4_hc_post"};
  static_assert(names.size() == static_cast<std::size_t>(op::hc_post) + 1);
  return names[static_cast<std::size_t>(o)];
}

enum class unary : std::uint8_t {
  silu,
  gelu,
  gelu_erf,
  relu,
  sigmoid,
  tanh,
  softplus,
  exp,
  neg,
  xielu,
  abs,
  sgn,
  round,
  hardswish,
  hardsigmoid
};

/// At most this many sources, as in ggml (GGML_MAX_SRC).
inline constexpr int max_src = 10;

/// One tensor of a graph. Plain data; graph.hpp makes them, scheduler.hpp and allocator.hpp use the
/// second half as their scratch space.
struct tensor {
  std::array<std::int64_t, 4> ne{1, 1, 1, 1};  ///< elements per dimension, fastest first
  std::array<std::uint64_t, 4> nb{};           ///< stride of each dimension, bytes
  std::array<tensor*, max_src> src{};          ///< sources; holes are null
  tensor* view_src = nullptr;   ///< the tensor whose memory this one shows (never a view itself)
  std::uint64_t view_offs = 0;  ///< byte offset into view_src
  std::uint64_t nbytes = 0;     ///< bytes from the first to past the last element
  const char* name = "";        ///< role in the graph, for people
  std::int32_t il = -1;         ///< layer, -1: none
  ggml_type type = ggml_type::f32;
  ggml::op op = op::none;
  ggml::unary unary_op{};        ///< of op::unary
  std::uint8_t n_src = 0;        ///< src[n_src] and beyond are null
  bool is_input = false;         ///< written by the caller: allocated first
  bool is_output = false;        ///< read by the caller: never freed, never overwritten
  bool is_weight = false;        ///< a model tensor in a buffer of its own
  bool repacked = false;         ///< a weight that only its own backend can read
  bool eight_bits = false;       ///< a weight that must not be multiplied by four bits
  bool f32_source = false;       ///< mul_mat_id: what is multiplied must not be rounded
  bool f32_accumulator = false;  ///< mul_mat: cuBLAS must compute in f32
  bool hadamard = false;         ///< mul_mat: by a Hadamard matrix, which fast kernels know
  bool has_bias = false;      ///< soft_max, flash_attn_ext: ALiBi slope, or a scale that is not 1
  std::int8_t home = -1;      ///< backend whose buffer holds it outside the graph; -1: none
  const void* owner = nullptr;  ///< of a cache: whose tensors share that buffer; null: not known
  std::int32_t n_kv_max = 0;  ///< flash_attn_ext: upper bound of unmasked cells; 0: all

  // scratch
  bool visited = false;         ///< already in the graph
  std::uint32_t seen_in = 0;    ///< the graph's number, of weights: counted there already
  bool allocated = false;       ///< owns a piece of a compute buffer now
  std::int8_t backend = -1;     ///< where it is computed; preset: pinned by the engine
  std::int8_t buffer = -1;      ///< compute buffer that holds it
  std::int32_t uses = 0;        ///< how often the graph's nodes name it as a source
  std::int32_t n_children = 0;  ///< uses not yet computed
  std::int32_t n_views = 0;     ///< live views of it
  std::int32_t copies = -1;     ///< row of its copies on other backends; -1: none
  std::uint8_t piece = 0;       ///< of `buffer`, where that has several
  std::uint64_t address = 0;    ///< offset there
  std::uint32_t number = 0;     ///< while nodes are put in another order
};

[[nodiscard]] inline std::uint64_t element_size(const tensor& t) {
  return traits(t.type).block_bytes;
}
[[nodiscard]] inline std::int64_t n_elements(const tensor& t) {
  return t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3];
}
[[nodiscard]] inline std::int64_t n_rows(const tensor& t) { return t.ne[1] * t.ne[2] * t.ne[3]; }
/// Whether `t` is a view that begins where `of` does, as V in latent attention is the first of each row of K.
[[nodiscard]] inline bool begins_in(const tensor& t, const tensor& of) {
  return t.view_src && (t.view_src == &of ||
                        (t.view_src == of.view_src && t.view_offs == of.view_offs));
}
[[nodiscard]] inline bool same_shape(const tensor& a, const tensor& b) { return a.ne == b.ne; }
[[nodiscard]] inline bool same_layout(const tensor& a, const tensor& b) {
  return a.type == b.type && a.ne == b.ne && a.nb == b.nb;
}
[[nodiscard]] inline bool is_view(const tensor& t) { return t.view_src != nullptr; }

/// True for operations that compute nothing.
[[nodiscard]] constexpr bool is_view_op(op o) { return o <= op::transpose; }

/// True if dimensions above `n` follow each other without a gap (n = 0: all memory is one run).
/// Source: llama.cpp, ggml/src/ggml.c: ggml_is_contiguous_n
[[nodiscard]] inline bool is_contiguous_above(const tensor& t, int n) {
  std::uint64_t next = element_size(t);
  if (t.ne[0] != traits(t.type).block && t.nb[0] != next) return false;
  next *= static_cast<std::uint64_t>(t.ne[0]) / traits(t.type).block;
  for (int i = 1; i < 4; ++i) {
    const auto d = static_cast<std::size_t>(i);
    if (i > n) {
      if (t.ne[d] != 1 && t.nb[d] != next) return false;
      next *= static_cast<std::uint64_t>(t.ne[d]);
    } else {
      // a dimension up to n may have gaps: the run goes on from its stride
      next = static_cast<std::uint64_t>(t.ne[d]) * t.nb[d];
    }
  }
  return true;
}
[[nodiscard]] inline bool is_contiguous(const tensor& t) { return is_contiguous_above(t, 0); }

/// True if each row is one run of memory.
[[nodiscard]] inline bool is_contiguous_rows(const tensor& t) {
  return t.ne[0] == traits(t.type).block || t.nb[0] == element_size(t);
}

/// Operations that may write over one of their sources.
/// Source: llama.cpp, ggml/src/ggml-alloc.c: ggml_op_can_inplace
[[nodiscard]] constexpr bool can_reuse_source(op o) {
  switch (o) {
    case op::add:
    case op::sub:
    case op::mul:
    case op::div:
    case op::add_id:
    case op::scale:
    case op::clamp:
    case op::sqr:
    case op::sqrt:
    case op::log:
    case op::fill:
    case op::unary:
    case op::rms_norm:
    case op::rope:
    case op::rope_back:
    case op::soft_max:
      return true;
    default:
      return false;
  }
}

}  // namespace vrambudget::ggml
