// A model's hyperparameters, by the engine's names. keys.hpp reads single keys, read_hparams.hpp fills
// this in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vrambudget/engine/run.hpp"

namespace vrambudget {

/// How sliding windows limit attention; only none or not matters for memory.
enum class swa_type : std::uint8_t { none, standard, chunked, symmetric };

/// Positions per token: M-RoPE has four.
enum class rope_type : std::uint8_t { none, norm, neox, mrope, imrope };

/// Everything sizes and graphs depend on. Per-layer vectors have n_layer_all entries. 0: absent.
struct hparams {
  // layers and widths
  std::uint32_t n_layer_all = 0;    ///< `block_count`, draft layers included
  std::uint32_t n_layer_nextn = 0;  ///< `nextn_predict_layers`
  std::uint32_t n_ctx_train = 0;    ///< `context_length`
  std::uint32_t n_ctx_orig_yarn = 0;
  std::uint32_t n_embd = 0;  ///< `embedding_length`
  std::uint32_t n_embd_inp_impl = 0, n_embd_out_impl = 0;
  std::uint32_t n_vocab = 0;
  std::uint32_t n_deepstack_layers = 0;
  std::vector<std::int32_t> deepstack_arr;  ///< as deepstack(il); empty: none in any layer
  std::vector<std::uint32_t> n_head_arr, n_head_kv_arr, n_ff_arr, n_ff_exp_arr, n_expert_used_arr;

  // attention
  std::uint32_t n_embd_head_k_full = 0, n_embd_head_v_full = 0, n_embd_head_k_swa = 0,
                n_embd_head_v_swa = 0;
  std::uint32_t n_rot_full = 0, n_rot_swa = 0;
  std::uint32_t n_embd_head_k_mla_impl = 0, n_embd_head_v_mla_impl = 0;
  std::uint32_t n_embd_head_k_mla_swa = 0, n_embd_head_v_mla_swa = 0;
  std::uint32_t n_lora_q = 0, n_lora_kv = 0, n_lora_kv_swa = 0;
  std::uint32_t n_swa = 0;
  enum swa_type swa_type = swa_type::none;
  enum rope_type rope_type = rope_type::norm;
  bool rope_sections_used = false;  ///< first two sections are positive
  std::vector<std::uint8_t> is_swa_arr, is_recr_arr, rope_arr, is_indexer_full_arr, is_ple_arr;
  std::int32_t n_layer_kv_from_start =
      -1;  ///< layers from here on reuse the cache of earlier ones; -1: none
  std::int32_t router_layer = -1;
  float f_clamp_kqv = 0, f_max_alibi_bias = 0, f_attention_scale = 0, f_attn_temp_scale = 0;
  bool attn_soft_cap = false, use_kq_norm = false, causal_attn = true, never_flash_attn = false;
  bool ssm_dt_b_c_rms = false, swin_norm = false, use_par_res = false;
  bool f32_branch_ends = false;  ///< output and down projections are computed in full precision
  bool rms_norm = false;         ///< of architectures with either norm
  std::uint32_t n_no_rope_layer_step = 4;

  // feed-forward and experts
  std::uint32_t n_expert = 0, n_expert_shared = 0, n_expert_groups = 0, n_group_used = 0,
                n_group_experts = 0;
  std::uint32_t n_ff_shexp = 0, n_ff_chexp = 0, n_layer_dense_lead = 0, n_moe_layer_step = 0,
                moe_every_n_layers = 0;
  std::uint32_t moe_latent_size = 0, n_expert_latent = 0;
  std::uint32_t expert_gating_func = 0;
  float expert_weights_scale = 0;
  bool expert_weights_norm = false;
  std::vector<float> swiglu_clamp_exp_arr, swiglu_clamp_shexp_arr;

  // scales
  float f_residual_scale = 0, f_hidden_scale = 0, f_embedding_scale = 0, f_logit_scale = 0,
        f_attn_value_scale = 0;
  float f_final_logit_softcapping = 0;

