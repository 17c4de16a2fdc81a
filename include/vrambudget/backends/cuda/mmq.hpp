// The quantized matrix kernel on CUDA: what it multiplies, its tiles, and its scratch.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "vrambudget/backends/cuda/scratch.hpp"
#include "vrambudget/engine/rules.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::cuda::detail {

/// Whether the kernel is compiled for a type of matrices.
/// Source: llama.cpp, ggml/src/ggml-cuda/mmq.cu: ggml_cuda_should_use_mmq
constexpr bool has_mmq(ggml_type t) {
  return is_quantized(t) && t != ggml_type::iq1_m && t != ggml_type::tq1_0 && t != ggml_type::tq2_0;
}
constexpr bool takes_mmq(ggml_type t, bool experts, std::uint32_t cc) {
  if (!has_mmq(t)) return false;
  return cc >= turing || (experts && cc >= 600);
}

/// Tiles of the quantized matrix kernel: `rows` of the result by one of `widths` columns.
struct mmq_tiles {
  std::uint64_t rows;
  std::span<const std::uint64_t> widths;
};
inline constexpr std::array<std::uint64_t, 11> mmq_widths{8,  16, 24, 32,  40, 48,
                                                          64, 80, 96, 112, 128};
inline constexpr std::array<std::uint64_t, 5> mmq_ragged_widths{8, 16, 32, 64, 128};
/// Rows of the matrix that do not fill tiles of 128 leave fewer widths; cards before Turing have tiles of 64.
/// Source: llama.cpp, ggml/src/ggml-cuda/mmq-config-{ampere, blackwell, pascal-older}.cuh
constexpr mmq_tiles mmq_tiles_for(std::int64_t n_rows, std::uint32_t cc) {
  const bool ragged = n_rows % 128 != 0;
  if (cc >= turing)
    return {128, ragged ? std::span<const std::uint64_t>(mmq_ragged_widths)
                        : std::span<const std::uint64_t>(mmq_widths)};
  return {64, ragged ? std::span<const std::uint64_t>(mmq_ragged_widths).first(4)
                     : std::span<const std::uint64_t>(mmq_widths).first(7)};
}

/// Shared memory a block of a card may ask for, bytes.
constexpr std::uint64_t shared_per_block(std::uint32_t cc) {
  switch (cc) {
    case 750:
      return 65536;
    case 800:
    case 870:
      return 166912;
    case 860:
    case 890:
    case 1200:
    case 1210:
      return 101376;
    default:
      return cc < turing ? 49152 : 232448;
  }
}

/// What the quantized matrix kernel multiplies by: a type, and whether the card does that in four bits.
struct mmq_matrix {
  ggml_type type;
  bool fp4;
};
inline mmq_matrix mmq_matrix_of(const ggml::tensor& a, std::uint32_t cc, const engine_rules& r) {
  const bool is_fp4 = a.type == ggml_type::mxfp4 || a.type == ggml_type::nvfp4;
  return {a.type, cc >= blackwell && is_fp4 && !(a.eight_bits && r.keeps_eight_bits)};
}

/// Shared memory of one tile of the quantized matrix kernel.
/// Source: llama.cpp, ggml/src/ggml-cuda/mmq.cuh: mmq_get_nbytes_shared
constexpr std::uint64_t mmq_shared(mmq_matrix a, std::uint64_t rows, std::uint64_t width) {
  const ggml_type t = a.type;
  std::uint64_t words = 76;
  if (t == ggml_type::q2_k) words = 100;
  if (t == ggml_type::q3_k || t == ggml_type::iq2_xs || t == ggml_type::iq2_s ||
      (t == ggml_type::nvfp4 && !a.fp4))
    words = 84;
  return 4 * width + 4 * rows * words + ceil_div(144 * width, 1024) * 1024;
}

