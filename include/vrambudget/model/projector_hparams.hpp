// The numbers of one encoder of a projector file: a tower for images or for sound, and what brings its
// output to the text model's width.
#pragma once

#include <cstdint>
#include <vector>

namespace vrambudget {

enum class modality : std::uint8_t { vision, audio };

[[nodiscard]] constexpr const char* name(modality m) {
  return m == modality::vision ? "vision" : "audio";
}

/// Keys below are `clip.vision.NAME` or `clip.audio.NAME`.
struct encoder_hparams {
  std::uint32_t n_embd = 0;                   ///< `embedding_length`
  std::uint32_t n_layer = 0;                  ///< `block_count`
  std::uint32_t n_head = 0;                   ///< `attention.head_count`
  std::uint32_t n_head_kv = 0;                ///< `attention.head_count_kv`; absent: n_head
  std::uint32_t n_embd_head = 0;              ///< `attention.head_dim`; 0: n_embd / n_head
  std::uint32_t n_ff = 0;                     ///< `feed_forward_length`
  std::uint32_t projection_dim = 0;           ///< `projection_dim`
  std::vector<std::uint32_t> feature_layers;  ///< `feature_layer`

  // images
  std::uint32_t image_size = 0;        ///< `image_size`, pixels of a side; 0: any
  std::uint32_t patch_size = 1;        ///< `patch_size`, pixels of a side
  std::uint32_t n_merge = 1;           ///< patches of a side that become one token
  std::uint64_t file_min_pixels = 0;   ///< `image_min_pixels`, where the type reads it; 0: none
  std::uint64_t file_max_pixels = 0;   ///< `image_max_pixels`, likewise
  std::uint32_t n_wa_pattern = 0;      ///< `n_wa_pattern`: every n-th layer sees everything
  std::uint32_t attn_window_size = 0;  ///< `window_size`
  std::uint32_t n_query = 0;           ///< `clip.minicpmv_query_num`: rows that a resampler gives
  std::uint32_t insert_layer = 0;      ///< `wa_layer_indexes`, the first: patches merge after it
  std::vector<std::int32_t> full_layers;  ///< `wa_layer_indexes`: these see everything
  std::vector<std::int32_t> wa_modes;     ///< `wa_pattern_mode`: -1 everything, 0 rows, 1 columns
  std::uint32_t sam_n_layer = 0;          ///< `sam.block_count`
  std::uint32_t sam_n_head = 0;           ///< `sam.head_count`
  std::uint32_t sam_n_embd = 0;           ///< `sam.embedding_length`
  std::uint32_t window_side = 0;      ///< `projector.window_side`, patches that queries see at once
  std::uint32_t query_side = 0;       ///< `projector.query_side`, queries of a window
  std::vector<bool> takes_neighbour;  ///< `projector.spatial_offsets` is not negative, one a block
  /// Of `image_grid_pinpoints`, the one with most tiles of `image_size`; none: 0.
  struct {
    std::uint32_t columns = 0, rows = 0;
  } most_tiles;
  std::uint32_t tile_size = 0;          ///< pixels of a side, where they differ from `image_size`
  std::uint32_t most_tiles_of_row = 0;  ///< `preproc_max_tiles`, where a row is one image
  std::uint32_t n_expert_used = 0;      ///< `expert_used_count`

  // sound
  std::uint32_t n_mel_bins = 0;         ///< `num_mel_bins`
  std::uint32_t proj_stack_factor = 0;  ///< `projector.stack_factor`
  std::uint32_t chunk_size = 0;         ///< `chunk_size`, frames that see each other
  std::uint32_t conv_kernel_size = 0;   ///< `conv_kernel_size`, frames
  std::uint32_t proj_window_size = 0;   ///< `projector.window_size`, frames that are asked together
  std::uint32_t proj_downsample_rate = 0;    ///< `projector.downsample_rate`, frames per question
  std::uint32_t proj_head_count = 0;         ///< `projector.head_count`
  std::vector<std::int32_t> codebook_sizes;  ///< `rvq.codebook_size`
  std::uint32_t n_layer_local = 0;           ///< `local_block_count`, of a second transformer
  std::uint32_t local_group_size = 0;        ///< `local_group_size`, positions that it sees at once
};

}  // namespace vrambudget