  // recurrent layers
  std::uint32_t ssm_d_conv = 0, ssm_d_inner = 0, ssm_d_state = 0, ssm_dt_rank = 0, ssm_n_group = 0;
  std::uint32_t n_embd_head_kda = 0, n_embd_head_la = 0, n_shortconv_l_cache = 0;
  std::uint32_t wkv_head_size = 0, token_shift_count = 2, time_mix_extra_dim = 0,
                time_decay_extra_dim = 0;
  std::uint32_t n_lora_decay = 0, n_lora_iclr = 0, n_lora_value_res_mix = 0, n_lora_gate = 0;
  std::uint32_t rescale_every_n_layers = 0, attn_res_block_size = 0;
  float f_situ_linear_beta = 0;
  bool kda_bounded = false, supports_rollback = false;

  // sparse attention, hyper-connections, n-gram embeddings
  std::uint32_t indexer_n_head = 0, indexer_head_size = 0, indexer_top_k = 0,
                indexer_block_size = 0, indexer_local_blocks = 0;
  std::uint32_t dsv4_o_group_count = 0, dsv4_o_lora_rank = 0, dsv4_hc_mult = 0,
                dsv4_hash_layer_count = 0, dsv4_hc_sinkhorn_iters = 0, hc_low_rank = 0;
  std::vector<std::uint32_t> dsv4_compress_ratios;
  std::vector<std::uint32_t> index_block_arr;  ///< cells that an index key stands for, per layer
  std::uint32_t ple_ngram_size = 0, ple_heads_per_ngram = 0, ple_conv_kernel = 0, ple_n_heads = 0,
                ple_head_dim = 0;
  std::uint32_t n_embd_per_layer = 0, n_altup = 4, i_altup_act = 0, laurel_rank = 64,
                n_embd_altup = 256;

