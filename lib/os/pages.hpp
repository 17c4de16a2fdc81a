// Memory from the system, in whole pages.
#pragma once

#include <cstddef>

namespace vrambudget::detail {

/// Whether pages cost nothing until they are written to, so that more may be taken than is needed.
#if defined(__wasi__) || defined(_WIN32)  // Windows counts what is taken, written to or not
inline constexpr bool free_until_written = false;
#else
inline constexpr bool free_until_written = true;
#endif

struct pages {
  std::byte* begin = nullptr;  ///< null: the system gave none
  std::size_t size = 0;        ///< in bytes
};

/// Room for `size` bytes at least; `huge`: pages of 2 MiB, where there are such.
[[nodiscard]] pages take_pages(std::size_t size, bool huge);

/// Gives all back.
void give_back(pages all);

/// Gives those back that lie wholly behind the first `used` bytes: what is left.
[[nodiscard]] pages give_back_behind(pages all, std::size_t used);

}  // namespace vrambudget::detail
