// The systems whose drivers share a card's memory out in their own ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vrambudget {

/// wsl2 is Linux on Windows' driver. (GNU compilers define `linux` as a macro.)
enum class operating_system : std::uint8_t { native_linux, windows, wsl2 };

[[nodiscard]] constexpr std::string_view name(operating_system s) {
  constexpr std::string_view names[] = {"linux", "windows", "wsl2"};
  return names[static_cast<std::size_t>(s)];
}

/// "linux", "windows" or "wsl2"; nothing for another text.
[[nodiscard]] inline std::optional<operating_system> find_operating_system(std::string_view text) {
  using enum operating_system;
  for (const operating_system s : {native_linux, windows, wsl2})
    if (name(s) == text) return s;
  return std::nullopt;
}

/// wsl2 or Linux, by the kernel's version as /proc/version has it.
[[nodiscard]] inline operating_system system_of_kernel(std::string_view version) {
  // WSL's kernels name themselves "...-microsoft-standard-WSL2", older ones "-Microsoft"
  return version.find("icrosoft") != version.npos ? operating_system::wsl2
                                                  : operating_system::native_linux;
}

}  // namespace vrambudget
