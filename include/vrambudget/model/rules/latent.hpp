// Architectures with latent attention, and sparse attention over an index.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/model/rules/attention.hpp"

namespace vrambudget::detail::rules {

inline void deepseek2(keys& k, hparams& hp) {
  // files of GLM 4.7 Lite leave the gating out and mean sigmoid
  const bool glm = (hp.n_layer() == 47 || hp.n_layer() == 48) && hp.n_vocab == 154880;
  experts_after_dense(k, hp, glm ? 2 : 1);
  hp.n_lora_q = k.u32("attention.q_lora_rank");
  hp.n_lora_kv = k.required("attention.kv_lora_rank");
  hp.n_embd_head_k_mla_impl = k.u32("attention.key_length_mla");
  hp.n_embd_head_v_mla_impl = k.u32("attention.value_length_mla");
  hp.f_attn_temp_scale = k.f32("attention.temperature_scale");
}

inline void latent(keys& k, hparams& hp) {
  hp.n_lora_q = k.u32("attention.q_lora_rank");
  hp.n_lora_kv = k.required("attention.kv_lora_rank");
  hp.n_embd_head_k_mla_impl = k.u32("attention.key_length_mla");
  hp.n_embd_head_v_mla_impl = k.u32("attention.value_length_mla");
}
inline void indexer(keys& k, hparams& hp) {
  hp.indexer_n_head = k.u32("attention.indexer.head_count");
  hp.indexer_head_size = k.u32("attention.indexer.key_length");
  hp.indexer_top_k = k.u32("attention.indexer.top_k");
  k.limit("attention.indexer.key_length", hp.indexer_head_size, 1u << 16);
  if (k.has("attention.indexer.types"))
    hp.is_indexer_full_arr = k.flags("attention.indexer.types", hp.n_layer());
  else
    hp.is_indexer_full_arr.assign(hp.n_layer_all, 1);
  hp.is_indexer_full_arr.resize(hp.n_layer_all, 0);
}
/// Hyper-connections.
inline void streams(keys& k, hparams& hp) {
  hp.dsv4_hc_mult = k.positive("hyper_connection.count");
  k.limit("hyper_connection.count", hp.dsv4_hc_mult, 64);
}
inline void sparse_latent(keys& k, hparams& hp) {
  latent(k, hp);
  indexer(k, hp);
  experts_after_dense(k, hp, 2);
}
inline void dots3note(keys& k, hparams& hp) {
  sparse_latent(k, hp);
  hp.n_lora_kv_swa = k.u32("attention.kv_lora_rank_swa");
  hp.n_embd_head_k_mla_swa = k.u32("attention.key_length_mla_swa");
  hp.n_embd_head_v_mla_swa = k.u32("attention.value_length_mla_swa");
  listed_window(k, hp);
}
inline void hy_v4(keys& k, hparams& hp) {
  sparse_latent(k, hp);
  streams(k, hp);
}
inline void deepseek4(keys& k, hparams& hp) {
  indexer(k, hp);
  hp.n_lora_q = k.u32("attention.q_lora_rank");
  hp.dsv4_o_lora_rank = k.u32("attention.output_lora_rank");
  streams(k, hp);
  hp.dsv4_hc_sinkhorn_iters = k.u32("hyper_connection.sinkhorn_iterations");
  k.limit("hyper_connection.sinkhorn_iterations", hp.dsv4_hc_sinkhorn_iters, 1000);
  hp.dsv4_hash_layer_count = k.u32("hash_layer_count");
  hp.dsv4_o_group_count = std::max(1u, k.u32("attention.output_group_count"));
  experts_after_dense(k, hp, 0);
  hp.n_embd_out_impl = hp.dsv4_hc_mult * hp.n_embd;
  hp.dsv4_compress_ratios = k.per_layer("attention.compress_ratios", hp.n_layer_all);
  hp.n_swa = k.required("attention.sliding_window");
  hp.swa_type = swa_type::standard;
  hp.is_swa_arr.assign(hp.n_layer_all, 1);
}
inline void minimax_m3(keys& k, hparams& hp) {
  indexer(k, hp);
  experts_after_dense(k, hp, 2);
  hp.indexer_n_head = k.positive("attention.indexer.head_count");
  hp.indexer_block_size = k.positive("attention.indexer.block_size");
  k.limit("attention.indexer.block_size", hp.indexer_block_size, 1u << 16);
  hp.indexer_local_blocks = k.u32("attention.indexer.local_blocks");
}

}  // namespace vrambudget::detail::rules
