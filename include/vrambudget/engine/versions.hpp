// Releases of the engine by name, with the day of each: since August 2026 it has numbers of three parts.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/engine/profile.hpp"

namespace vrambudget {

/// A release, or the next one under development, by what its program calls itself.
struct engine_version {
  std::string_view name;
  build_date day;
  bool is_out = true;  ///< off: only states before it are known
};

/// Oldest first.
///
/// Source: packages that took them up in these days (SubtitleEdit, yzma: v0.3.0 is b10621; llamaj.cpp); of
///         v0.6.0 there was only the development state that llama-cpp-sys-2 0.1.161 has
inline constexpr std::array engine_versions{
    engine_version{"v0.3.0", {2026, 8, 25}},
    engine_version{"v0.4.0", {2026, 9, 5}},
    engine_version{engine_release, {2026, 9, 28}},
    engine_version{"v0.6.0", {2026, 11, 3}, false},
};

/// The version with that name, "v" or not; null: there is none.
[[nodiscard]] constexpr const engine_version* find_version(std::string_view name) {
  if (name.starts_with('v')) name.remove_prefix(1);
  const auto it = std::find_if(engine_versions.begin(), engine_versions.end(),
                               [&](const engine_version& v) { return v.name.substr(1) == name; });
  return it == engine_versions.end() ? nullptr : &*it;
}

/// Their names, for messages.
[[nodiscard]] inline std::string version_names() {
  std::string names;
  for (const engine_version& v : engine_versions)
    names += (names.empty() ? "" : ", ") + std::string(v.name);
  return names;
}

}  // namespace vrambudget
