// What an operation draws from a CUDA device's scratch pool while it runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vrambudget/units.hpp"

namespace vrambudget::cuda {

/// What the choice and the shape of kernels depend on in a card.
struct card {
  std::uint32_t cc = 0;    ///< compute capability times 100: 860 is 8.6
  std::uint32_t n_sm = 0;  ///< streaming multiprocessors
  bool maps_pool = true;   ///< its pool grows where it lies; off: each request is a buffer
};

/// Memory is mapped in pieces of this size, into pools and for buffers.
inline constexpr std::uint64_t pool_granularity = (2_MiB).count;
[[nodiscard]] constexpr std::uint64_t in_pool_pages(std::uint64_t n) {
  return pad(bytes{n}, pool_granularity).count;
}

/// A new buffer of a pool without virtual memory, for a request of `n` bytes.
///
/// Formula:  256 * ceil(floor(1.05 * n) / 256)
/// Source:   llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_pool_leg::alloc
[[nodiscard]] constexpr std::uint64_t made_buffer(std::uint64_t n) {
  return pad(bytes{n + n / 20}, 256).count;
}
/// The same in pages.
[[nodiscard]] constexpr std::uint64_t pool_buffer(std::uint64_t n) {
  return in_pool_pages(made_buffer(n));
}

/// What an operation asks of its pool, in order.
class requests {
 public:
  constexpr void add(std::uint64_t n) {
    if (n > 0 && n_ < all_.size()) all_[n_++] = n;
  }
  [[nodiscard]] constexpr auto begin() const { return all_.begin(); }
  [[nodiscard]] constexpr auto end() const { return all_.begin() + n_; }

 private:
  static constexpr std::size_t most = 12;  ///< that any operation has
  std::array<std::uint64_t, most> all_{};
  std::uint8_t n_ = 0;
};

/// Scratch of one operation: all of it is live at once and given back when the operation ends.
///
/// Formula:  sum of the requests, each rounded up to 128 bytes; of pools without virtual memory see kept_buffers.hpp
/// Source:   llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_pool_vmm::alloc
struct scratch {
  std::uint64_t size = 0;   ///< the most that the batch or a smaller one draws
  std::uint64_t whole = 0;  ///< what the whole batch draws, as it stands
  requests of_most, of_whole;  ///< what these are sums of
  bool cublas = false;  ///< needs cuBLAS, and with it cuBLAS's workspace

  constexpr void take(std::uint64_t n) { take(n, n); }
  /// `n_whole` for the whole batch, `most` for one that draws most.
  constexpr void take(std::uint64_t most, std::uint64_t n_whole) {
    size += (most + 127) / 128 * 128;
    whole += (n_whole + 127) / 128 * 128;
    of_most.add(most);
    of_whole.add(n_whole);
  }
};

namespace detail {
/// First compute capability with the tensor cores that the kernels are written for.
inline constexpr std::uint32_t turing = 750, ampere = 800, ada = 890, blackwell = 1200;

constexpr std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }
}  // namespace detail

}  // namespace vrambudget::cuda