  // encoders, looped stacks, drafts
  bool has_encoder = false;
  std::uint32_t dec_n_layer = 0, n_rel_attn_bkts = 0, n_cls_out = 1;
  std::uint32_t n_hrm_layers_per_stack = 0, n_hrm_h_cycles = 0, n_hrm_l_cycles = 0;
  int n_layer_loop = 0;      ///< layers after which the stack starts over; 0: it never does
  bool norms_loops = false;  ///< the stream is normed before it starts over
  std::vector<std::uint32_t> block_arr;  ///< whose tensors each layer uses; empty: its own
  std::uint32_t posnet_n_embd = 0, posnet_n_layer = 0, convnext_n_embd = 0, convnext_n_layer = 0,
                n_norm_groups = 0;
  std::vector<std::uint32_t> target_layers;  ///< whose hidden states a draft reads
  bool norm_before_residual = false, ffn_gelu = false;
  enum pooling pooling_type = pooling::unspecified;

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
  [[nodiscard]] std::uint32_t n_ff_exp(std::uint32_t il = 0) const { return n_ff_exp_arr[il]; }
  [[nodiscard]] std::uint32_t n_expert_used(std::uint32_t il = 0) const {
    return n_expert_used_arr[il];
  }
  [[nodiscard]] bool is_swa(std::uint32_t il) const { return is_swa_arr[il] != 0; }
  [[nodiscard]] bool is_swa_any() const {
    return std::any_of(is_swa_arr.begin(), is_swa_arr.end(), [](std::uint8_t s) { return s != 0; });
  }
  [[nodiscard]] bool is_recr(std::uint32_t il) const { return is_recr_arr[il] != 0; }
  [[nodiscard]] bool is_ple(std::uint32_t il) const { return is_ple_arr[il] != 0; }
  [[nodiscard]] bool is_indexer_full(std::uint32_t il) const {
    return is_indexer_full_arr[il] != 0;
  }
  [[nodiscard]] bool has_rope(std::uint32_t il) const {
    return static_cast<std::int32_t>(il) != router_layer && rope_arr[il] != 0;
  }
  /// RoPE in all layers but each `n_no_rope_layer_step`th.
  [[nodiscard]] bool rotates(int il) const {
    return n_no_rope_layer_step > 0 && (static_cast<std::uint32_t>(il) + 1) % n_no_rope_layer_step;
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
    return n_layer_kv_from_start < 0 || il < static_cast<std::uint32_t>(n_layer_kv_from_start);
  }
  [[nodiscard]] bool is_mla() const {
    return n_embd_head_k_mla_impl != 0 && n_embd_head_v_mla_impl != 0;
  }
  [[nodiscard]] std::uint32_t n_embd_head_k(std::uint32_t il = 0) const {
    return is_swa(il) ? n_embd_head_k_swa : n_embd_head_k_full;
  }
  [[nodiscard]] std::uint32_t n_embd_head_v(std::uint32_t il = 0) const {
    return is_swa(il) ? n_embd_head_v_swa : n_embd_head_v_full;
  }
  [[nodiscard]] std::uint32_t n_embd_head_k_mla() const {
    return is_mla() ? n_embd_head_k_mla_impl : n_embd_head_k();
  }
  [[nodiscard]] std::uint32_t n_embd_head_v_mla() const {
    return is_mla() ? n_embd_head_v_mla_impl : n_embd_head_v();
  }
  [[nodiscard]] std::uint32_t n_rot(std::uint32_t il = 0) const {
    return is_swa(il) ? n_rot_swa : n_rot_full;
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
    return rope_type == rope_type::mrope || rope_type == rope_type::imrope ? 4 : 1;
  }
  [[nodiscard]] bool use_mrope() const { return rope_sections_used; }
  [[nodiscard]] float swiglu_clamp_exp(std::uint32_t il) const {
    return il < swiglu_clamp_exp_arr.size() ? swiglu_clamp_exp_arr[il] : 0.0f;
  }
  [[nodiscard]] float swiglu_clamp_shexp(std::uint32_t il) const {
    return il < swiglu_clamp_shexp_arr.size() ? swiglu_clamp_shexp_arr[il] : 0.0f;
  }

  /// Elements of a recurrent layer's convolution state, one sequence.
  /// Source: llama.cpp, src/llama-hparams.cpp: n_embd_r
  [[nodiscard]] std::uint64_t n_embd_r() const {
    if (wkv_head_size) return std::uint64_t{token_shift_count} * n_embd;
    if (n_shortconv_l_cache) return std::uint64_t{n_embd} * (n_shortconv_l_cache - 1);
    if (n_embd_head_kda)
      return std::uint64_t{3} * (ssm_d_conv ? ssm_d_conv - 1 : 3) * n_head() * n_embd_head_kda;
    return std::uint64_t{ssm_d_conv ? ssm_d_conv - 1 : 0} *
           (ssm_d_inner + std::uint64_t{2} * ssm_n_group * ssm_d_state);
  }
  /// Elements of its recurrence state.
  /// Source: llama.cpp, src/llama-hparams.cpp: n_embd_s
  [[nodiscard]] std::uint64_t n_embd_s() const {
    if (wkv_head_size) return std::uint64_t{n_embd} * wkv_head_size;
    if (n_embd_head_kda) return std::uint64_t{n_embd_head_kda} * n_embd_head_kda * n_head();
    if (n_embd_head_la) return std::uint64_t{n_embd_head_la} * n_embd_head_la * n_head();
    return std::uint64_t{ssm_d_state} * ssm_d_inner;
  }
  /// Elements of the convolution history of an n-gram embedding layer.
  [[nodiscard]] std::uint64_t ple_conv_state() const {
    if (!ple_n_heads || !ple_conv_kernel) return 0;
    return std::uint64_t{ple_conv_kernel - 1} * ple_ngram_size * dsv4_hc_mult * n_embd;
  }
};

}  // namespace vrambudget
