// A header written over another, with blocks put in or taken out before the data; two processes see to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "vrambudget/io/header_change.hpp"

namespace vrambudget::detail {

/// What makes a file of either state, and of any between, one of the second.
struct header_write {
  int fd = -1;
  std::uint64_t new_size = 0;   ///< of the file
  std::uint64_t blocks_at = 0;  ///< where blocks are put in or taken out, if the size is another
  std::uint64_t n_blocks_bytes = 0;   ///< how much of them
  bool puts_in = false;               ///< the file grows
  std::span<const std::byte> header;  ///< what the file then begins with
  std::uint64_t same = 0;             ///< bytes of it that are so already
};

/// Does it in a process of its own and, where that is ended, in this one; no signal that can be held back ends either.
/// The process that remains alone ends the work by itself. 0, or the system's number of what failed.
[[nodiscard]] int write_guarded(const header_write& w,
                                const std::function<void(header_step)>& after);

}  // namespace vrambudget::detail
