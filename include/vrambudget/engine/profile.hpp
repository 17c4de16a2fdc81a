// A profile: the rules of the engine's builds of some months, and what is known about them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/engine/rules.hpp"

namespace vrambudget {

/// A day of the calendar on which an engine was built.
struct build_date {
  int year = 0, month = 0, day = 0;
  auto operator<=>(const build_date&) const = default;
};

/// Which amounts of a profile are the engine's to the byte. What is not is an assumption.
struct engine_claims {
  bool caches = true;             ///< KV caches and recurrent states
  bool compute = true;            ///< compute buffers
  bool pool = true;               ///< that scratch pools stay below the bound
  bool slices = true;             ///< what `-sm tensor` and `-sm row` divide
  bool graphs = true;             ///< numbers of nodes and splits
  std::string_view but_not = {};  ///< architectures, each between spaces, whose graphs were others

  bool operator==(const engine_claims&) const = default;
  [[nodiscard]] bool compute_of(std::string_view architecture) const {
    return compute && but_not.find(" " + std::string(architecture) + " ") == but_not.npos;
  }
};

/// Rules of the builds from `first` to `last`: those whose logs were compared, and between them. For
/// builds outside the nearest profile is taken, and claims nothing.
struct engine_profile {
  std::string_view name;  ///< of a release, or the month: "2026-08"
  build_date first, last;
  std::uint32_t first_build = 0, last_build = 0;  ///< the numbers of b9849
  engine_rules rules = {};
  engine_claims claims = {};

  bool operator==(const engine_profile&) const = default;
};

/// "llama.cpp 2026-08"
[[nodiscard]] inline std::string full_name(const engine_profile& p) {
  return "llama.cpp " + std::string(p.name);
}

}  // namespace vrambudget
