// What an operation draws from a CUDA device's scratch pool while it runs.
#pragma once

#include <cstdint>

namespace vrambudget::cuda {

/// What the choice and the shape of kernels depend on in a card.
struct card {
  std::uint32_t cc = 0;    ///< compute capability times 100: 860 is 8.6
  std::uint32_t n_sm = 0;  ///< streaming multiprocessors
};

/// Scratch of one operation: all of it is live at once and given back when the operation ends.
///
/// Formula:  sum of the requests, each rounded up to 128 bytes
/// Source:   llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_pool_vmm::alloc
struct scratch {
  std::uint64_t size = 0;   ///< the most that the batch or a smaller one draws
  std::uint64_t whole = 0;  ///< what the whole batch draws, as it stands
  bool cublas = false;      ///< needs cuBLAS, and with it cuBLAS's workspace

  constexpr void take(std::uint64_t n) {
    size += (n + 127) / 128 * 128;
    whole += (n + 127) / 128 * 128;
  }
};

namespace detail {
/// First compute capability with the tensor cores that the kernels are written for.
inline constexpr std::uint32_t turing = 750, ampere = 800, ada = 890, blackwell = 1200;

constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }
constexpr std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }
}  // namespace detail

}  // namespace vrambudget::cuda
