// Architectures with latent attention, and sparse attention over an index.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/model/rules/attention.hpp"

namespace vrambudget::detail::rules {

// Here and below keys that nothing uses are read as well: a header that has them in another type is damaged.
inline void latent(keys& k, hparams& hp) {
  k.u32("attention.q_lora_rank");
  hp.mla.n_lora_kv = k.required("attention.kv_lora_rank");
  hp.mla.n_embd_head_k = k.u32("attention.key_length_mla");
  hp.mla.n_embd_head_v = k.u32("attention.value_length_mla");
}
inline void deepseek2(keys& k, hparams& hp) {
  latent(k, hp);
  // models of so many layers compress no queries; files of GLM 4.7 Lite leave the gating out and mean sigmoid
  const bool lite = hp.n_layer() == 26 || hp.n_layer() == 27 ||
                    (hp.n_layer() == 48 && hp.n_vocab == 128256);
  if (!lite) k.ask("attention.q_lora_rank");
  const bool glm = (hp.n_layer() == 47 || hp.n_layer() == 48) && hp.n_vocab == 154880;
  experts_after_dense(k, hp, glm ? 2 : 1);
  hp.attn.f_temp_scale = k.f32("attention.temperature_scale");
}
inline void indexer(keys& k, hparams& hp) {
  hp.indexer.n_head = k.u32("attention.indexer.head_count");
  hp.indexer.head_size = k.u32("attention.indexer.key_length");
  hp.indexer.top_k = k.u32("attention.indexer.top_k");
  k.limit("attention.indexer.head_count", hp.indexer.n_head, 1u << 10);
  k.limit("attention.indexer.key_length", hp.indexer.head_size, 1u << 16);
  hp.indexer.is_full_arr.assign(hp.n_layer_all, 1);
}
/// Which layers have an index of their own, where a file says.
inline void indexer_types(keys& k, hparams& hp) {
  if (!k.has("attention.indexer.types")) return;
  hp.indexer.is_full_arr = k.flags("attention.indexer.types", hp.n_layer());
  hp.indexer.is_full_arr.resize(hp.n_layer_all, 0);
}
/// RoPE turns no more of a head than there is, an index's or its own; 0: a file does not say how wide it is.
inline void rotates_within(keys& k, const hparams& hp, std::uint32_t head) {
  if (head > 0) k.limit("rope.dimension_count", hp.rope.n_rot, head);
}
/// The only gating that the engine takes of some: the square root of a softplus.
inline void by_square_root(keys& k, const hparams& hp) {
  constexpr std::uint32_t sqrt_softplus_gating = 4;
  if (k.has("expert_gating_func") && hp.moe.gating_func != sqrt_softplus_gating)
    k.fail({errc::unsupported, "key '" + k.architecture() + ".expert_gating_func' is " +
                                   std::to_string(hp.moe.gating_func) + ": the engine runs 4"});
}
/// Hyper-connections.
inline void streams(keys& k, hparams& hp) {
  hp.hc.mult = k.positive("hyper_connection.count");
  k.limit("hyper_connection.count", hp.hc.mult, 64);
}
/// Every layer has an index of its own, whatever the file says.
inline void deepseek32(keys& k, hparams& hp) {
  latent(k, hp);
  indexer(k, hp);
  rotates_within(k, hp, hp.indexer.head_size);
  experts_after_dense(k, hp, 2);
}
inline void sparse_latent(keys& k, hparams& hp) {
  deepseek32(k, hp);
  indexer_types(k, hp);
}
inline void dots3note(keys& k, hparams& hp) {
  deepseek32(k, hp);
  if (k.has("attention.indexer.types"))
    hp.indexer.is_full_arr = k.listed_flags("attention.indexer.types", hp.n_layer());
  hp.indexer.is_full_arr.resize(hp.n_layer_all, 0);
  hp.mla.n_lora_kv_swa = k.u32("attention.kv_lora_rank_swa");
  hp.mla.n_embd_head_k_swa = k.u32("attention.key_length_mla_swa");
  hp.mla.n_embd_head_v_swa = k.u32("attention.value_length_mla_swa");
  listed_window(k, hp);
}
inline void hy_v4(keys& k, hparams& hp) {
  latent(k, hp);
  indexer(k, hp);
  indexer_types(k, hp);
  experts_after_dense(k, hp, 2);
  streams(k, hp);
  if (hp.indexer.top_k > 0 && (hp.indexer.n_head == 0 || hp.indexer.head_size <= hp.rope.n_rot))
    k.fail({errc::bad_format, "the index of '" + k.architecture() +
                                  ".attention.indexer' has no heads, or none wider than the " +
                                  std::to_string(hp.rope.n_rot) + " rotated"});
  if (hp.indexer.top_k > 0 && !hp.is_indexer_full(0))
    k.fail({errc::bad_format, "layer 0 has no index of its own by key '" + k.architecture() +
                                  ".attention.indexer.types', and none before it to share"});
}
inline void deepseek4(keys& k, hparams& hp) {
  indexer(k, hp);
  k.u32("attention.q_lora_rank");
  hp.dsv4.o_lora_rank = k.u32("attention.output_lora_rank");
  streams(k, hp);
  hp.hc.sinkhorn_iters = k.u32("hyper_connection.sinkhorn_iterations");
  k.limit("hyper_connection.sinkhorn_iterations", hp.hc.sinkhorn_iters, 1000);
  hp.dsv4.hash_layer_count = k.u32("hash_layer_count");
  hp.dsv4.o_group_count = std::max(1u, k.u32("attention.output_group_count"));
  experts_after_dense(k, hp, 0);
  by_square_root(k, hp);
  rotates_within(k, hp, hp.attn.n_embd_head_k);
  rotates_within(k, hp, hp.indexer.head_size);
  hp.n_embd_out_impl = hp.hc.mult * hp.n_embd;
  hp.dsv4.compress_ratios = k.per_layer("attention.compress_ratios", hp.n_layer_all, 0, true);
  for (const std::uint32_t n : hp.dsv4.compress_ratios)
    if (n != 0 && n != 4 && n != 128)
      k.fail({errc::unsupported, "key '" + k.architecture() + ".attention.compress_ratios' has " +
                                     std::to_string(n) + ": the engine runs 0, 4 and 128"});
  heads_of_one_size(k, hp);
  hp.swa.n = k.required("attention.sliding_window");
  hp.swa.type = swa_type::standard;
  hp.swa.arr.assign(hp.n_layer_all, 1);
}
inline void minimax_m3(keys& k, hparams& hp) {
  indexer(k, hp);
  experts_after_dense(k, hp, 2);
  hp.indexer.n_head = k.positive("attention.indexer.head_count");
  hp.indexer.block_size = k.positive("attention.indexer.block_size");
  k.limit("attention.indexer.block_size", hp.indexer.block_size, 1u << 16);
  k.u32("attention.indexer.local_blocks");
}

}  // namespace vrambudget::detail::rules
