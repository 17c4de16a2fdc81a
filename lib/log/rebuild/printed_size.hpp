// What a log says each device holds of one kind.
#pragma once

#include <vector>

#include "vrambudget/log/parsed_log.hpp"
#include "vrambudget/log/rebuild.hpp"

namespace vrambudget {

/// The sizes of one device's lines, added up.
struct printed_size {
  log_size size;
  bool any = false;

  void add(const log_size& s);
  /// Whether `b` could be it; nothing printed is nothing held.
  [[nodiscard]] bool is(bytes b) const { return any ? size.prints(b) : b.count == 0; }
};

/// Of each device and, last, the host.
using printed_sizes = std::vector<printed_size>;

[[nodiscard]] printed_sizes add_up(const std::vector<log_buffer>& buffers, log_term term,
                                   const rebuilt_run& run);

/// Whether there is a line of any of them.
[[nodiscard]] bool any_printed(const printed_sizes& all);

}  // namespace vrambudget
