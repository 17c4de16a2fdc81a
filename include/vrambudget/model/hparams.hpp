// A model's hyperparameters, by the engine's names. keys.hpp reads single keys, read_hparams.hpp fills
// this in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/model/block_hparams.hpp"

namespace vrambudget {

/// Everything sizes and graphs depend on. Per-layer vectors have n_layer_all entries. 0: absent.
struct hparams {
  // layers and widths
  std::uint32_t n_layer_all = 0;    ///< `block_count`, draft layers included
  std::uint32_t n_layer_nextn = 0;  ///< `nextn_predict_layers`
  std::uint32_t n_ctx_train = 0;    ///< `context_length`
  std::uint32_t n_vocab = 0;
  std::uint32_t n_embd = 0;  ///< `embedding_length`
  std::uint32_t n_embd_inp_impl = 0, n_embd_out_impl = 0;
  std::uint32_t n_embd_per_layer = 0;  ///< of embeddings beside each layer
  std::uint32_t n_deepstack_layers = 0;
  std::vector<std::int32_t> deepstack_arr;  ///< as deepstack(il); empty: none in any layer
  std::vector<std::uint32_t> n_head_arr, n_head_kv_arr, n_ff_arr;
  std::vector<std::uint8_t> is_recr_arr;
  std::vector<std::uint32_t> block_arr;  ///< whose tensors each layer uses; empty: its own
  std::uint32_t dec_n_layer = 0;         ///< of a decoder beside the encoder

  // the whole model
  enum pooling pooling_type = pooling::unspecified;
  bool has_encoder = false, supports_rollback = false, mixes_inputs = true;
  bool is_70b = false;           ///< the engine takes it for a model of 70 B parameters
  bool f32_branch_ends = false;  ///< output and down projections are computed in full precision
  bool rms_norm = false;         ///< of architectures with either norm
  bool swin_norm = false, use_par_res = false;
  float f_situ_linear_beta = 0;  ///< of the activation

  // blocks
  attention_hparams attn;
  rope_hparams rope;
  swa_hparams swa;
  mla_hparams mla;
  indexer_hparams indexer;
  moe_hparams moe;
  switched_hparams switched;
  scale_hparams scale;
  ssm_hparams ssm;
  kda_hparams kda;
  wkv_hparams wkv;
  std::uint32_t n_embd_head_la = 0;       ///< linear attention
  std::uint32_t n_shortconv_l_cache = 0;  ///< short convolutions
  hc_hparams hc;
  dsv4_hparams dsv4;
  ple_hparams ple;
  hrm_hparams hrm;
  loop_hparams loop;
  vocoder_hparams vocoder;
  decision_hparams decision;
  draft_hparams draft;
  width_hparams widths;
  std::string lacks;  ///< a key that the engine loads no file without, and no size depends on; empty: none

