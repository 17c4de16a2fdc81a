// A profile: the rules of the engine's builds of some months, and what is known about them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/engine/rules.hpp"

namespace vrambudget::engine {

struct date {
  int year = 0, month = 0, day = 0;
  auto operator<=>(const date&) const = default;
};

/// Which amounts of a profile are the engine's to the byte. What is not is an assumption.
struct claims {
  bool caches = true;          ///< KV caches and recurrent states
  bool compute = true;         ///< compute buffers
  bool changed_graphs = true;  ///< compute buffers of architectures whose graphs changed since
};

/// Rules of the builds from `first` to `last`: those that were compared with the engine, and between
/// them. Builds outside have the rules of the nearest profile until more is known.
struct profile {
  std::string_view name;  ///< of a release, or the month: "v0.5.0", "2026-08"
  date first, last;
  std::uint32_t first_build = 0, last_build = 0;  ///< the numbers of b9849
  engine::rules rules;
  engine::claims claims;
};

/// "llama.cpp v0.5.0"
[[nodiscard]] inline std::string full_name(const profile& p) {
  return "llama.cpp " + std::string(p.name);
}

}  // namespace vrambudget::engine
