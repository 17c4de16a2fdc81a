// Sizes of images: between what the engine scales them, and for which it reserves memory when it loads
// a projector.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/model/projector.hpp"

namespace vrambudget {

/// Tiles of a picture behind its overview; none: the picture is one image.
struct tile_grid {
  std::int64_t columns = 0, rows = 0;
  std::int64_t nx = 0, ny = 0;  ///< pixels of the picture before it was scaled
};

/// What an encoder is given at once.
struct encoder_input {
  std::int64_t nx = 0;       ///< pixels, or frames
  std::int64_t ny = 0;       ///< pixels, or mel bins
  std::int64_t n_batch = 1;  ///< images of this size
  bool overview = false;     ///< the picture as a whole, before its tiles (DeepSeek-OCR)
  tile_grid tiles = {};      ///< of an image that is all tiles below each other (Granite Vision 4)
};

/// Pixels of an image after scaling; absent: images have one size.
struct image_range {
  std::optional<std::uint64_t> min_pixels, max_pixels;
};

/// What images of an encoder are scaled to.
///
/// Formula:  tokens x (patch_size x n_merge)^2, unless the file gives pixels
/// Errors:   invalid_argument  the least is more than the most
/// Source:   llama.cpp, tools/mtmd/clip-model.h: set_limit_image_tokens; clip.cpp: load_hparams
[[nodiscard]] inline result<image_range> image_range_of(const encoder& e, const projector_run& r) {
  using source = image_limits::source;
  const image_limits& limits = e.type->limits;
  const std::uint64_t side = std::uint64_t{e.hp.patch_size} * e.hp.n_merge, area = side * side;
  image_range range;
  const auto pixels = [&](const std::optional<std::uint32_t>& user, std::uint32_t otherwise) {
    const std::uint64_t tokens = user && *user > 0 ? *user : otherwise;
    return tokens > 0 ? std::optional(tokens * area) : std::nullopt;
  };
  if (limits.from == source::user || limits.from == source::tokens) {
    range.min_pixels = pixels(r.image_min_tokens, limits.min_tokens);
    range.max_pixels = pixels(r.image_max_tokens, limits.max_tokens);
  }
  if (e.hp.file_min_pixels > 0) range.min_pixels = e.hp.file_min_pixels;
  if (e.hp.file_max_pixels > 0) range.max_pixels = e.hp.file_max_pixels;
  if (limits.from == source::file_or_user) {
    if (const auto least = pixels(r.image_min_tokens, 0)) range.min_pixels = least;
    if (const auto most = pixels(r.image_max_tokens, 0)) range.max_pixels = most;
  }
  if (limits.from == source::least_in_file) {
    constexpr std::uint32_t least_most = 16;
    const bool limited = r.image_max_tokens.value_or(0) > 0;
    const std::uint64_t most =
        limited ? std::max(*r.image_max_tokens, least_most) : limits.max_tokens;
    range.max_pixels = most * area;
    range.min_pixels =
        std::min(pixels(r.image_min_tokens, 0).value_or(range.min_pixels.value_or(0)), most * area);
  }
  if (range.min_pixels.value_or(0) > range.max_pixels.value_or(UINT64_MAX))
    return error{errc::invalid_argument, "images of at least " + std::to_string(*range.min_pixels) +
                                             " pixels and at most " +
                                             std::to_string(*range.max_pixels)};
  if (range.max_pixels.value_or(0) > INT32_MAX)
    return error{errc::invalid_argument, "images of " + std::to_string(*range.max_pixels) +
                                             " pixels, the engine counts to 2^31 - 1"};
  return range;
}

/// What the engine reserves memory for when it loads an encoder.
///
/// Source: llama.cpp, tools/mtmd/clip.cpp: get_dummy_batch; clip-model.h: set_warmup_n_tokens
[[nodiscard]] inline encoder_input warmup_input(const encoder& e, const image_range& range,
                                                const projector_run& r, const engine_rules& rules) {
  constexpr std::int64_t frames = 3000;  // 30 seconds
  if (e.kind == modality::audio) return {.nx = frames, .ny = e.hp.n_mel_bins};
  std::int64_t side = e.hp.image_size;
  if (e.type->warmup.kind == warmup_rule::size::largest && range.max_pixels)
    side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(*range.max_pixels)));
  const std::int64_t token = std::int64_t{e.hp.patch_size} * e.hp.n_merge;
  std::int64_t n = e.type->warmup.side;
  const auto pixels = [&] {
    return static_cast<std::uint64_t>(n * token) * static_cast<std::uint64_t>(n * token);
  };
  if (e.type->warmup.kind == warmup_rule::size::tokens_within)
    while (n > 1 && pixels() > range.max_pixels.value_or(UINT64_MAX)) --n;
  const std::int64_t allowed = r.image_max_tokens.value_or(0);
  if (rules.warms_up_within_limit && allowed > 0 && n * n > allowed)
    n = std::max<std::int64_t>(1,
                               static_cast<std::int64_t>(std::sqrt(static_cast<double>(allowed))));
  if (n > 0) side = n * token;
  return {.nx = side, .ny = side};
}

/// The image that needs most: of as many tokens as are allowed, and of all such the one nearest to a
/// square. Sound: as many frames as it is cut into. The input of the warm-up where there is no limit.
[[nodiscard]] inline encoder_input largest_input(const encoder& e, const image_range& range,
                                                 encoder_input warmup) {
  encoder_input in = warmup;
  const std::uint64_t side = std::uint64_t{e.hp.patch_size} * e.hp.n_merge;
  if (e.kind == modality::audio) in.nx = std::max<std::int64_t>(in.nx, e.type->max_frames);
  if (e.kind == modality::audio || !range.max_pixels || side == 0) return in;
  const std::uint64_t tokens = *range.max_pixels / (side * side);
  std::uint64_t best = 0;
  for (std::uint64_t n = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(tokens)));
       n > 0 && best < tokens; --n)
    if (n * (tokens / n) > best) {
      best = n * (tokens / n);
      in.nx = static_cast<std::int64_t>(tokens / n * side);
      in.ny = static_cast<std::int64_t>(n * side);
    }
  return in;
}

/// Tokens of images of one size that llama-server encodes at once, of types that can.
/// Source: llama.cpp, common/common.h: mtmd_batch_max_tokens
inline constexpr std::int64_t most_batched_tokens = 1024;

/// Images of which one needs most: the largest; or the overview, and tiles of a size of their own.
///
/// Source: llama.cpp, tools/mtmd/mtmd-image.cpp: mtmd_image_preprocessor_{deepseekocr, granite}
[[nodiscard]] inline std::vector<encoder_input> largest_inputs(const encoder& e,
                                                               const image_range& range,
                                                               encoder_input warmup) {
  const encoder_hparams& hp = e.hp;
  std::vector<encoder_input> all{largest_input(e, range, warmup)};
  encoder_input& first = all.front();
  if (hp.most_tiles.columns > 0) {
    first.tiles = {hp.most_tiles.columns, hp.most_tiles.rows, hp.most_tiles.columns * first.nx,
                   hp.most_tiles.rows * first.nx};
    first.ny = first.nx * (1 + std::int64_t{hp.most_tiles.columns} * hp.most_tiles.rows);
  }
  if (hp.tile_size > 0) {
    first.overview = true;
    for (std::uint32_t n = 1; n <= std::max(1u, hp.most_tiles_of_row); ++n)
      all.push_back({hp.tile_size, std::int64_t{hp.tile_size} * n});
  }
  return all;
}

}  // namespace vrambudget
