// Sizes of images: between what the engine scales them, and for which it reserves memory when it loads
// a projector.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/model/projector.hpp"

namespace vrambudget {

/// What an encoder is given at once.
struct encoder_input {
  std::int64_t nx = 0;       ///< pixels, or frames
  std::int64_t ny = 0;       ///< pixels, or mel bins
  std::int64_t n_batch = 1;  ///< images of this size
  bool overview = false;     ///< the picture as a whole, before its tiles (DeepSeek-OCR)
};

/// Pixels of an image after scaling; absent: images have one size.
struct image_range {
  std::optional<std::uint64_t> min_pixels, max_pixels;
};

/// What images of an encoder are scaled to.
///
/// Formula:  tokens x (patch_size x n_merge)^2, unless the file gives pixels
/// Errors:   invalid_argument  the least is more than the most
/// Source:   llama.cpp v0.5.0, tools/mtmd/clip-model.h: set_limit_image_tokens; clip.cpp: load_hparams
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
/// Source: llama.cpp v0.5.0, tools/mtmd/clip.cpp: get_dummy_batch
[[nodiscard]] inline encoder_input warmup_input(const encoder& e, const image_range& range) {
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
  if (n > 0) side = n * token;
  return {.nx = side, .ny = side};
}

/// The image that needs most: of as many tokens as are allowed, and of all such the one nearest to a
/// square. The input of the warm-up where images have one size or no limit.
[[nodiscard]] inline encoder_input largest_input(const encoder& e, const image_range& range) {
  encoder_input in = warmup_input(e, range);
  const std::uint64_t side = std::uint64_t{e.hp.patch_size} * e.hp.n_merge;
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

}  // namespace vrambudget
