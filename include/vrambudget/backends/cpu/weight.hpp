// How the CPU's backend lays out the weights that it multiplies by: as the file has them, or anew for its
// instructions, in a buffer that no other backend reads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/engine/cpu_variant.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::cpu {

enum class layout : std::uint8_t {
  plain,
  repacked,  ///< rows of several outputs interleaved, in "CPU_REPACK"
  tiles      ///< of matrix units, in "AMX"
};

/// What the engine expects a graph to do with a tensor.
enum class used_for : std::uint8_t { product, product_of_experts, other };

namespace detail {

/// Matrices of layers that are looked up or taken element by element.
/// Source: llama.cpp, src/llama-arch.cpp: LLM_TENSOR_INFOS
inline constexpr std::array<std::string_view, 22> no_factors = {
    "attn_compressor_ape", "indexer_compressor_ape", "attn_rel_b",     "nextn.embed_tokens",
    "markov_w1",           "selector_predecessor",   "selector_successor", "conv1d",
    "conv1",               "conv2",                  "dw",             "shortconv.conv",
    "ssm_conv1d",          "ssm_conv1d_q",           "ssm_conv1d_k",   "ssm_conv1d_v",
    "ple_conv1d",          "attn_conv_base",         "ffn_conv_base",  "time_mix_first",
    "time_mix_lerp_fused", "altup_correct_scale"};

[[nodiscard]] inline bool is_expert_matrix(std::string_view rest) {
  return rest.starts_with("ffn_") && (rest.find("_exps.") != std::string_view::npos ||
                                      rest.find("_chexps.") != std::string_view::npos);
}

}  // namespace detail

/// `as_input`: its rows are looked up.
/// Source: llama.cpp, src/llama-model-loader.cpp: create_tensor
[[nodiscard]] inline used_for use_of(const model& m, std::string_view name, bool as_input) {
  std::string_view rest = stack_of(name).rest;
  if (as_input || rest.ends_with(".bias")) return used_for::other;
  const bool is_routed_pair = m.hp.attn.router_layer >= 0 &&
                              (rest.ends_with(".lora_a") || rest.ends_with(".lora_b"));
  if (is_routed_pair || detail::is_expert_matrix(rest)) return used_for::product_of_experts;
  rest = rest.substr(0, rest.rfind('.'));
  const auto& none = detail::no_factors;
  const bool is_other = rest.find("norm") != std::string_view::npos ||
                        std::find(none.begin(), none.end(), rest) != none.end();
  return is_other ? used_for::other : used_for::product;
}

/// Of how many rows each group is interleaved; 0: such tensors stay as they are.
/// Source: llama.cpp, ggml/src/ggml-cpu/repack.cpp: ggml_repack_get_optimal_repack_type
[[nodiscard]] constexpr std::int64_t interleaved_rows(ggml_type t, const cpu_variant& on) {
  using enum ggml_type;
  const bool avx2 = on.has(x86::avx2), dotprod = on.has(arm::dotprod);
  switch (t) {
    case q4_0:
    case iq4_nl:
    case mxfp4:
      return avx2 ? 8 : dotprod ? 4 : 0;
    case q4_k:
      return avx2 || dotprod ? 8 : 0;
    case q2_k:
      return on.has(x86::avx512) ? 8 : 0;
    case q5_k:
    case q6_k:
      return dotprod ? 8 : 0;
    case q8_0:
    case q1_0:
      return dotprod ? 4 : 0;
    default:
      return 0;
  }
}

/// A type as matrix units take it.
struct tile_type {
  ggml_type type;
  std::int64_t group;         ///< of a row's elements, which it must have whole
  std::uint64_t added_bytes;  ///< to each block
};
/// Source: llama.cpp, ggml/src/ggml-cpu/amx/amx.cpp: supports_op; mmq.cpp: get_row_size
inline constexpr std::array tile_types = {
    tile_type{ggml_type::q4_0, 32, 0}, tile_type{ggml_type::q4_1, 32, 0},
    tile_type{ggml_type::q8_0, 32, 4}, tile_type{ggml_type::q4_k, 256, 4},
    tile_type{ggml_type::q5_k, 256, 4}, tile_type{ggml_type::q6_k, 256, 0},
    tile_type{ggml_type::iq4_xs, 256, 2}, tile_type{ggml_type::f16, 16, 0}};

/// Null: units take no such type.
[[nodiscard]] constexpr const tile_type* find_tile_type(ggml_type t) {
  for (const tile_type& k : tile_types)
    if (k.type == t) return &k;
  return nullptr;
}

/// How a tensor lies that has no better place than the CPU's own buffers.
///
/// Formula:  the first of AMX's and CPU_REPACK's buffers that takes the product which it is for, else plain
/// Source:   llama.cpp, src/llama-model.cpp: make_cpu_buft_list; ggml/src/ggml-cpu/ggml-cpu.cpp:
///           ggml_backend_cpu_get_extra_buffer_types; repack.cpp: supports_op
[[nodiscard]] inline layout layout_of(const model& m, const model_tensor& t, bool as_input,
                                      const cpu_variant& on) {
  const used_for use = use_of(m, t.name, as_input);
  if (use == used_for::other) return layout::plain;
  constexpr std::int64_t two_tiles = 32;
  if (on.has(x86::amx_int8) && use == used_for::product && t.ne[1] % two_tiles == 0)
    if (const tile_type* k = find_tile_type(t.type); k && t.ne[0] % k->group == 0)
      return layout::tiles;
  const int n_dims = t.ne[3] > 1 ? 4 : t.ne[2] > 1 ? 3 : t.ne[1] > 1 ? 2 : 1;
  const std::int64_t rows = interleaved_rows(t.type, on);
  const bool fits = rows > 0 && t.ne[1] % rows == 0 &&
                    n_dims == (use == used_for::product_of_experts ? 3 : 2);
  return fits ? layout::repacked : layout::plain;
}

/// Room of a tensor there, padded. Interleaved rows are as long as they were.
/// Source:   llama.cpp, ggml/src/ggml-cpu/amx/mmq.cpp: ggml_backend_amx_get_alloc_size
[[nodiscard]] inline bytes size_of(const model_tensor& t, layout as) {
  bytes size = t.size;
  if (as == layout::tiles)
    if (const tile_type* k = find_tile_type(t.type); k && k->added_bytes > 0)
      size += bytes{k->added_bytes} * static_cast<std::uint64_t>(t.ne[0] / k->group * t.ne[1]);
  return pad(size, buffers.alignment);
}

}  // namespace vrambudget::cpu