  [[nodiscard]] std::uint32_t n_layer() const { return n_layer_all - n_layer_nextn; }
  [[nodiscard]] std::uint32_t n_embd_inp() const {
    return n_embd_inp_impl ? n_embd_inp_impl : n_embd * (1 + n_deepstack_layers);
  }
  [[nodiscard]] std::uint32_t n_embd_out() const {
    return n_embd_out_impl ? n_embd_out_impl : n_embd;
  }
  [[nodiscard]] std::uint32_t n_head(std::uint32_t il = 0) const { return n_head_arr[il]; }
  [[nodiscard]] std::uint32_t n_head_kv(std::uint32_t il = 0) const { return n_head_kv_arr[il]; }
  [[nodiscard]] std::uint32_t n_gqa(std::uint32_t il = 0) const {
    return n_head_kv(il) ? n_head(il) / n_head_kv(il) : 0;
  }
  [[nodiscard]] std::uint32_t n_ff(std::uint32_t il = 0) const { return n_ff_arr[il]; }
  [[nodiscard]] std::uint32_t n_ff_exp(std::uint32_t il = 0) const { return moe.n_ff_exp_arr[il]; }
  [[nodiscard]] std::uint32_t n_expert_used(std::uint32_t il = 0) const {
    return moe.n_expert_used_arr[il];
  }
  [[nodiscard]] bool is_moe_step(std::uint32_t il) const {
    return moe.n_layer_step > 0 && (il + 1) % moe.n_layer_step == 0;
  }
  [[nodiscard]] bool is_swa(std::uint32_t il) const { return swa.arr[il] != 0; }
  [[nodiscard]] bool is_swa_any() const {
    return std::any_of(swa.arr.begin(), swa.arr.end(), [](std::uint8_t s) { return s != 0; });
  }
  [[nodiscard]] bool is_recr(std::uint32_t il) const { return is_recr_arr[il] != 0; }
  [[nodiscard]] bool is_ple(std::uint32_t il) const { return ple.arr[il] != 0; }
  [[nodiscard]] bool is_indexer_full(std::uint32_t il) const {
    return indexer.is_full_arr[il] != 0;
  }
  [[nodiscard]] bool has_rope(std::uint32_t il) const {
    return static_cast<std::int32_t>(il) != attn.router_layer && rope.arr[il] != 0;
  }
  /// RoPE in all layers but each `n_no_rope_layer_step`th.
  [[nodiscard]] bool rotates(int il) const {
    return rope.n_no_rope_layer_step > 0 &&
           (static_cast<std::uint32_t>(il) + 1) % rope.n_no_rope_layer_step;
  }
  /// Which n_embd columns of the input embeddings are added after a layer; -1: none.
  [[nodiscard]] int deepstack(std::uint32_t il) const {
    return il < deepstack_arr.size() ? deepstack_arr[il] : -1;
  }
  /// The block of the file whose tensors layer `il` uses.
  [[nodiscard]] std::uint32_t block(std::uint32_t il) const {
    return il < block_arr.size() ? block_arr[il] : il;
  }
  [[nodiscard]] bool has_kv(std::uint32_t il) const {
    return attn.n_layer_kv_from_start < 0 ||
           il < static_cast<std::uint32_t>(attn.n_layer_kv_from_start);
  }
  [[nodiscard]] bool is_mla() const { return mla.n_embd_head_k != 0 && mla.n_embd_head_v != 0; }
  [[nodiscard]] std::uint32_t n_embd_head_k(std::uint32_t il = 0) const {
    return is_swa(il) ? swa.n_embd_head_k : attn.n_embd_head_k;
  }
  [[nodiscard]] std::uint32_t n_embd_head_v(std::uint32_t il = 0) const {
    return is_swa(il) ? swa.n_embd_head_v : attn.n_embd_head_v;
  }
  [[nodiscard]] std::uint32_t n_embd_head_k_mla() const {
    return is_mla() ? mla.n_embd_head_k : n_embd_head_k();
  }
  [[nodiscard]] std::uint32_t n_embd_head_v_mla() const {
    return is_mla() ? mla.n_embd_head_v : n_embd_head_v();
  }
  [[nodiscard]] std::uint32_t n_rot(std::uint32_t il = 0) const {
    return is_swa(il) ? swa.n_rot : rope.n_rot;
  }
  [[nodiscard]] std::uint32_t n_embd_k_gqa(std::uint32_t il = 0) const {
    return n_embd_head_k(il) * n_head_kv(il);
  }
  [[nodiscard]] std::uint32_t n_embd_v_gqa(std::uint32_t il = 0) const {
    return n_embd_head_v(il) * n_head_kv(il);
  }
  [[nodiscard]] std::uint32_t n_embd_v_gqa_max() const {
    std::uint32_t most = 0;
    for (std::uint32_t il = 0; il < n_layer_all; ++il) most = std::max(most, n_embd_v_gqa(il));
    return most;
  }
  [[nodiscard]] std::uint32_t n_pos_per_embd() const {
    return rope.type == rope_type::mrope || rope.type == rope_type::imrope ? 4 : 1;
  }
  [[nodiscard]] bool use_mrope() const { return rope.sections_used; }
  [[nodiscard]] float swiglu_clamp_exp(std::uint32_t il) const {
    return il < moe.swiglu_clamp_exp_arr.size() ? moe.swiglu_clamp_exp_arr[il] : 0.0f;
  }
  [[nodiscard]] float swiglu_clamp_shexp(std::uint32_t il) const {
    return il < moe.swiglu_clamp_shexp_arr.size() ? moe.swiglu_clamp_shexp_arr[il] : 0.0f;
  }

  /// Elements of a recurrent layer's convolution state, one sequence.
  /// Source: llama.cpp, src/llama-hparams.cpp: n_embd_r
  [[nodiscard]] std::uint64_t n_embd_r() const {
    if (wkv.head_size) return std::uint64_t{wkv.token_shift_count} * n_embd;
    if (n_shortconv_l_cache) return std::uint64_t{n_embd} * (n_shortconv_l_cache - 1);
    if (kda.n_embd_head)
      return std::uint64_t{3} * (ssm.d_conv ? ssm.d_conv - 1 : 3) * n_head() * kda.n_embd_head;
    return std::uint64_t{ssm.d_conv ? ssm.d_conv - 1 : 0} *
           (ssm.d_inner + std::uint64_t{2} * ssm.n_group * ssm.d_state);
  }
  /// Elements of its recurrence state.
  /// Source: llama.cpp, src/llama-hparams.cpp: n_embd_s
  [[nodiscard]] std::uint64_t n_embd_s() const {
    if (wkv.head_size) return std::uint64_t{n_embd} * wkv.head_size;
    if (kda.n_embd_head) return std::uint64_t{kda.n_embd_head} * kda.n_embd_head * n_head();
    if (n_embd_head_la) return std::uint64_t{n_embd_head_la} * n_embd_head_la * n_head();
    return std::uint64_t{ssm.d_state} * ssm.d_inner;
  }
  /// Elements of the convolution history of an n-gram embedding layer.
  [[nodiscard]] std::uint64_t ple_conv_state() const {
    if (!ple.n_heads || !ple.conv_kernel) return 0;
    return std::uint64_t{ple.conv_kernel - 1} * ple.ngram_size * hc.mult * n_embd;
  }
};

}  // namespace vrambudget
