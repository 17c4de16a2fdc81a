// Hyperparameters of each kind of block, by the engine's names. hparams.hpp has one of each. 0: absent.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

namespace vrambudget {

/// How sliding windows limit attention; only none or not matters for memory.
enum class swa_type : std::uint8_t { none, standard, chunked, symmetric };

/// Positions per token: M-RoPE has four.
enum class rope_type : std::uint8_t { none, norm, neox, mrope, imrope };

/// Attention, in layers without a window.
struct attention_hparams {
  std::uint32_t n_embd_head_k = 0, n_embd_head_v = 0;
  std::int32_t n_layer_kv_from_start =
      -1;  ///< layers from here on reuse the cache of earlier ones; -1: none
  std::int32_t router_layer = -1;    ///< keeps the routing of adapters; -1: none
  std::uint32_t res_block_size = 0;  ///< layers between which residuals attend to each other
  float f_clamp_kqv = 0, f_max_alibi_bias = 0, f_temp_scale = 0, f_value_scale = 0;
  bool soft_cap = false, use_kq_norm = false, causal = true, never_flash = false;
};

/// Rotary positions, in layers without a window.
struct rope_hparams {
  enum rope_type type = rope_type::norm;
  std::uint32_t n_rot = 0;
  std::uint32_t n_ctx_orig_yarn = 0;
  std::uint32_t n_no_rope_layer_step = 4;
  bool sections_used = false;     ///< first two sections are positive
  std::vector<std::uint8_t> arr;  ///< per layer: it rotates
};

/// Layers with a sliding window.
struct swa_hparams {
  enum swa_type type = swa_type::none;
  std::uint32_t n = 0;  ///< tokens in the window
  std::uint32_t n_embd_head_k = 0, n_embd_head_v = 0, n_rot = 0;
  std::vector<std::uint8_t> arr;  ///< per layer: it has a window
};

/// Multi-head latent attention; sizes with a window have a name of their own.
struct mla_hparams {
  std::uint32_t n_embd_head_k = 0, n_embd_head_v = 0, n_lora_kv = 0;
  std::uint32_t n_embd_head_k_swa = 0, n_embd_head_v_swa = 0, n_lora_kv_swa = 0;
};

/// Mixtures of experts.
struct moe_hparams {
  std::uint32_t n_expert = 0, n_group = 0, n_group_used = 0, n_group_experts = 0;
  std::uint32_t n_ff_shexp = 0, n_ff_chexp = 0, n_layer_dense_lead = 0;
  std::uint32_t n_layer_step = 0;  ///< each so many layers have experts, of architectures that say so
  std::uint32_t gating_func = 0;
  float weights_scale = 0;
  bool weights_norm = false;
  std::vector<std::uint32_t> n_expert_used_arr, n_ff_exp_arr;
  std::vector<float> swiglu_clamp_exp_arr, swiglu_clamp_shexp_arr;
};

/// Adapters in a model, stacked in each layer, that tokens switch between.
struct switched_hparams {
  std::uint32_t n_slot = 0;  ///< adapters, and one that changes nothing
  std::uint32_t n_rank = 0;
};

/// Constants on embeddings, branches and logits; 0: none.
struct scale_hparams {
  float f_embedding = 0, f_residual = 0, f_hidden = 0, f_logit = 0;
  float f_final_logit_softcapping = 0;
};

/// State spaces, and delta nets by the same keys.
struct ssm_hparams {
  std::uint32_t d_conv = 0, d_inner = 0, d_state = 0, dt_rank = 0, n_group = 0;
  bool dt_b_c_rms = false;
};

/// Kimi's delta attention.
struct kda_hparams {
  std::uint32_t n_embd_head = 0;
  bool is_bounded = false;  ///< decays have a lower bound
};

/// RWKV.
struct wkv_hparams {
  std::uint32_t head_size = 0, token_shift_count = 2, rescale_every_n_layers = 0;
};

/// The index of sparse attention.
struct indexer_hparams {
  std::uint32_t n_head = 0, head_size = 0, top_k = 0, block_size = 0;
  std::uint32_t kpool = 0;      ///< cells whose keys are pooled to one; 0: none are
  std::uint32_t kpool_row = 1;  ///< vectors of a cell, the pooled key included
  bool kpool_always = false;    ///< in all builds that know the model, not by `pools_index_blocks`
  bool kpool_select_tail = false;         ///< cells behind the last whole block are always chosen
  std::vector<std::uint8_t> is_full_arr;  ///< per layer: it has an index of its own
  std::vector<std::uint32_t> block_arr;   ///< per layer: cells that an index key stands for
};

/// Hyper-connections: residual streams that mix.
struct hc_hparams {
  std::uint32_t mult = 0;  ///< streams
  std::uint32_t sinkhorn_iters = 0;
};

/// What only DeepSeek V4 has.
struct dsv4_hparams {
  std::uint32_t o_group_count = 0, o_lora_rank = 0, hash_layer_count = 0;
  std::vector<std::uint32_t> compress_ratios;  ///< per layer: tokens in one key; 0: not compressed

