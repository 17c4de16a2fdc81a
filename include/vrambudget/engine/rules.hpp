// The engine's rules that changed between builds, each a switch. Everything else that is reproduced is
// the same in all builds, or is not known to differ.
#pragma once

namespace vrambudget {

/// How a build of the engine decides what the pinned release decides as the defaults here say. What
/// changed when is in changes.hpp, a row a switch.
struct engine_rules {
  // since the pinned release
  bool mixed_inputs =
      false;  ///< graphs also hold the place for tokens among embeddings given directly
  bool groups_shared_expert = false;  ///< CUDA computes a shared expert right after the routed ones
  bool scales_token_rows = false;     ///< Gemma's scale of embeddings is an input, a number a token
  bool gathers_states_once = false;   ///< states of the batch and those behind it are read together
  bool pools_index_blocks = false;    ///< Qwen4's indexer keeps a pooled key beside each key
  bool states_tell_rotation = false;  ///< a saved sequence says how its K and V were rotated
  bool indexes_four_heads = false;    ///< CUDA's fused indexer takes 4 heads as well
  bool divides_indexed_heads = false;  ///< `-sm tensor` divides models with Qwen4's indexer
  bool warms_up_within_limit = false;  ///< no projector is warmed up with more tokens than allowed
  bool scales_drafted_values = false;  ///< DFlash applies `attention.value_scale`
  bool keeps_eight_bits = false;       ///< files say what must not be multiplied in four bits
  bool pads_by_tokens = false;         ///< CUDA pads what experts multiply by the tokens of a batch
  bool multiplies_thin_floats = false;  ///< CUDA's vector kernel takes 8 columns of ragged matrices
  bool sums_nvfp4_in_bf16 = false;      ///< cuBLAS multiplies NVFP4 in bf16, not f16
  bool copies_unread_inputs =
      false;                         ///< pipeline parallelism copies inputs that no node reads, too
  bool starts_hrm_in_layer = false;  ///< HRM's first state lies with layer 0, not with the inputs
  bool fits_by_streams =
      false;              ///< `--fit` asks for the training length of each cache, not each slot
  bool scans_96 = false;  ///< CUDA scans states of 96 as well
  bool convolves_f16_depthwise = false;  ///< CUDA takes f16 kernels of depthwise convolutions
  bool cuts_whole_v_heads = false;  ///< `-sm tensor` cuts V at its own heads where K's are larger

  // up to it
  bool logits_of_all_tokens = false;  ///< graphs give logits of every token, not of those asked for
  bool f32_masks = false;  ///< masks of flash attention are f32 inputs that the device converts
  bool flash_attn_copies_in_pool = false;  ///< f16 copies of quantized K and V: from the pool
  bool keeps_fused_sources =
      true;                       ///< what fused kernels of experts read stays allocated until then
  bool both_inputs = true;        ///< graphs hold token numbers and embeddings given directly
  bool picks_rows_early = false;  ///< rows of logits are picked in the last layer of all models
  bool rotates_quantized = true;  ///< quantized K and V are rotated before they are stored
  bool latent_v_cache = false;    ///< latent attention keeps V beside K, of which it is a part
  bool window_caches = true;      ///< layers with a sliding window have a smaller cache
  bool indexer_v_cache = false;   ///< Qwen4's indexer keeps V beside K
  bool states_for_rollback = true;  ///< recurrent states are kept back for drafts that are undone
  bool row_buffers = false;         ///< `-sm row` divides matrices by rows
  bool four_slots = true;           ///< `-np` automatic: four slots over one cache, not one slot

  bool operator==(const engine_rules&) const = default;
};

}  // namespace vrambudget
