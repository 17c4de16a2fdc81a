// What a multiprocessor of a CUDA card can hold at once. Source: CUDA C++ Programming Guide, technical
// specifications per compute capability.
#pragma once

#include <cstddef>

namespace stand_in {

struct cuda_limits {
  int cc;                        ///< compute capability x 10
  std::size_t shared_per_sm;     ///< bytes
  std::size_t shared_per_block;  ///< bytes, for kernels that opt in
  int threads_per_sm;
  int blocks_per_sm;
  std::size_t shared_reserved;  ///< bytes a block that the driver takes
  std::size_t shared_unit;      ///< bytes; shared memory is given in multiples of this
};

constexpr cuda_limits known_limits[] = {
    {60, 65536, 49152, 2048, 32, 0, 256},       {61, 98304, 49152, 2048, 32, 0, 256},
    {70, 98304, 98304, 2048, 32, 0, 256},       {75, 65536, 65536, 1024, 16, 0, 256},
    {80, 167936, 166912, 2048, 32, 1024, 128},  {86, 102400, 101376, 1536, 16, 1024, 128},
    {87, 167936, 166912, 1536, 16, 1024, 128},  {89, 102400, 101376, 1536, 24, 1024, 128},
    {90, 233472, 232448, 2048, 32, 1024, 128},  {100, 233472, 232448, 2048, 32, 1024, 128},
    {110, 233472, 232448, 1536, 24, 1024, 128}, {120, 102400, 101376, 1536, 24, 1024, 128},
};

/// Those of `cc` (x 10), or of the nearest below it.
constexpr cuda_limits limits_of(int cc) {
  cuda_limits found = known_limits[0];
  for (const cuda_limits& l : known_limits)
    if (l.cc <= cc) found = l;
  return found;
}

}  // namespace stand_in
