#include "io/header/guarded_write.hpp"

#include <cerrno>

#include "os/descriptor.hpp"
#include "os/file_blocks.hpp"
#include "os/file_facts.hpp"
#include "os/two_processes.hpp"

namespace vrambudget::detail {
namespace {

bool write_part(const header_write& w, std::uint64_t begin, std::uint64_t end) {
  return write_at(w.fd, w.header.subspan(begin, end - begin), begin);
}

bool move_data(const header_write& w) {
  const auto now = facts_of(w.fd);
  if (!now) return false;
  if (now->size == w.new_size) return true;
  return w.puts_in ? put_in_blocks(w.fd, w.blocks_at, w.n_blocks_bytes)
                   : take_out_blocks(w.fd, w.blocks_at, w.n_blocks_bytes);
}

/// 0, or what failed.
int write_all_of(const header_write& w, const std::function<void(header_step)>& after) {
  const auto tell = [&](header_step s) {
    if (after) after(s);
  };
  if (!move_data(w)) return errno;
  tell(header_step::resized);
  // what was put in has no room on the disk yet
  if (w.puts_in && w.n_blocks_bytes > 0 && !allocate_blocks(w.fd, w.blocks_at, w.n_blocks_bytes))
    return errno;
  const std::uint64_t half = w.same + (w.header.size() - w.same) / 2;
  if (!write_part(w, w.same, half)) return errno;
  tell(header_step::half);
  if (!write_part(w, half, w.header.size()) || !flush(w.fd)) return errno;
  tell(header_step::written);
  return 0;
}

}  // namespace

int write_guarded(const header_write& w, const std::function<void(header_step)>& after) {
  return done_by_either([&] { return write_all_of(w, after); });
}

}  // namespace vrambudget::detail
