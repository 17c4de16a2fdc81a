// What the CPU's backend takes beside its buffers while it computes a graph: room for the operation that needs
// most, kept from then on.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "vrambudget/engine/cpu_variant.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::cpu {

/// Threads of a server, `-t`, which no run tells: few, as many as a PC has cores, as many as a server.
inline constexpr std::array<std::uint64_t, 3> n_threads = {4, 8, 32};
/// A result for each of these.
using by_threads = std::array<std::uint64_t, n_threads.size()>;

/// The type that a product's second operand is made of.
/// Source: llama.cpp, ggml/src/ggml-cpu/ggml-cpu.c: type_traits_cpu, vec_dot_type
[[nodiscard]] constexpr ggml_type factor_type(ggml_type t) {
  using enum ggml_type;
  switch (t) {
    case f32:
    case f16:
    case bf16:
      return t;
    case q4_1:
    case q5_1:
    case q8_1:
      return q8_1;
    case q1_0:
    case q2_0:
    case q4_0:
    case q5_0:
    case q8_0:
    case iq4_nl:
    case mxfp4:
    case nvfp4:
      return q8_0;
    default:
      return q8_k;
  }
}

namespace detail {

inline constexpr std::uint64_t cache_line = 64;

[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t n, std::uint64_t to) {
  return pad(bytes{n}, to).count;
}
[[nodiscard]] inline std::uint64_t count(std::int64_t n) { return static_cast<std::uint64_t>(n); }

/// What each thread decodes eight rows of a grid-based type into; 0: it does not.
/// Source: llama.cpp, ggml/src/ggml-cpu/iqp.cpp
[[nodiscard]] inline std::uint64_t panel(const ggml::tensor& t, std::int64_t n_rows,
                                         const cpu_variant& on) {
  using enum ggml_type;
  const ggml::tensor& w = *t.src[0];
  constexpr std::array grids = {iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq1_s, iq1_m};
  constexpr std::int64_t block = 256, least_rows = 8;
  constexpr std::uint64_t decoded_block = 8 * 4 + 8 * 4 + 128 + 2048;
  if (!on.has(x86::avx2) || std::find(grids.begin(), grids.end(), w.type) == grids.end() ||
      w.ne[0] % block != 0 || w.ne[1] % least_rows != 0 || n_rows < least_rows)
    return 0;
  return padded(count(w.ne[0] / block) * decoded_block, cache_line);
}

[[nodiscard]] inline std::uint64_t of_product(const ggml::tensor& t, std::uint64_t n,
                                              const cpu_variant& on) {
  const ggml::tensor &w = *t.src[0], &by = *t.src[1];
  const ggml_type as = factor_type(w.type);
  const std::uint64_t made = row_size(as, count(n_elements(by))).count;
  if (w.repacked) return made;
  const std::uint64_t rows = by.type != as ? made : 0;
  const std::uint64_t each = w.ne[2] == 1 ? panel(t, by.ne[1], on) : 0;
  return each > 0 ? padded(rows, cache_line) + n * each : rows;
}

[[nodiscard]] inline std::uint64_t of_experts(const ggml::tensor& t, std::uint64_t n,
                                              const cpu_variant& on) {
  const ggml::tensor &w = *t.src[0], &by = *t.src[1], &ids = *t.src[2];
  const std::uint64_t n_experts = count(w.ne[2]), number = sizeof(std::int64_t);
  const ggml_type as = factor_type(w.type);
  const std::uint64_t made = row_size(as, count(n_elements(by))).count;
  if (w.repacked)
    return padded(made, number) + number * n_experts * (count(by.ne[2]) + 1);
  const std::uint64_t rows = by.type != as ? made + number : 0;
  const std::uint64_t mapped = number * (n_experts + 1) +
                               number * (n_experts * count(ids.ne[0] * ids.ne[1]) + 1) +
                               cache_line * (n_experts + 1);
  const std::uint64_t each = panel(t, ids.ne[0] * ids.ne[1], on);
  return rows + mapped + (each > 0 ? n * each + cache_line : 0);
}

[[nodiscard]] inline std::uint64_t of_attention(const ggml::tensor& t, std::uint64_t n) {
  constexpr std::uint64_t q = 64, kv = 64;  // rows of a tile
  const std::uint64_t n_head = count(t.src[0]->ne[2]), k = count(t.src[1]->ne[0]),
                      v = count(t.src[2]->ne[0]);
  const std::uint64_t tiles = n * (q * k + 2 * q * kv + q * v + kv * v + kv * k);
  const std::uint64_t chunks = n_head * n * (2 + v) + n * (k + 2 * v);
  return sizeof(float) * std::max(tiles, chunks);
}

[[nodiscard]] inline bool converts(const ggml::tensor& t) {
  using enum ggml_type;
  const ggml_type from = t.src[0]->type, to = t.type;
  return is_quantized(to) || (from == f16 && to == bf16) || (from == bf16 && to == f16) ||
         (from == f32 && to == i32) || (from == i32 && to == f32);
}

[[nodiscard]] inline std::uint64_t of_operation(const ggml::tensor& t, std::uint64_t n,
                                                const cpu_variant& on) {
  using ggml::op;
  const auto row_each = [n](const ggml::tensor& of) { return sizeof(float) * count(of.ne[0]) * n; };
  switch (t.op) {
    case op::mul_mat:
      return of_product(t, n, on);
    case op::mul_mat_id:
      return of_experts(t, n, on);
    case op::flash_attn_ext:
      return of_attention(t, n);
    case op::soft_max:
    case op::rope:
    case op::rope_back:
      return row_each(t);
    case op::cpy:
    case op::dup:
      return converts(t) ? row_each(t) : 0;
    case op::set_rows:
      return t.src[0]->type == ggml_type::f16 && t.type != ggml_type::f16
                 ? sizeof(float) * count(t.src[0]->ne[0])
                 : 0;
    case op::top_k:
      return row_each(*t.src[0]);
    case op::lightning_indexer:
      return row_each(*t.src[1]);
    case op::gated_delta_net:
      return row_each(*t.src[2]) * (1 + count(t.src[2]->ne[0]));
    case op::conv_2d:
      return std::uint64_t{16} << 20;
    default:
      return 0;
  }
}

}  // namespace detail

/// Raises `need` to what an operation takes with each number of threads.
///
/// Formula:  of matrix products the second operand in the type that the first one's kernel multiplies by; of
///           experts also which rows each gets; of attention tiles for each thread; of others a row for each thread
/// Units:    bytes
/// Accuracy: bound of delta nets that keep no states, exact of others, for that many threads
/// Source:   llama.cpp, ggml/src/ggml-cpu/ggml-cpu.c: ggml_graph_plan; repack.cpp, amx/mmq.cpp: work_size
inline void raise_scratch(by_threads& need, const ggml::tensor& t, const cpu_variant& on) {
  for (std::size_t i = 0; i < need.size(); ++i) {
    const std::uint64_t drawn = detail::of_operation(t, n_threads[i], on);
    if (drawn > 0) need[i] = std::max(need[i], drawn + detail::cache_line * n_threads[i]);
  }
}

}  // namespace vrambudget::cpu
