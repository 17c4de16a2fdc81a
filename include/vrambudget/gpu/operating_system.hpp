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
[[nodiscard]] std::optional<operating_system> find_operating_system(std::string_view name);

/// wsl2 or Linux, by the kernel's version as /proc/version has it.
[[nodiscard]] operating_system system_of_kernel(std::string_view version);

/// The system this process runs on.
[[nodiscard]] operating_system this_system();

}  // namespace vrambudget
