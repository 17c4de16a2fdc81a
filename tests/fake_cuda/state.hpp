// What both fake libraries know of the devices: their memory, kept in a file that tests read after the
// program has ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fake_cuda {

constexpr std::size_t max_devices = 16;

struct device_state {
  std::uint64_t n_context, n_allocation, allocated_bytes, most_bytes;
};

/// The file's content; all of it 0 at first.
struct state {
  std::array<device_state, max_devices> devices;
  std::uint64_t n_call, n_allocated;  ///< calls of any function, allocations made
};

}  // namespace fake_cuda
