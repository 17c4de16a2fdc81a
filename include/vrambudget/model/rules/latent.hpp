// Architectures with latent attention, and sparse attention over an index.
#pragma once

#include <algorithm>
#include <cstdint>

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
  // files of GLM 4.7 Lite leave the gating out and mean sigmoid
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
  if (k.has("attention.indexer.types"))
    hp.indexer.is_full_arr = k.flags("attention.indexer.types", hp.n_layer());
  else
    hp.indexer.is_full_arr.assign(hp.n_layer_all, 1);
  hp.indexer.is_full_arr.resize(hp.n_layer_all, 0);
}
/// Hyper-connections.
inline void streams(keys& k, hparams& hp) {
  hp.hc.mult = k.positive("hyper_connection.count");
  k.limit("hyper_connection.count", hp.hc.mult, 64);
}
inline void sparse_latent(keys& k, hparams& hp) {
  latent(k, hp);
  indexer(k, hp);
  experts_after_dense(k, hp, 2);
}
/// Every layer has an index of its own, whatever the file says.
inline void deepseek32(keys& k, hparams& hp) {
  sparse_latent(k, hp);
  hp.indexer.is_full_arr.assign(hp.n_layer_all, 1);
}
inline void dots3note(keys& k, hparams& hp) {
  sparse_latent(k, hp);
  hp.mla.n_lora_kv_swa = k.u32("attention.kv_lora_rank_swa");
  hp.mla.n_embd_head_k_swa = k.u32("attention.key_length_mla_swa");
  hp.mla.n_embd_head_v_swa = k.u32("attention.value_length_mla_swa");
  listed_window(k, hp);
}
inline void hy_v4(keys& k, hparams& hp) {
  sparse_latent(k, hp);
  streams(k, hp);
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
  hp.n_embd_out_impl = hp.hc.mult * hp.n_embd;
  hp.dsv4.compress_ratios = k.per_layer("attention.compress_ratios", hp.n_layer_all, 0, true);
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
