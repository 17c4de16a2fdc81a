#include "printed_size.hpp"

#include <algorithm>

namespace vrambudget {

void printed_size::add(const log_size& s) {
  size.mib += s.mib;
  size.decimals = any ? std::min(size.decimals, s.decimals) : s.decimals;
  size.cut |= s.cut;
  size.parts = any ? size.parts + 1 : 1;
  any = true;
}

printed_sizes add_up(const std::vector<log_buffer>& buffers, log_term term,
                     const rebuilt_run& run) {
  printed_sizes all(run.devices.size() + 1);
  for (const log_buffer& b : buffers) {
    if (b.term != term) continue;
    const buffer_place p = place_of_buffer(b.device);
    if (p.kind == buffer_place::host && !p.mapped) all.back().add(b.size);
    if (p.kind == buffer_place::device && p.backend == run.backend && p.index < run.devices.size())
      all[p.index].add(b.size);
  }
  return all;
}

bool any_printed(const printed_sizes& all) {
  return std::any_of(all.begin(), all.end(), [](const printed_size& p) { return p.any; });
}

}  // namespace vrambudget
