// The processor of a machine, by what its kernel says of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "vrambudget/engine/cpu_variant.hpp"

namespace vrambudget {

namespace detail {

/// A kernel's name for instructions. Of AVX-512 the engine wants five parts, which come together on all
/// processors but the first that had any.
struct instruction_name {
  std::string_view word;
  std::uint32_t is;
};
inline constexpr std::array x86_names = {
    instruction_name{"fma", x86::fma},
    instruction_name{"f16c", x86::f16c},
    instruction_name{"sse4_2", x86::sse42},
    instruction_name{"bmi2", x86::bmi2},
    instruction_name{"avx", x86::avx},
    instruction_name{"avx2", x86::avx2},
    instruction_name{"avx_vnni", x86::avx_vnni},
    instruction_name{"avx512bw", x86::avx512},
    instruction_name{"avx512vbmi", x86::avx512_vbmi},
    instruction_name{"avx512_bf16", x86::avx512_bf16},
    instruction_name{"avx512_vnni", x86::avx512_vnni},
    instruction_name{"amx_int8", x86::amx_int8},
};
inline constexpr std::array arm_names = {
    instruction_name{"asimddp", arm::dotprod}, instruction_name{"asimdhp", arm::fp16},
    instruction_name{"sve", arm::sve},         instruction_name{"i8mm", arm::i8mm},
    instruction_name{"sve2", arm::sve2},       instruction_name{"sme", arm::sme},
};

template <class Names>
[[nodiscard]] constexpr std::uint32_t named_in(std::string_view words, const Names& names) {
  std::uint32_t all = 0;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    for (const instruction_name& n : names)
      if (n.word == word) all |= n.is;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return all;
}

}  // namespace detail

/// The variant of the CPU's library that the engine loads, from the text of /proc/cpuinfo: its first line of
/// "flags" (x86) or "Features" (ARM). Nothing: there is none.
[[nodiscard]] constexpr std::optional<cpu_variant> cpu_of_facts(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string_view words = line.substr(colon + 1);
    if (line.starts_with("flags"))
      return best_cpu_variant(false, detail::named_in(words, detail::x86_names));
    if (line.starts_with("Features"))
      return best_cpu_variant(true, detail::named_in(words, detail::arm_names));
  }
  return std::nullopt;
}

}  // namespace vrambudget
