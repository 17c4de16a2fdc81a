// Variants of the engine's CPU library: it loads the one that uses most of a processor's instructions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vrambudget {

/// Sets of instructions, each the bit that it adds to the score of a variant which needs it.
/// Source: llama.cpp, ggml/src/ggml-cpu/arch/x86/cpu-feats.cpp, arch/arm/cpu-feats.cpp
namespace x86 {
enum instructions : std::uint32_t {
  fma = 1,
  f16c = 1 << 1,
  sse42 = 1 << 2,
  bmi2 = 1 << 3,
  avx = 1 << 4,
  avx2 = 1 << 5,
  avx_vnni = 1 << 6,
  avx512 = 1 << 7,
  avx512_vbmi = 1 << 8,
  avx512_bf16 = 1 << 9,
  avx512_vnni = 1 << 10,
  amx_int8 = 1 << 11,
};
}  // namespace x86
namespace arm {
enum instructions : std::uint32_t {
  dotprod = 1 << 1,
  fp16 = 1 << 2,
  sve = 1 << 3,
  i8mm = 1 << 4,
  sve2 = 1 << 5,
  sme = 1 << 6,
};
}  // namespace arm

/// One of them, by the engine's name.
struct cpu_variant {
  std::string_view name;
  bool is_arm = false;
  std::uint32_t needs = 0;  ///< of x86::instructions or arm::instructions

  [[nodiscard]] constexpr bool has(x86::instructions i) const { return !is_arm && (needs & i); }
  [[nodiscard]] constexpr bool has(arm::instructions i) const { return is_arm && (needs & i); }

  friend constexpr bool operator==(const cpu_variant&, const cpu_variant&) = default;
};

namespace detail {
inline constexpr std::uint32_t to_sandybridge = x86::sse42 | x86::avx;
inline constexpr std::uint32_t to_haswell =
    to_sandybridge | x86::f16c | x86::fma | x86::avx2 | x86::bmi2;
inline constexpr std::uint32_t to_skylakex = to_haswell | x86::avx512;
inline constexpr std::uint32_t to_icelake = to_skylakex | x86::avx512_vbmi | x86::avx512_vnni;
inline constexpr std::uint32_t to_zen4 = to_icelake | x86::avx512_bf16;
inline constexpr std::uint32_t to_armv8_2 = arm::dotprod | arm::fp16;
inline constexpr std::uint32_t to_armv8_6 = to_armv8_2 | arm::sve | arm::i8mm;
}  // namespace detail

/// All of the builds for PCs, servers and Macs.
/// Source: llama.cpp, ggml/src/CMakeLists.txt: ggml_add_cpu_backend_variant
inline constexpr std::array cpu_variants = {
    cpu_variant{"x64"},
    cpu_variant{"sse42", false, x86::sse42},
    cpu_variant{"sandybridge", false, detail::to_sandybridge},
    cpu_variant{"ivybridge", false, detail::to_sandybridge | x86::f16c},
    cpu_variant{"piledriver", false, detail::to_sandybridge | x86::f16c | x86::fma},
    cpu_variant{"haswell", false, detail::to_haswell},
    cpu_variant{"skylakex", false, detail::to_skylakex},
    cpu_variant{"cannonlake", false, detail::to_skylakex | x86::avx512_vbmi},
    cpu_variant{"cascadelake", false, detail::to_skylakex | x86::avx512_vnni},
    cpu_variant{"icelake", false, detail::to_icelake},
    cpu_variant{"cooperlake", false,
                detail::to_skylakex | x86::avx512_vnni | x86::avx512_bf16},
    cpu_variant{"zen4", false, detail::to_zen4},
    cpu_variant{"alderlake", false, detail::to_haswell | x86::avx_vnni},
    cpu_variant{"sapphirerapids", false, detail::to_zen4 | x86::amx_int8},
    cpu_variant{"armv8.0_1", true},
    cpu_variant{"armv8.2_1", true, arm::dotprod},
    cpu_variant{"armv8.2_2", true, detail::to_armv8_2},
    cpu_variant{"armv8.2_3", true, detail::to_armv8_2 | arm::sve},
    cpu_variant{"armv8.6_1", true, detail::to_armv8_6},
    cpu_variant{"armv8.6_2", true, detail::to_armv8_6 | arm::sve2},
    cpu_variant{"armv9.2_1", true, detail::to_armv8_6 | arm::sme},
    cpu_variant{"armv9.2_2", true, detail::to_armv8_6 | arm::sve2 | arm::sme},
    cpu_variant{"apple_m1", true, arm::dotprod},
    cpu_variant{"apple_m2_m3", true, arm::dotprod | arm::i8mm},
    cpu_variant{"apple_m4", true, arm::dotprod | arm::i8mm | arm::sme},
};

/// Null: no variant of that name.
[[nodiscard]] constexpr const cpu_variant* find_cpu_variant(std::string_view name) {
  for (const cpu_variant& v : cpu_variants)
    if (v.name == name) return &v;
  return nullptr;
}

/// What is taken where no processor is told: that of most PCs.
inline constexpr cpu_variant usual_cpu = *find_cpu_variant("haswell");
/// The same beside a GPU of Apple.
inline constexpr cpu_variant usual_apple_cpu = *find_cpu_variant("apple_m1");

/// The variant that is loaded on a processor with these instructions. Apple's are never chosen: their builds
/// have but one.
[[nodiscard]] constexpr const cpu_variant& best_cpu_variant(bool is_arm, std::uint32_t has) {
  const cpu_variant* best = is_arm ? find_cpu_variant("armv8.0_1") : &cpu_variants.front();
  for (const cpu_variant& v : cpu_variants)
    if (v.is_arm == is_arm && !v.name.starts_with("apple") && (v.needs & ~has) == 0 &&
        v.needs > best->needs)
      best = &v;
  return *best;
}

}  // namespace vrambudget
