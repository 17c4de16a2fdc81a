#include "vrambudget/os/this_system.hpp"

#include "os/windows/wide.hpp"
#include "vrambudget/engine/cpu_variant.hpp"

namespace vrambudget {

operating_system this_system() { return operating_system::windows; }

/// What processor and system can do, by the compiler's own question to them.
std::optional<cpu_variant> this_cpu() {
  std::uint32_t all = 0;
  const auto has = [&](bool is_there, std::uint32_t what) { all |= is_there ? what : 0; };
  __builtin_cpu_init();
  has(__builtin_cpu_supports("fma"), x86::fma);
  has(__builtin_cpu_supports("f16c"), x86::f16c);
  has(__builtin_cpu_supports("sse4.2"), x86::sse42);
  has(__builtin_cpu_supports("bmi2"), x86::bmi2);
  has(__builtin_cpu_supports("avx"), x86::avx);
  has(__builtin_cpu_supports("avx2"), x86::avx2);
  has(__builtin_cpu_supports("avxvnni"), x86::avx_vnni);
  has(__builtin_cpu_supports("avx512bw"), x86::avx512);
  has(__builtin_cpu_supports("avx512vbmi"), x86::avx512_vbmi);
  has(__builtin_cpu_supports("avx512bf16"), x86::avx512_bf16);
  has(__builtin_cpu_supports("avx512vnni"), x86::avx512_vnni);
  has(__builtin_cpu_supports("amx-int8"), x86::amx_int8);
  return best_cpu_variant(false, all);
}

std::optional<bytes> available_memory() {
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  if (!::GlobalMemoryStatusEx(&memory)) return std::nullopt;
  return bytes{memory.ullAvailPhys};
}

}  // namespace vrambudget
