// What sets an architecture apart: one row of architectures.hpp for each that the pinned engine knows.
#pragma once

#include <cstdint>
#include <string_view>

#include "vrambudget/model/hparams.hpp"

namespace vrambudget {

class keys;

/// What an architecture keeps between batches. memory/layout.hpp turns it into caches.
enum class memory_kind : std::uint8_t {
  nothing,       ///< encoders and diffusion models
  attention,     ///< one KV cache, or two if some layers have a sliding window
  recurrent,     ///< states only
  hybrid,        ///< states and a KV cache
  hybrid_idx,    ///< states, a KV cache, and an index cache beside it
  msa,           ///< a KV cache and an index cache that keeps K and V
  dsa,           ///< latent K and an index cache
  dsa_optional,  ///< the same, draft layers included; latent K alone where the index chooses no cells
  dsa_iswa,      ///< as dsa, beside a sliding window
  dsv4,          ///< a window, and compressed caches of three kinds
};

/// Which layers of a hybrid attend, and have a KV cache.
enum class attending : std::uint8_t {
  not_recurrent,  ///< those that are not recurrent
  in_trunk,       ///< of these not the draft layers
  alone,          ///< of these such as have no feed-forward
  all,            ///< all, beside their states
};

/// Whether a file without an output matrix makes the output multiply by a copy of its token embeddings.
enum class output_copies : std::uint8_t {
  elsewhere,  ///< if the output is in other memory than they are
  always,
  never,  ///< it multiplies by none, by the embeddings themselves, or by another model's
};

/// What a draft has from its target.
enum class borrowing : std::uint8_t {
  nothing,
  caches,                 ///< K and V: it stores none
  embeddings,             ///< the token embeddings, if its file lacks them
  embeddings_and_output,  ///< and the output matrix
};

/// How `-sm tensor` divides an architecture's tensors among cards, where it does; memory/tensor_slices.hpp
/// does the same for us.
enum class slicing : std::uint8_t {
  usual,
  refused,        ///< the engine does not load it so
  copies,         ///< each card has all of it
  copied_states,  ///< each card has all recurrent states
  gated_query,    ///< queries and their gates are one matrix
  grouped_heads,  ///< and value heads of one key head lie apart
  indexed_heads,  ///< and each card has the whole index; refused by older builds
  output_groups,  ///< attention's output is multiplied in groups of heads
  set_logits,  ///< as usual, but some logits are set, which the engine cannot where they are divided
};

/// One architecture of the engine. What a row does not say is as with most of them.
struct architecture_traits {
  std::string_view name = {};  ///< `general.architecture`; empty: one that the engine does not know
  memory_kind memory = memory_kind::attention;
  enum rope_type rope = rope_type::norm;
  /// Reads its own GGUF keys; null: those that all architectures share are enough.
  void (*keys)(vrambudget::keys&, hparams&) = nullptr;
  /// Keys that no size may depend on, but without which the engine loads no file, with blanks between them; those that
  /// `keys` requires are not among them. A model that a log tells of has not all of them.
  std::string_view needs = {};
  bool rollback = false;          ///< recurrent states can be rolled back
  bool rope_by_sections = false;  ///< M-RoPE if the file has rotation sections
  bool encoder = false;

  // caches
  attending attends = attending::not_recurrent;
  bool rotates_index =
      false;  ///< index keys are rotated whatever their type, not only if quantized

  // tensors
  output_copies output_copy = output_copies::elsewhere;
  bool embd_norm_is_last = false;   ///< "token_embd_norm" is the norm before the output
  bool loads_draft_bias = false;    ///< the bias of a draft layer's router, even if nothing drafts
  bool full_layer_factors = false;  ///< layers with a sliding window rotate without RoPE factors
  bool scans_vector = false;        ///< `ssm_a` is a vector that a scan reads, and no factor

  // drafts
  borrowing borrows = borrowing::nothing;
  bool drafts_blocks = false;  ///< it drafts several tokens at once
  bool shows_layers = false;   ///< a draft may read hidden states between its layers

  // llama-quantize
  bool fewer_bits_in_branches = false;  ///< in what ends a branch; the output matrix gets eight
  bool mxfp4_in_ffn_only = false;       ///< MXFP4_MOE is not for experts of other blocks
  bool keeps_small_matrices =
      false;  ///< of index, streams, gates and latents; eight bits for queries

  slicing slices = slicing::usual;

  bool mixes_inputs = true;  ///< a batch may have tokens and embeddings given directly

  // builds; 0: all that are reproduced
  std::uint32_t since = 0;               ///< the first that knows it
  std::uint32_t shows_layers_since = 0;  ///< the first in which drafts read between its layers
  std::uint32_t drafts_alone_since = 0;  ///< the first that loads its NextN layers without the rest
  std::string_view newer_tensor = {};    ///< one that older builds refuse to load
  std::uint32_t newer_tensor_since = 0;

  [[nodiscard]] constexpr bool is_known() const { return !name.empty(); }
};

/// What is taken of an architecture that has no row.
inline constexpr architecture_traits unknown_architecture{};

/// `general.architecture` of projectors, which run beside a model only.
inline constexpr std::string_view projector_architecture = "clip";

/// The row of an architecture; unknown_architecture for a name the engine does not know, or knows but
/// cannot run (gptj, clip).
[[nodiscard]] const architecture_traits& find_architecture(std::string_view name);

}  // namespace vrambudget
