// What a tensor is for, as llama-quantize reads it from its name, and which tensors it leaves alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "vrambudget/model/model.hpp"

namespace vrambudget::detail {

/// What a tensor's name says of its use.
enum class tensor_role : std::uint8_t {
  output,
  token_embd,
  attn_qkv,
  attn_kv_b,
  attn_v,
  attn_k,
  attn_q,
  attn_output,
  ffn_up,
  ffn_gate,
  ffn_down,
  other
};

[[nodiscard]] inline tensor_role role_of(std::string_view name) {
  if (name == "output.weight") return tensor_role::output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight")
    return tensor_role::token_embd;
  using pair = std::pair<std::string_view, tensor_role>;
  for (const auto& [part, role] : {pair{"attn_qkv.weight", tensor_role::attn_qkv},
                                   {"attn_kv_b.weight", tensor_role::attn_kv_b},
                                   {"attn_v.weight", tensor_role::attn_v},
                                   {"attn_k.weight", tensor_role::attn_k},
                                   {"attn_q.weight", tensor_role::attn_q},
                                   {"attn_output.weight", tensor_role::attn_output},
                                   {"ffn_up", tensor_role::ffn_up},
                                   {"ffn_gate", tensor_role::ffn_gate},
                                   {"ffn_down", tensor_role::ffn_down}})
    if (name.find(part) != name.npos) return role;
  return tensor_role::other;
}

/// Whether values pass through it: the engine spends more bits there.
[[nodiscard]] constexpr bool is_value(tensor_role r) {
  return r == tensor_role::attn_v || r == tensor_role::attn_qkv || r == tensor_role::attn_kv_b;
}

/// Parts of names of matrices that keep the type they have, being small or delicate.
/// Source: llama.cpp, src/llama-quant.cpp: tensor_allows_quantization
inline constexpr std::array<std::string_view, 35> kept_names = {
    "_norm.weight",
    "ffn_gate_inp.weight",
    "ffn_gate_tid2eid.weight",
    "altup",
    "laurel",
    "per_layer_model_proj",
    "ssm_conv1d",
    "shortconv.conv.weight",
    "indexer.k_proj.weight",
    "indexer.q_proj.weight",
    "time_mix_first.weight",
    "time_mix_w0.weight",
    "time_mix_w1.weight",
    "time_mix_w2.weight",
    "time_mix_v0.weight",
    "time_mix_v1.weight",
    "time_mix_v2.weight",
    "time_mix_a0.weight",
    "time_mix_a1.weight",
    "time_mix_a2.weight",
    "time_mix_g1.weight",
    "time_mix_g2.weight",
    "time_mix_decay_w1.weight",
    "time_mix_decay_w2.weight",
    "time_mix_lerp_fused.weight",
    "attn_rel_b.weight",
    ".position_embd",
    "sam.pos_embd",
    "sam.neck.",
    "sam.net_",
    ".rel_pos",
    ".patch_embd",
    ".patch_merger",
    "a.rvq.codebook",
    "mm.a.code_embd",
};

/// The same for models that keep small matrices.
inline constexpr std::array<std::string_view, 14> kept_small_names = {
    "hc_",
    "indexer.attn_q_b",
    "indexer.attn_k",
    "indexer.proj",
    "indexer_compressor_gate",
    "indexer_compressor_ape",
    "ssm_f_a.weight",
    "ssm_f_b.weight",
    "ssm_g_a.weight",
    "ssm_g_b.weight",
    "ssm_beta.weight",
    "attn_kv_a_mqa.weight",
    "attn_k_b.weight",
    "attn_v_b.weight",
};
/// Parts of names of what these models give eight bits at least.
inline constexpr std::array<std::string_view, 3> eight_bit_names = {"attn_q_a", "attn_q_b",
                                                                    "nextn.eh_proj"};

template <std::size_t n>
[[nodiscard]] bool has_part_of(std::string_view name,
                               const std::array<std::string_view, n>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return name.find(part) != name.npos; });
}

/// What llama-quantize makes of a tensor by its name.
struct tensor_use {
  tensor_role role = tensor_role::other;
  bool is_kept = true;  ///< in the type it has
  bool has_eight_bits = false;
};

/// `keeps_small`: the model is one of those that keep small matrices.
[[nodiscard]] inline tensor_use use_of(std::string_view name, bool keeps_small = false) {
  const bool is_kept = !name.ends_with("weight") || name == "position_embd.weight" ||
                       name == "token_types.weight" || has_part_of(name, kept_names) ||
                       (keeps_small && has_part_of(name, kept_small_names));
  return {role_of(name), is_kept, keeps_small && has_part_of(name, eight_bit_names)};
}

/// Vectors are kept as well.
[[nodiscard]] inline bool is_matrix(const model_tensor& t) {
  return t.ne[1] > 1 || t.ne[2] > 1 || t.ne[3] > 1;
}

}  // namespace vrambudget::detail
