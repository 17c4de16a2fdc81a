// Which tensors `-sm tensor` cuts, along which axis, and after which tensor's blocks. All others are copied.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace vrambudget {

/// What is cut in one way.
enum class sliced_part : std::uint8_t {
  query,
  key,
  value,
  query_key_value,
  norm,         ///< of queries or keys, with a row for each head
  sinks,        ///< a value for each head
  attn_gate,    ///< of attention's or a delta net's result
  attn_output,  ///< multiplies it
  conv1d,
  per_head,    ///< of a delta net: values of each head
  beta_alpha,  ///< two of them
  ssm_out,
  up,  ///< of a feed-forward; may hold the gate as well
  ffn,
  gate_up,
  query_b,  ///< from here on where attention's output is multiplied in groups
  output_a,
  output_b,
  shared,
  output,     ///< logits
  key_cache,  ///< from here on what contexts keep
  value_cache,
  convolution,
  recurrence,
};

/// A tensor whose type's blocks must not be cut.
enum class reference : std::uint8_t { attn_output, ssm_out, ffn_down, down_exps, output_a, shared };
inline constexpr std::size_t n_references = 6;
inline constexpr std::array<std::string_view, n_references> reference_names = {
    "attn_output.weight",   "ssm_out.weight",       "ffn_down.weight",
    "ffn_down_exps.weight", "attn_output_a.weight", "ffn_down_shexp.weight"};

struct part_row {
  std::string_view name;  ///< without "blk.N."
  sliced_part is;
  std::int8_t axis;
};

/// Source: llama.cpp, src/llama-model.cpp: llama_meta_device_get_split_state
inline constexpr part_row part_rows[] = {
    {"attn_q.weight", sliced_part::query, 1},
    {"attn_q.bias", sliced_part::query, 0},
    {"attn_k.weight", sliced_part::key, 1},
    {"attn_k.bias", sliced_part::key, 0},
    {"attn_v.weight", sliced_part::value, 1},
    {"attn_v.bias", sliced_part::value, 0},
    {"attn_qkv.weight", sliced_part::query_key_value, 1},
    {"attn_qkv.bias", sliced_part::query_key_value, 0},
    {"attn_q_norm.weight", sliced_part::norm, 1},
    {"attn_k_norm.weight", sliced_part::norm, 1},
    {"attn_sinks.weight", sliced_part::sinks, 0},
    {"attn_gate.weight", sliced_part::attn_gate, 1},
    {"attn_output.weight", sliced_part::attn_output, 0},
    {"ssm_conv1d.weight", sliced_part::conv1d, 1},
    {"ssm_dt.bias", sliced_part::per_head, 0},
    {"ssm_a", sliced_part::per_head, 0},
    {"ssm_alpha.weight", sliced_part::per_head, 1},
    {"ssm_beta.weight", sliced_part::per_head, 1},
    {"ssm_ba.weight", sliced_part::beta_alpha, 1},
    {"ssm_out.weight", sliced_part::ssm_out, 0},
    {"ffn_up.weight", sliced_part::up, 1},
    {"ffn_up.bias", sliced_part::up, 0},
    {"ffn_up_exps.weight", sliced_part::up, 1},
    {"ffn_up_exps.bias", sliced_part::up, 0},
    {"ffn_gate.weight", sliced_part::ffn, 1},
    {"ffn_gate.bias", sliced_part::ffn, 0},
    {"ffn_gate_exps.weight", sliced_part::ffn, 1},
    {"ffn_gate_exps.bias", sliced_part::ffn, 0},
    {"ffn_gate_up.weight", sliced_part::gate_up, 1},
    {"ffn_gate_up_exps.weight", sliced_part::gate_up, 1},
    {"ffn_down.weight", sliced_part::ffn, 0},
    {"ffn_down_exps.weight", sliced_part::ffn, 0},
    {"attn_q_b.weight", sliced_part::query_b, 1},
    {"attn_output_a.weight", sliced_part::output_a, 2},
    {"attn_output_b.weight", sliced_part::output_b, 0},
    {"ffn_up_shexp.weight", sliced_part::shared, 1},
    {"ffn_gate_shexp.weight", sliced_part::shared, 1},
    {"ffn_down_shexp.weight", sliced_part::shared, 0},
    {"output.weight", sliced_part::output, 1},
    {"output.bias", sliced_part::output, 0},
};

/// Parts that are copied unless attention's output is multiplied in groups.
[[nodiscard]] constexpr bool is_of_groups(sliced_part p) {
  return p >= sliced_part::query_b && p <= sliced_part::shared;
}
[[nodiscard]] constexpr bool is_state(sliced_part p) {
  return p == sliced_part::convolution || p == sliced_part::recurrence;
}

/// The row of a tensor, `in_layer`: of one of a layer; null: it is copied.
[[nodiscard]] constexpr const part_row* find_part(std::string_view name, bool in_layer) {
  for (const part_row& row : part_rows)
    if (row.name == name && (row.is == sliced_part::output) != in_layer) return &row;
  return nullptr;
}

/// Whose blocks decide: the first, or the second in layers without it.
[[nodiscard]] constexpr std::pair<reference, reference> references_of(sliced_part p,
                                                                      bool in_groups) {
  using enum sliced_part;
  switch (p) {
    case query:
    case key:
    case value:
    case query_key_value:
    case attn_gate:
      return {reference::attn_output, reference::ssm_out};
    case norm:
    case key_cache:
    case value_cache:
    case attn_output:
      return {reference::attn_output, reference::attn_output};
    case sinks:
      return in_groups ? std::pair{reference::output_a, reference::output_a}
                       : std::pair{reference::attn_output, reference::attn_output};
    case query_b:
    case output_a:
      return {reference::output_a, reference::output_a};
    case shared:
      return {reference::shared, reference::shared};
    case conv1d:
    case per_head:
    case beta_alpha:
    case ssm_out:
    case convolution:
    case recurrence:
      return {reference::ssm_out, reference::ssm_out};
    default:
      return {reference::ffn_down, reference::down_exps};
  }
}

}  // namespace vrambudget
