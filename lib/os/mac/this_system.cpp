#include "vrambudget/os/this_system.hpp"

#include <mach/mach.h>

#include "vrambudget/machine/processor.hpp"

namespace vrambudget {

/// No driver shares a card's memory out there: it is asked for cards that lie elsewhere.
operating_system this_system() { return operating_system::native_linux; }

std::optional<cpu_variant> this_cpu() {
#ifdef __aarch64__
  return usual_apple_cpu;
#else
  return std::nullopt;
#endif
}

/// What is free, and what the system would take from caches for who asks.
std::optional<bytes> available_memory() {
  vm_statistics64_data_t pages{};
  mach_msg_type_number_t n = HOST_VM_INFO64_COUNT;
  vm_size_t page = 0;
  const mach_port_t host = ::mach_host_self();
  if (::host_page_size(host, &page) != KERN_SUCCESS ||
      ::host_statistics64(host, HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&pages), &n) != KERN_SUCCESS)
    return std::nullopt;
  return bytes{page} * (std::uint64_t{pages.free_count} + pages.inactive_count + pages.purgeable_count);
}

}  // namespace vrambudget
