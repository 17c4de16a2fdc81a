#include "catalogue/chip_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace vrambudget::detail {
namespace {

/// Of totals that were seen the largest that a card of that size can have.
std::optional<bytes> largest_seen(std::span<const bytes> totals, bytes memory) {
  std::optional<bytes> largest;
  for (const bytes seen : totals)  // of cards of this size, and not of a part of it
    if (seen <= memory && seen.count > memory.count / 10 * 9)
      largest = std::max(seen, largest.value_or(seen));
  return largest;
}

}  // namespace

bytes shared_with_gpu(const other_gpu& gpu, bytes ram, operating_system system) {
  const bool most = gpu.vendor == "Intel" && system == operating_system::native_linux;
  return most ? bytes{ram.count / 4 * 3} : bytes{ram.count / 2};
}

device chip_device(const other_gpu& gpu, bytes memory, std::span<const bytes> totals,
                   operating_system system) {
  device d;
  d.name = gpu.name.starts_with(gpu.vendor) ? gpu.name : gpu.vendor + " " + gpu.name;
  d.unified = gpu.form == "unified";
  if (gpu.bandwidth_bytes_per_s > 0) d.bandwidth_bytes_per_s = gpu.bandwidth_bytes_per_s;
  if (gpu.memory.empty()) {
    d.pool = memory;
    d.total = shared_with_gpu(gpu, memory, system);
  } else {
    d.total = largest_seen(totals, memory).value_or(memory);
  }
  if (gpu.memory.size() > 1) d.variant = fmt::format("{} GB", memory.count >> 30);
  d.free = d.total;
  d.draft_context = {};
  return d;
}

}  // namespace vrambudget::detail