/// Partial tiles that the stream-k kernel of a product keeps, bytes: none if each block computes whole tiles.
///
/// Formula:  n_sm x width x rows x 4 unless tiles fill at least 90 % of their waves or n_sm divides them
/// Source:   llama.cpp, ggml/src/ggml-cuda/mmq.cuh: mul_mat_q_switch_J, launch_mul_mat_q
constexpr std::uint64_t mmq_fixup(mmq_matrix a, std::int64_t n_rows, std::uint64_t n_columns,
                                  std::uint64_t n_products, const card& gpu) {
  if (gpu.cc < turing) return 0;
  // the narrowest tiles among those that need the fewest
  const mmq_tiles tiles = mmq_tiles_for(n_rows, gpu.cc);
  auto widest = tiles.widths.rbegin();
  while (mmq_shared(a, tiles.rows, *widest) > shared_per_block(gpu.cc)) ++widest;
  const std::uint64_t across = ceil_div(n_columns, *widest);
  const std::uint64_t width =
      *std::lower_bound(tiles.widths.begin(), tiles.widths.end(), ceil_div(n_columns, across));
  const std::uint64_t n = across * ceil_div(u64(n_rows), tiles.rows) * n_products;
  const std::uint64_t in_waves = ceil_div(n, gpu.n_sm) * gpu.n_sm;
  if (100 * n / in_waves >= 90 || n % gpu.n_sm == 0) return 0;
  return std::uint64_t{gpu.n_sm} * width * tiles.rows * 4;
}

/// Input of a quantized matrix kernel in its own blocks, and room to read a whole tile past its end.
///
/// Formula:  rows x pad512(width) x 144 / 128 + 144 x widest tile that `columns` fill; native FP4 packs 256
///           values in a block, NVFP4 with a scale per row
/// Source:   llama.cpp, ggml/src/ggml-cuda/mmq.cu: ggml_cuda_mul_mat_q
constexpr void take_mmq_input(scratch& s, mmq_matrix a, std::int64_t n_rows, std::uint64_t rows,
                              std::int64_t width, std::int64_t columns, std::uint32_t cc) {
  std::uint64_t widest = 0;
  for (const std::uint64_t w : mmq_tiles_for(n_rows, cc).widths)
    if (w <= u64(columns)) widest = w;
  const std::uint64_t padded = ceil_div(u64(width), 512) * 512;
  s.take(rows * padded * 144 / (a.fp4 ? 256 : 128) + widest * 144);
  if (a.fp4 && a.type == ggml_type::nvfp4) s.take(4 * rows);
}

/// A quantized product by the matrix kernel: its input and its partial tiles. Where those of all columns
/// fill the card's waves, those of a batch some tiles smaller may not, and draw more.
constexpr void take_mmq(scratch& s, mmq_matrix a, std::int64_t n_rows, std::uint64_t rows,
                        std::int64_t width, std::int64_t tile_columns, std::uint64_t n_columns,
                        std::uint64_t n_products, const card& gpu) {
  if (n_columns == 0) return;
  const scratch before = s;
  take_mmq_input(s, a, n_rows, rows, width, tile_columns, gpu.cc);
  if (const std::uint64_t fixup = mmq_fixup(a, n_rows, n_columns, n_products, gpu))
    return s.take(fixup);
  // ten waves of tiles fill nine tenths of their waves, whatever the last one has
  const std::uint64_t ten_waves = std::uint64_t{10} * gpu.n_sm * mmq_widths.back();
  for (std::uint64_t n = (std::min(n_columns, ten_waves) - 1) / 128 * 128; n > 0; n -= 128)
    if (const std::uint64_t fixup = mmq_fixup(a, n_rows, n, n_products, gpu)) {
      scratch fewer = before;
      take_mmq_input(fewer, a, n_rows, rows / n_columns * n, width, tile_columns, gpu.cc);
      fewer.take(fixup);
      if (fewer.size > s.size) {
        s.size = fewer.size;
        s.of_most = fewer.of_most;
      }
      return;
    }
}

}  // namespace vrambudget::cuda::detail
