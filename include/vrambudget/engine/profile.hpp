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
  bool caches = true;             ///< KV caches and recurrent states
  bool compute = true;            ///< compute buffers
  bool pool = true;               ///< that scratch pools stay below the bound
  std::string_view but_not = {};  ///< architectures, each between spaces, whose graphs were others

  bool operator==(const claims&) const = default;
  [[nodiscard]] bool compute_of(std::string_view architecture) const {
    return compute && but_not.find(" " + std::string(architecture) + " ") == but_not.npos;
  }
};

/// Rules of the builds from `first` to `last`: those whose logs were compared, and between them. For
/// builds outside the nearest profile is taken, and claims nothing.
struct profile {
  std::string_view name;  ///< of a release, or the month: "v0.5.0", "2026-08"
  date first, last;
  std::uint32_t first_build = 0, last_build = 0;  ///< the numbers of b9849
  engine::rules rules;
  engine::claims claims;

  bool operator==(const profile&) const = default;
};

/// "llama.cpp v0.5.0"
[[nodiscard]] inline std::string full_name(const profile& p) {
  return "llama.cpp " + std::string(p.name);
}

}  // namespace vrambudget::engine