  [[nodiscard]] std::uint32_t ratio(std::uint32_t il) const {
    return il < compress_ratios.size() ? compress_ratios[il] : 0;
  }
};

/// Embeddings of n-grams beside some layers.
struct ple_hparams {
  std::uint32_t ngram_size = 0, conv_kernel = 0, n_heads = 0, head_dim = 0;
  std::uint32_t n_rows = 0;       ///< of their table, at least
  std::vector<std::uint8_t> arr;  ///< per layer: it has them
};

/// Two stacks that run in cycles.
struct hrm_hparams {
  std::uint32_t n_layers_per_stack = 0, n_h_cycles = 0, n_l_cycles = 0;
};

/// Stacks that run several times.
struct loop_hparams {
  int n_layer = 0;         ///< layers after which the stack starts over; 0: it never does
  bool is_normed = false;  ///< the stream is normed before it does
};

/// Vocoders.
struct vocoder_hparams {
  std::uint32_t n_layer_posnet = 0, n_layer_convnext = 0;
};

/// Heads that answer questions about a prompt.
struct decision_hparams {
  std::uint32_t n_layer_routing = 0;  ///< blocks in which options read the prompt
  std::uint32_t n_layer_joint = 0;    ///< blocks in which questions read each other and the prompt
  std::uint32_t n_head = 0;
};

/// Keys of numbers that only shapes of tensors depend on.
inline constexpr std::string_view width_keys[] = {"attention.decay_lora_rank",
                                                  "attention.gate_lora_rank",
                                                  "attention.iclr_lora_rank",
                                                  "attention.output_group_count",
                                                  "attention.output_lora_rank",
                                                  "attention.q_lora_rank",
                                                  "attention.relative_buckets_count",
                                                  "attention.value_residual_mix_lora_rank",
                                                  "conv_group_size",
                                                  "conv_kernel_size",
                                                  "convnext.embedding_length",
                                                  "dense_2_feat_out",
                                                  "dense_3_feat_in",
                                                  "embedding_length_per_layer_input",
                                                  "expert_latent_length",
                                                  "expert_shared_count",
                                                  "expert_shared_feed_forward_length",
                                                  "hyper_connection.low_rank",
                                                  "kda.head_dim",
                                                  "moe_every_n_layers",
                                                  "moe_latent_size",
                                                  "ple.conv_kernel",
                                                  "posnet.embedding_length",
                                                  "selector_rank",
                                                  "target_hidden_size",
                                                  "time_decay_extra_dim",
                                                  "time_mix_extra_dim",
                                                  "wkv.head_size"};

/// What those keys say, and two more that only shapes depend on.
struct width_hparams {
  std::array<std::uint32_t, std::size(width_keys)> by_key{};
  std::uint32_t n_cls_out = 1;      ///< labels of a classifier
  std::uint32_t n_token_types = 0;  ///< `tokenizer.ggml.token_type_count`

  /// 0: the file does not say, or the key is none of them.
  [[nodiscard]] std::uint32_t of(std::string_view key) const {
    for (std::size_t i = 0; i < by_key.size(); ++i)
      if (width_keys[i] == key) return by_key[i];
    return 0;
  }
};

/// Models that draft for another.
struct draft_hparams {
  std::vector<std::uint32_t> target_layers;  ///< whose hidden states it reads
  bool norm_before_residual = false, ffn_gelu = false;
};

}  // namespace vrambudget
