// Which projectors the engine knows, and what differs between them before any graph is built: keys they
// read, and the sizes of images they allow. A new type is one row here and one in arch/encoders/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "vrambudget/engine/changes.hpp"
#include "vrambudget/model/keys.hpp"
#include "vrambudget/model/projector_hparams.hpp"
#include "vrambudget/model/read_hparams.hpp"

namespace vrambudget {

/// Where a type has its number of merged patches from.
struct merge_rule {
  std::uint32_t otherwise = 1;  ///< where the file does not say
  const char* key = nullptr;    ///< without `clip.`; null: the file cannot say
  bool required = false;
};
inline constexpr const char* scale_factor = "vision.projector.scale_factor";
inline constexpr const char* spatial_merge_size = "vision.spatial_merge_size";

/// Sizes of images that a type allows. Pixels are tokens times the pixels of a token.
struct image_limits {
  enum class source : std::uint8_t {
    none,           ///< one size, or tiles of it
    user,           ///< only what the user says
    tokens,         ///< these, or what the user says; or the file, if the type reads its limits
    file,           ///< the file must say
    file_or_user,   ///< the file must say, and the user may say otherwise
    least_in_file,  ///< the file must say the least, the most is these tokens; or what the user says
  };
  source from = source::none;
  std::uint32_t min_tokens = 0, max_tokens = 0;
};
inline constexpr image_limits only_user{image_limits::source::user, 0, 0};
inline constexpr image_limits in_file{image_limits::source::file, 0, 0};
inline constexpr image_limits in_file_or_user{image_limits::source::file_or_user, 0, 0};
constexpr image_limits at_most_tokens(std::uint32_t most) {
  return {image_limits::source::least_in_file, 0, most};
}
constexpr image_limits in_tokens(std::uint32_t least, std::uint32_t most) {
  return {image_limits::source::tokens, least, most};
}

/// The size of image for which the engine reserves memory when it loads the projector.
struct warmup_rule {
  enum class size : std::uint8_t { of_file, largest, tokens, tokens_within };
  size kind = size::of_file;
  std::uint32_t side = 0;  ///< tokens of a side; within: fewer if images have fewer
};
inline constexpr warmup_rule warms_up_largest{warmup_rule::size::largest, 0};
constexpr warmup_rule warms_up_tokens(std::uint32_t side) {
  return {warmup_rule::size::tokens, side};
}
constexpr warmup_rule warms_up_tokens_within(std::uint32_t side) {
  return {warmup_rule::size::tokens_within, side};
}

/// Frames that sound is cut into before it is encoded; most types' last a hundredth of a second.
/// Source: llama.cpp, tools/mtmd/mtmd-audio.cpp: preprocess
inline constexpr std::uint32_t half_a_minute = 3000, a_minute = 6000, however_long = 0;

/// What the engine's name for a projector stands for.
struct projector_type {
  std::string_view name;  ///< `clip.projector_type`, `clip.{vision,audio}.projector_type`
  modality kind = modality::vision;
  merge_rule merge = {};
  image_limits limits = {};
  warmup_rule warmup = {};
  bool swaps_ffn = false;  ///< old files have the names of up and down exchanged
  void (*read)(keys&, encoder_hparams&) = nullptr;  ///< keys that only this type has
  std::uint32_t max_frames = half_a_minute;         ///< of sound at once; 0: all of it
  std::uint32_t since = 0;  ///< the first build that knows it; 0: all that are reproduced
};

namespace detail {

inline void read_stack_factor(keys& k, encoder_hparams& hp) {
  constexpr std::uint32_t most = 1u << 16;
  hp.proj_stack_factor = k.required("audio.projector.stack_factor");
  k.limit("audio.projector.stack_factor", hp.proj_stack_factor, most);
}
inline void read_window_attention(keys& k, encoder_hparams& hp) {
  hp.n_wa_pattern = k.required("vision.n_wa_pattern");
}
inline void read_window_attention_if_any(keys& k, encoder_hparams& hp) {
  hp.n_wa_pattern = k.u32("vision.n_wa_pattern");
}

inline void read_pixels_if_any(keys& k, encoder_hparams& hp) {
  hp.file_min_pixels = k.u32("vision.image_min_pixels");
  hp.file_max_pixels = k.u32("vision.image_max_pixels");
}
inline void read_pixels_if_both(keys& k, encoder_hparams& hp) {
  read_pixels_if_any(k, hp);
  if (hp.file_min_pixels == 0 || hp.file_max_pixels == 0)
    hp.file_min_pixels = hp.file_max_pixels = 0;
}
/// The patches that the kernel sees are already merged.
inline void merge_in_kernel(keys&, encoder_hparams& hp) {
  hp.patch_size *= hp.n_merge;
  hp.n_merge = 1;
}
/// Sound is 640 samples a frame, whatever the file says.
inline void frame_samples(keys&, encoder_hparams& hp) { hp.n_mel_bins = 640; }
/// Files from before there was a key name a version.
inline void read_resampler(keys& k, encoder_hparams& hp) {
  constexpr std::uint32_t of_later_versions = 64, of_first_ones = 96;
  const std::int32_t version = k.i32("minicpmv_version");
  const bool later = (version >= 3 && version <= 6) || version == 100045;
  hp.n_query = k.u32("minicpmv_query_num");
  if (hp.n_query == 0) hp.n_query = later ? of_later_versions : of_first_ones;
  k.limit("minicpmv_query_num", hp.n_query, 1u << 16);
}
inline void read_inserted_merger(keys& k, encoder_hparams& hp) {
  const gguf::value* v = k.find("vision.wa_layer_indexes");
  if (v && v->is_array() && v->size() > 0)
    hp.insert_layer = k.per_layer("vision.wa_layer_indexes", 1, 0, true)[0];
  if (hp.insert_layer > 0) k.limit("vision.wa_layer_indexes", hp.insert_layer, hp.n_layer - 1);
}
inline void read_windowed_layers(keys& k, encoder_hparams& hp) {
  constexpr std::uint64_t most_layers = 1024;
  hp.attn_window_size = k.required("vision.window_size");
  hp.full_layers = k.signed_array("vision.wa_layer_indexes", most_layers);
}
inline void read_window_modes(keys& k, encoder_hparams& hp) {
  k.need("vision.attention.head_count_kv");
  hp.attn_window_size = k.required("vision.window_size");
  hp.wa_modes = k.signed_array("vision.wa_pattern_mode", hp.n_layer);
  if (hp.wa_modes.size() < hp.n_layer)
    k.fail({errc::bad_format, "key 'clip.vision.wa_pattern_mode' has " +
                                  std::to_string(hp.wa_modes.size()) + " entries, expected " +
                                  std::to_string(hp.n_layer) + ", one per layer"});
}
inline void read_grouped_windows(keys& k, encoder_hparams& hp) {
  k.need("vision.attention.head_count_kv");
  read_window_attention_if_any(k, hp);
}

inline void read_granite_speech(keys& k, encoder_hparams& hp) {
  constexpr std::uint32_t longest_chunk = 8192, longest_window = 1u << 16, most_heads = 1u << 16;
  hp.chunk_size = k.positive("audio.chunk_size");
  hp.conv_kernel_size = k.required("audio.conv_kernel_size");
  k.need("audio.max_pos_emb");
  hp.proj_window_size = k.positive("audio.projector.window_size");
  hp.proj_downsample_rate = k.positive("audio.projector.downsample_rate");
  hp.proj_head_count = k.positive("audio.projector.head_count");
  k.limit("audio.chunk_size", hp.chunk_size, longest_chunk);
  k.limit("audio.conv_kernel_size", hp.conv_kernel_size, longest_window);
  k.limit("audio.projector.window_size", hp.proj_window_size, longest_window);
  k.limit("audio.projector.head_count", hp.proj_head_count, most_heads);
}
inline void read_parakeet(keys& k, encoder_hparams& hp) {
  constexpr std::uint32_t longest_kernel = 1u << 16, eighth = 8;
  const std::uint32_t factor = k.required("audio.subsampling_factor");
  if (factor != eighth)
    k.fail({errc::bad_format,
            "key 'clip.audio.subsampling_factor' is " + std::to_string(factor) + ", expected 8"});
  hp.conv_kernel_size = k.positive("audio.conv_kernel_size");
  k.limit("audio.conv_kernel_size", hp.conv_kernel_size, longest_kernel);
  if (hp.conv_kernel_size % 2 == 0)
    k.fail({errc::bad_format, "key 'clip.audio.conv_kernel_size' is " +
                                  std::to_string(hp.conv_kernel_size) +
                                  ", expected an odd number"});
}
inline void read_mimo_audio(keys& k, encoder_hparams& hp) {
  constexpr std::uint32_t most_codebooks = 1024, most_layers = 1024, longest_group = 1u << 16;
  const auto expect = [&](const char* name, std::size_t found, std::uint32_t expected) {
    if (found != expected)
      k.fail({errc::bad_format, std::string("key 'clip.") + name + "' has " +
                                    std::to_string(found) + " entries, expected " +
                                    std::to_string(expected)});
  };
  const std::uint32_t n_codebook = k.positive("audio.rvq.num_quantizers");
  hp.codebook_sizes = k.signed_array("audio.rvq.codebook_size", most_codebooks);
  expect("audio.rvq.codebook_size", hp.codebook_sizes.size(), n_codebook);
  hp.attn_window_size = k.required("audio.window_size");
  hp.wa_modes = k.signed_array("audio.wa_pattern_mode", hp.n_layer);
  expect("audio.wa_pattern_mode", hp.wa_modes.size(), hp.n_layer);
  hp.n_layer_local = k.required("audio.local_block_count");
  hp.local_group_size = k.positive("audio.local_group_size");
  k.limit("audio.local_block_count", hp.n_layer_local, most_layers);
  k.limit("audio.local_group_size", hp.local_group_size, longest_group);
}
/// The tower in front is Segment Anything's; sizes of images and patches are not the file's.
inline void read_sam(keys& k, encoder_hparams& hp) {
  constexpr std::uint32_t most_layers = 1024, widest_window = 4096, most_tiles = 256;
  hp.patch_size = 16;
  hp.image_size = 1024;
  hp.sam_n_layer = k.required("vision.sam.block_count");
  hp.sam_n_head = k.positive("vision.sam.head_count");
  hp.sam_n_embd = k.positive("vision.sam.embedding_length");
  hp.attn_window_size = k.positive("vision.window_size");
  k.limit("vision.sam.block_count", hp.sam_n_layer, most_layers);
  k.limit("vision.sam.head_count", hp.sam_n_head, 1u << 16);
  k.limit("vision.sam.embedding_length", hp.sam_n_embd, max_width);
  k.limit("vision.window_size", hp.attn_window_size, widest_window);
  hp.tile_size = 640;
  hp.most_tiles_of_row = k.u32("vision.preproc_max_tiles", 9);
  k.limit("vision.preproc_max_tiles", hp.most_tiles_of_row, most_tiles);
}
inline void read_sam_and_heads(keys& k, encoder_hparams& hp) {
  read_sam(k, hp);
  hp.tile_size = 768;
  hp.most_tiles_of_row = 1;
  k.need("vision.attention.head_count_kv");
}
inline void read_query_windows(keys& k, encoder_hparams& hp) {
  hp.window_side = k.positive("vision.projector.window_side");
  hp.query_side = k.positive("vision.projector.query_side");
  k.limit("vision.projector.window_side", hp.window_side, 1u << 12);
  k.limit("vision.projector.query_side", hp.query_side, 1u << 12);
  const auto offsets = k.signed_array("vision.projector.spatial_offsets", 1024);
  for (const std::int32_t n : offsets) hp.takes_neighbour.push_back(n >= 0);
  if (offsets.size() != hp.feature_layers.size())
    k.fail({errc::bad_format, "key 'clip.vision.projector.spatial_offsets' has " +
                                  std::to_string(offsets.size()) + " entries, expected " +
                                  std::to_string(hp.feature_layers.size()) +
                                  ", one for each of vision.feature_layer"});
  constexpr std::uint32_t longest_grid = 1024;
  const gguf::value* v = k.find("vision.image_grid_pinpoints");
  for (std::uint64_t i = 0; v && v->is_array() && hp.image_size > 0 && i + 1 < v->size(); i += 2) {
    const auto columns = static_cast<std::uint32_t>(v->integer(i).value_or(0) / hp.image_size);
    const auto rows = static_cast<std::uint32_t>(v->integer(i + 1).value_or(0) / hp.image_size);
    if (columns <= longest_grid && rows <= longest_grid &&
        columns * rows > hp.most_tiles.columns * hp.most_tiles.rows)
      hp.most_tiles = {columns, rows};
  }
}
inline void read_gate_clamp(keys& k, encoder_hparams&) { k.need("vision.swiglu_clamp"); }
inline void read_experts(keys& k, encoder_hparams& hp) {
  hp.n_expert_used = k.positive("vision.expert_used_count");
}

// clang-format off: one row each
inline constexpr projector_type projector_types[] = {
    {"adapter", modality::vision, {}, {}, {}, true},
    {"cogvlm", modality::vision},
    {"deepseek4v",
     modality::vision,
     {1, scale_factor, true},
     at_most_tokens(384),
     warms_up_tokens_within(16)},
    {"deepseekocr", modality::vision, {}, {}, {}, false, read_sam},
    {"deepseekocr2", modality::vision, {}, {}, {}, false, read_sam_and_heads},
    {"dots3note_a", modality::audio, {}, {}, {}, false, nullptr, a_minute},
    {"dots3note_v",
     modality::vision,
     {1, spatial_merge_size, true},
     in_file,
     warms_up_tokens(46),
     false,
     read_experts},
    {"dots_ocr", modality::vision, {1, scale_factor, true}, in_file, warms_up_tokens(46)},
    {"exaone4_5",
     modality::vision,
     {2, spatial_merge_size},
     in_file,
     warms_up_tokens(46),
     true,
     read_grouped_windows},
    {"gemma3", modality::vision, {4, scale_factor}, {}, {}, true},
    {"gemma3nv", modality::vision, {1, scale_factor}},
    {"gemma4a", modality::audio},
    {"gemma4ua", modality::audio, {}, {}, {}, false, frame_samples, however_long},
    {"gemma4uv",
     modality::vision,
     {3, scale_factor},
     in_tokens(70, 1120),
     warms_up_tokens(16),
     false,
     merge_in_kernel},
    {"gemma4v", modality::vision, {3, scale_factor}, in_tokens(70, 1120), warms_up_tokens(16)},
    {"glm4v", modality::vision, {2, spatial_merge_size}, in_tokens(8, 4096), warms_up_tokens(46)},
    {"glm5v",
     modality::vision,
     {2, spatial_merge_size},
     in_file_or_user,
     warms_up_tokens(46),
     false,
     read_gate_clamp,
     half_a_minute,
     build_of_october},
    {"glma", modality::audio, {}, {}, {}, false, read_stack_factor},
    {"granite4_vision", modality::vision, {}, {}, {}, false, read_query_windows},
    {"granite_speech", modality::audio, {}, {}, {}, false, read_granite_speech, however_long},
    {"hunyuanvl",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(256, 16384),
     warms_up_tokens(32),
     false,
     read_pixels_if_any},
    {"idefics3", modality::vision, {1, scale_factor}, only_user, {}, true},
    {"internvl", modality::vision, {1, scale_factor}},
    {"janus_pro", modality::vision},
    {"kimik25",
     modality::vision,
     {1, scale_factor},
     in_tokens(2, 4096),
     warms_up_largest,
     false,
     read_pixels_if_both},
    {"kimivl", modality::vision, {1, scale_factor}, in_tokens(8, 1024), warms_up_tokens(16)},
    {"ldp", modality::vision, {}, {}, {}, true},
    {"ldpv2", modality::vision, {}, {}, {}, true},
    {"lfm2", modality::vision, {1, scale_factor}, in_tokens(64, 256), warms_up_largest},
    {"lfm2a", modality::audio, {}, {}, {}, false, nullptr, however_long},
    {"lightonocr", modality::vision, {1, spatial_merge_size}, only_user, warms_up_tokens(16)},
    {"ling3vl",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(8, 4096),
     warms_up_tokens(46),
     false,
     read_window_attention_if_any,
     half_a_minute,
     build_of_october},
    {"llama4", modality::vision, {1, scale_factor}},
    {"meralion", modality::audio, {}, {}, {}, false, read_stack_factor},
    {"mimo_audio", modality::audio, {}, {}, {}, false, read_mimo_audio, however_long},
    {"mimovl",
     modality::vision,
     {2, spatial_merge_size},
     in_file,
     warms_up_tokens(46),
     false,
     read_window_modes},
    {"minicpmv4_6", modality::vision, {4, scale_factor}, {}, {}, true, read_inserted_merger},
    {"minimax_m3",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(8, 576),
     warms_up_tokens(16)},
    {"mlp", modality::vision, {}, {}, {}, true},
    {"muse-glimmer",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(1, 4096),
     warms_up_tokens(32)},
    {"musicflamingo", modality::audio},
    {"nemotron_v2_vl", modality::vision, {1, scale_factor}},
    {"paddleocr", modality::vision, {2}, in_file, warms_up_tokens(28)},
    {"parakeet", modality::audio, {}, {}, {}, false, read_parakeet, however_long},
    {"phi4", modality::vision, {}, in_file, warms_up_tokens(16)},
    {"pixtral", modality::vision, {1, spatial_merge_size}, in_tokens(8, 1024), warms_up_tokens(16)},
    {"qwen2.5vl_merger",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(8, 4096),
     warms_up_tokens(46),
     true,
     read_window_attention},
    {"qwen2a", modality::audio},
    {"qwen2vl_merger",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(8, 4096),
     warms_up_tokens(46),
     true,
     read_window_attention_if_any},
    {"qwen3a", modality::audio},
    {"qwen3vl_merger",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(8, 4096),
     warms_up_tokens(46),
     false,
     read_window_attention_if_any},
    {"resampler", modality::vision, {}, {}, {}, true, read_resampler},
    {"step3vl", modality::vision, {4, scale_factor}},
    {"ultravox", modality::audio, {}, {}, {}, false, read_stack_factor},
    {"voxtral", modality::audio, {}, {}, {}, false, read_stack_factor},
    {"yasa2", modality::vision},
    {"youtuvl",
     modality::vision,
     {2, spatial_merge_size},
     in_tokens(1, 62500),
     warms_up_tokens(16),
     false,
     read_windowed_layers},
};
// clang-format on

}  // namespace detail

using detail::projector_types;

/// What stands for a type that is not known: images of one size, that of the file.
inline constexpr projector_type unknown_projector_types[] = {{"", modality::vision},
                                                             {"", modality::audio}};

/// The row of a type; null: not described here.
[[nodiscard]] constexpr const projector_type* find_projector_type(std::string_view name) {
  for (const projector_type& t : projector_types)
    if (t.name == name) return &t;
  return nullptr;
}

}  // namespace vrambudget
