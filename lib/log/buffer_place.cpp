#include "vrambudget/log/buffer_place.hpp"

#include "scan.hpp"

namespace vrambudget {

buffer_place place_of_buffer(std::string_view name) {
  using enum buffer_place::kind_type;
  buffer_place p;
  // CPU_AARCH64 until 2025
  for (const std::string_view packed : {"CPU_REPACK", "CPU_AARCH64", "CPU_KLEIDIAI", "AMX"})
    p.repacked = p.repacked || name == packed;
  if (p.repacked || name == "CPU" || name == "Host" || name == "CPU_Mapped" || name == "BLAS" ||
      name.ends_with("_Host")) {
    p.kind = host;
    p.mapped = name == "CPU_Mapped";
    return p;
  }
  for (const std::string_view suffix : {"_Mapped", "_Private"})
    if (name.ends_with(suffix)) {
      p.mapped = suffix == "_Mapped";
      name.remove_suffix(suffix.size());
    }
  if (name == "Metal") name = "MTL0";
  for (const std::string_view backend : {"CUDA", "ROCm", "Vulkan", "MTL", "SYCL", "MUSA"}) {
    if (!name.starts_with(backend)) continue;
    std::string_view rest = name.substr(backend.size());
    const auto n = detail::take_number(rest);
    if (!n || !rest.empty() || *n > 63) return p;
    p.kind = device;
    p.backend = backend;
    p.index = *n;
    return p;
  }
  return p;
}

}  // namespace vrambudget
