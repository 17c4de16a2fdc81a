// Scratch of flash attention on CUDA: partial results of blocks that share a tile of queries. How many
// blocks run at once depends on the registers of the compiled kernels and on the card's shared memory.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/backends/cuda/flash_attn.hpp"
#include "vrambudget/backends/cuda/scratch.hpp"

namespace vrambudget::cuda {

namespace detail {

/// Shared memory of a multiprocessor, bytes.
constexpr std::uint64_t shared_per_sm(std::uint32_t cc) {
  switch (cc) {
    case 600:
    case 750:
      return 65536;
    case 610:
    case 700:
      return 98304;
    case 800:
    case 870:
      return 167936;
    case 860:
    case 890:
    case 1200:
    case 1210:
      return 102400;
    default:
      return cc < 900 ? 102400 : 233472;
  }
}

/// How the tensor core kernel is compiled for a head size and a tile of queries.
struct mma_config {
  std::int64_t head, columns;  ///< columns: queries x heads that share a KV head
  std::uint64_t threads, blocks, cells, k2, v2, combine;
  int stages;
  bool q_in_registers;
};

/// Source: llama.cpp, ggml/src/ggml-cuda/fattn-mma-f16.cuh: ggml_cuda_fattn_mma_get_config_{ampere, turing}
constexpr mma_config mma_config_for(std::int64_t head, std::int64_t columns, std::uint32_t cc) {
  constexpr mma_config on_turing[] = {
      {256, 16, 128, 2, 64, 128, 128, 128, 2, true}, {256, 32, 128, 2, 64, 128, 128, 64, 2, true},
      {256, 64, 128, 2, 64, 128, 128, 64, 2, true},  {512, 8, 64, 4, 32, 96, 64, 128, 1, false},
      {512, 16, 64, 4, 32, 96, 64, 128, 1, false},   {512, 32, 128, 2, 32, 128, 128, 128, 1, false},
      {576, 8, 64, 4, 32, 96, 64, 128, 1, false},    {576, 16, 64, 4, 32, 96, 64, 128, 1, false}};
  constexpr mma_config all[] = {{192, 8, 64, 4, 64, 96, 64, 64, 2, true},
                                {192, 16, 64, 4, 32, 96, 64, 64, 2, true},
                                {192, 32, 128, 2, 32, 96, 64, 64, 2, true},
                                {192, 64, 128, 2, 32, 96, 64, 64, 2, true},
                                {256, 8, 128, 2, 64, 128, 128, 128, 2, true},
                                {256, 16, 256, 1, 64, 128, 128, 128, 2, true},
                                {256, 32, 128, 2, 32, 128, 128, 128, 2, true},
                                {256, 64, 128, 2, 32, 128, 128, 128, 2, true},
                                {320, 32, 128, 2, 32, 128, 128, 128, 1, false},
                                {320, 64, 256, 1, 32, 128, 128, 128, 1, false},
                                {512, 8, 128, 2, 64, 128, 128, 128, 1, false},
                                {512, 16, 256, 1, 64, 128, 128, 128, 1, false},
                                {512, 32, 256, 1, 32, 128, 128, 128, 1, false},
                                {512, 64, 256, 1, 32, 128, 128, 128, 1, false},
                                {576, 8, 64, 4, 32, 288, 256, 128, 1, false},
                                {576, 16, 64, 4, 32, 288, 256, 128, 1, false},
                                {576, 32, 128, 2, 32, 160, 128, 128, 1, false},
                                {576, 64, 256, 1, 32, 160, 128, 128, 1, false}};
  if (cc < 800)
    for (const mma_config& c : on_turing)
      if (c.head == head && c.columns == columns) return c;
  for (const mma_config& c : all)
    if (c.head == head && c.columns == columns) return c;
  const std::uint64_t half = static_cast<std::uint64_t>(head) / 2;
  return {head, columns, 128, 2, columns == 8 ? 128u : 64u, half, half, half, 2, true};
}

/// Whether three blocks of 128 threads fit a multiprocessor's registers, where two are asked for.
/// Source: registers of flash_attn_ext_f16 in the engine's kernels, at most 168 per thread
constexpr bool mma_runs_three(std::int64_t head, std::int64_t columns, std::int64_t group,
                              std::uint32_t cc) {
  if (head > 128) return false;
  if (cc >= 1200)
    return head < 128 && ((columns <= 16 && group == 1) || (head == 64 && columns == 16) ||
                          (head == 64 && columns == 32 && group == 1));
  if (head == 128) return columns == 16 && group > 1;
  if (columns <= 16) return true;
  if (columns == 64) return head <= 80 && group == 8;
  return head <= 80 ? group != 2 : head == 96 && group == 1;
}

/// Blocks of the tensor core kernel that run on a multiprocessor at once.
constexpr std::uint64_t mma_blocks_per_sm(const mma_config& c, std::int64_t group,
                                          std::uint32_t cc) {
  const auto head = static_cast<std::uint64_t>(c.head),
             columns = static_cast<std::uint64_t>(c.columns);
  const bool swizzled = c.k2 % 32 == 0 && c.v2 % 32 == 0;
  const std::uint64_t k = c.k2 + (swizzled ? 0 : 4),
                      v = c.head == 576 ? k : c.v2 + (swizzled ? 0 : 4);
  const bool two_stages = cc >= 800 && group >= 2 && c.stages > 1;
  const std::uint64_t kv = c.cells * (two_stages ? k + v : std::max(k, v)) * 4;
  const std::uint64_t mask = columns / static_cast<std::uint64_t>(group) * (c.cells / 2 + 4) * 4;
  const std::uint64_t q = columns * (head / 2 + 4) * 4;
  const std::uint64_t combine =
      c.threads / 32 * std::min<std::uint64_t>(columns, 16) * (c.combine + 4) * 4;
  const std::uint64_t shared =
      std::max(combine, c.q_in_registers ? std::max(q, kv + mask) : q + kv + mask);
  const std::uint64_t unit = cc >= 800 ? 128 : 256, reserved = cc >= 800 ? 1024 : 0;
  const std::uint64_t by_shared = shared_per_sm(cc) / (ceil_div(shared + reserved, unit) * unit);
  const std::uint64_t by_registers = mma_runs_three(c.head, c.columns, group, cc) ? 3 : c.blocks;
  return std::max<std::uint64_t>(1, std::min(by_shared, by_registers));
}

/// Heads that share a KV head and are put in one tile.
/// Source: llama.cpp, ggml/src/ggml-cuda/fattn.cu: ggml_cuda_flash_attn_ext_mma_f16
inline std::int64_t mma_group(const ggml::tensor& fa, std::uint32_t cc) {
  const std::int64_t head = fa.src[0]->ne[0], n_q = fa.src[0]->ne[1], n_kv = fa.src[1]->ne[1],
                     gqa = fa.src[0]->ne[2] / fa.src[1]->ne[2];
  if (head == 192) return gqa % 16 == 0 ? 16 : 8;
  if (head == 320) return 32;
  if (head == 576) {
    if (gqa != 20) return gqa % 16 == 0 ? 16 : 4;
    if (cc >= 1210) return n_q <= 8 ? 16 : 4;
    if (cc >= 1200) return n_q <= 4 && n_kv >= 65536 ? 16 : 4;
    if (cc >= 890 || n_q > 4) return n_q <= 4 ? 16 : 4;
    return n_kv <= 16384 ? 16 : 32;
  }
  if (!groups_queries(fa, gqa)) return 1;
  return gqa > 4 ? 8 : gqa > 2 ? 4 : 2;
}

/// Queries of a tile, and whether it gathers the cells that its mask leaves open.
struct mma_tile {
  std::int64_t queries;
  bool sparse;
};
/// Source: llama.cpp, ggml/src/ggml-cuda/fattn.cu: ggml_cuda_flash_attn_ext_mma_f16_switch_ncols1
inline mma_tile mma_tile_for(const ggml::tensor& fa, std::int64_t group, std::uint32_t cc) {
  const ggml::tensor *q = fa.src[0], *k = fa.src[1], *mask = fa.src[3];
  const std::int64_t head = q->ne[0], n_q = q->ne[1];
  const auto gathers = [&](std::int64_t queries) {
    const bool compiled =
        queries == 1 ? ((head == 512 || head == 256) && group == 8) || (head == 576 && group == 16)
                     : head == 256 && group == 8 && queries == 8;
    const std::int64_t cells =
        (queries == 1 ? std::min<std::int64_t>(n_q, 64 / group) : queries) * fa.n_kv_max;
    return compiled && mask && fa.n_kv_max > 0 && !fa.has_bias && mask->ne[0] == k->ne[1] &&
           mask->ne[1] >= n_q && mask->ne[2] == 1 &&
           k->ne[1] >= std::max<std::int64_t>(4096, 2 * cells);
  };
  const bool wide = head == 256 && group == 8 && n_q > 32 / group;
  if (!wide && gathers(1)) return {1, true};
  std::int64_t columns = 64;
  if (group <= 8 && n_q <= 8 / group)
    columns = 8;
  else if (group <= 16 && n_q <= 16 / group)
    columns = 16;
  else if (n_q <= 32 / group || cc < 800)
    columns = 32;
  return {columns / group, gathers(columns / group)};
}

/// Tiles of queries x groups of heads, over all streams.
inline std::uint64_t tiles_of(const ggml::tensor& fa, std::int64_t queries, std::int64_t group) {
  const ggml::tensor *q = fa.src[0], *k = fa.src[1];
  return ceil_div(u64(q->ne[1]), u64(queries)) * ceil_div(u64(q->ne[2] / k->ne[2]), u64(group)) *
         u64(k->ne[2] * q->ne[3]);
}

/// The last open cell of each tile, looked up if many queries or streams make it worth it.
inline void take_mask_ends(scratch& s, const ggml::tensor& fa, std::int64_t queries) {
  const ggml::tensor* q = fa.src[0];
  if (fa.src[3] && fa.src[1]->ne[1] % 256 == 0 && (q->ne[1] >= 1024 || q->ne[3] > 1))
    s.take(4 * ceil_div(u64(q->ne[1]), u64(queries)) * u64(q->ne[3]));
}

/// Blocks of the tensor core kernel that keep what they leave unfinished of `tiles`; 0: all compute whole
/// tiles. `at_once` blocks run on the card.
constexpr std::uint64_t mma_unfinished(std::uint64_t tiles, std::uint64_t steps,
                                       std::uint64_t at_once, std::uint32_t cc) {
  if (cc < 890 && 100 * tiles / (at_once * ceil_div(tiles, at_once)) >= 75) return 0;
  std::uint64_t blocks = std::min(at_once, steps * tiles);
  if (blocks == 0) return 0;  // no cells: T5 whose file says that it was trained for no context
  const std::uint64_t even = blocks / tiles * tiles;
  if (even > 0 && 100 * (blocks - even) / blocks <= 5) blocks = even;
  return tiles % blocks == 0 ? 0 : blocks;
}

/// The tensor core kernel: as many blocks as run at once share all tiles. Where all queries fill them, a
/// batch some tiles smaller may not.
///
/// Formula:  blocks x columns x (2 + head / 2) x 8, unless each block computes whole tiles
inline void take_mma(scratch& s, const ggml::tensor& fa, const card& gpu) {
  const std::int64_t group = mma_group(fa, gpu.cc), head = fa.src[0]->ne[0];
  const mma_tile tile = mma_tile_for(fa, group, gpu.cc);
  const mma_config c = mma_config_for(head, tile.queries * group, gpu.cc);
  const std::uint64_t across = ceil_div(u64(fa.src[0]->ne[1]), u64(tile.queries));
  std::uint64_t n_kv = u64(fa.src[1]->ne[1]);
  if (tile.sparse) {
    n_kv = std::min(n_kv, u64(tile.queries * fa.n_kv_max));
    s.take(4 * (n_kv + 1) * across * u64(fa.src[3]->ne[3]));
  } else {
    take_mask_ends(s, fa, tile.queries);
  }
  const std::uint64_t per_row = tiles_of(fa, tile.queries, group) / across;
  const std::uint64_t at_once = mma_blocks_per_sm(c, group, gpu.cc) * gpu.n_sm;
  const auto unfinished = [&](std::uint64_t n) {
    return mma_unfinished(n * per_row, ceil_div(n_kv, c.cells), at_once, gpu.cc) *
           u64(c.columns) * (2 + u64(fa.src[2]->ne[0]) / 2) * 8;
  };
  const std::uint64_t of_whole = unfinished(across);
  std::uint64_t most = of_whole;
  // beyond four waves, two counts in a row that leave nothing unfinished mean that none does
  const std::uint64_t few = 4 * at_once / per_row;
  for (std::uint64_t n = across - 1; n > 0 && most == 0; n = n > few + 1 ? few + 1 : n - 1)
    most = unfinished(n);
  s.take(most, of_whole);
}

/// Kernels that split the cells of a tile over blocks: so many that the last wave is full enough.
///
/// Formula:  blocks per tile x (elements + rows x 2) x 4
inline void take_parallel(scratch& s, const ggml::tensor& fa, std::uint64_t tiles,
                          std::uint64_t cells, std::uint64_t blocks_per_sm, const card& gpu) {
  const std::uint64_t steps = ceil_div(u64(fa.src[1]->ne[1]), cells);
  const std::uint64_t wave = blocks_per_sm * gpu.n_sm;
  std::uint64_t parallel = std::min(blocks_per_sm, steps), waves = 0, best = 0;
  for (std::uint64_t n = parallel; n <= steps; ++n) {
    const std::uint64_t w = ceil_div(tiles * n, wave), filled = 100 * tiles * n / (w * wave);
    if (best >= 95 && w > waves) break;
    if (filled > best) waves = w, best = filled, parallel = n;
  }
  if (parallel <= 1) return;
  s.take(parallel * u64(n_elements(fa)) * 4);
  s.take(parallel * u64(n_rows(fa)) * 8);
}

/// Heads that share a KV head in one tile of the kernel for cards without tensor cores.
/// Source: llama.cpp, ggml/src/ggml-cuda/fattn-tile.cuh: launch_fattn_tile_switch_ncols2
inline std::int64_t tile_group(const ggml::tensor& fa) {
  const std::int64_t head = fa.src[0]->ne[0], gqa = fa.src[0]->ne[2] / fa.src[1]->ne[2];
  const bool few = gqa > 4 || fa.src[2]->ne[0] > 256 || fa.src[0]->ne[1] <= 16;
  if (!fa.src[3] || fa.has_bias || !few || fa.src[1]->ne[1] % 256 != 0) return 1;
  const std::int64_t most = head == 320 || head == 576 || head == 192 ? 16 : 8;
  for (std::int64_t n = most; n > 1; n /= 2)
    if (gqa % n == 0 && !(head == 576 && n == 8)) return n;
  return 1;
}

/// Blocks of that kernel on a multiprocessor: two for full tiles, more for those of a few queries.
/// Source: registers and shared memory of flash_attn_tile in the engine's kernels
constexpr std::uint64_t tile_blocks_per_sm(std::int64_t head, std::int64_t columns) {
  if (columns >= 32 || head > 128) return 2;
  if (head == 64) return columns == 2 ? 4 : columns == 8 ? 6 : 5;
  if (head == 128) return columns == 2 ? 4 : columns == 16 ? 4 : 5;
  return columns == 2 ? 8 : columns == 4 ? 5 : columns == 8 ? 3 : 2;
}

inline void take_tile(scratch& s, const ggml::tensor& fa, const card& gpu) {
  const std::int64_t head = fa.src[0]->ne[0], n_q = fa.src[0]->ne[1], group = tile_group(fa);
  std::int64_t columns = head <= 256 ? 32 : 16;
  while (columns > 2 && columns > group && n_q * group <= columns / 2) columns /= 2;
  const bool f16 = gpu.cc >= 750;
  const bool long_step = f16 ||
                         ((head == 64 || head == 128) && columns != 4 &&
                          !(head == 64 && columns == 8) && !(head == 128 && columns == 16)) ||
                         ((head == 192 || head == 256) && columns == 2);
  take_mask_ends(s, fa, columns / group);
  take_parallel(s, fa, tiles_of(fa, columns / group, group), long_step ? 64 : 32,
                tile_blocks_per_sm(head, columns), gpu);
}

inline void take_vec(scratch& s, const ggml::tensor& fa, const card& gpu) {
  const std::int64_t head = fa.src[0]->ne[0], queries = fa.src[0]->ne[1] == 1 ? 1 : 2;
  const std::uint64_t blocks = head == 64                                      ? 4
                               : head == 128 && !is_quantized(fa.src[1]->type) ? 3
                                                                               : 2;
  take_mask_ends(s, fa, queries);
  take_parallel(s, fa, tiles_of(fa, queries, 1), u64(head), blocks, gpu);
}

}  // namespace detail

/// Scratch of flash attention.
///
/// Accuracy: exact for full tiles; blocks that run at once are those of the engine's build for cc 7.5 to 12.1
/// Source:   llama.cpp, ggml/src/ggml-cuda/fattn-common.cuh: launch_fattn
[[nodiscard]] inline scratch flash_attn_scratch(const ggml::tensor& fa, const card& gpu) {
  scratch s;
  switch (choose_flash_attn_kernel(fa, gpu.cc)) {
    case flash_attn_kernel::none:
      break;
    case flash_attn_kernel::tile:
      detail::take_tile(s, fa, gpu);
      break;
    case flash_attn_kernel::vec:
      detail::take_vec(s, fa, gpu);
      break;
    case flash_attn_kernel::mma:
      detail::take_mma(s, fa, gpu);
      break;
  }
  return s;
}

}  // namespace vrambudget::cuda
