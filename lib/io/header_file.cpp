// Reads until gguf::parse() is content; see the header for what is promised.
#include "vrambudget/io/header_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "io/regular_file.hpp"
#include "os/pages.hpp"
#include "vrambudget/gguf/header.hpp"

namespace vrambudget {
namespace {

using detail::refused_by_system;

// Headers without a vocabulary, as the further files of a set have, are read at once. Of a vocabulary's end only the
// lengths of its strings tell; the types and merges of its tokens behind it take one and a half as much, and then there
// are the tensors.
constexpr std::uint64_t first_part = std::uint64_t{256} << 10, beyond = std::uint64_t{256} << 10;

file_state state_of(const detail::file_facts& f) {
  return {f.device, f.inode, f.size, f.seconds, f.nanoseconds};
}

error changed(const std::string& path, const std::string& how) {
  return {errc::io, path + ": changed while it was read: " + how};
}

}  // namespace

void detail::pages_given_back::operator()(std::byte* p) const { give_back({p, size}); }

/// Memory that has no pages until it is written to, and then, if it is much, huge ones: the system is asked for each.
result<void> header_file::make_room(std::size_t size, const std::string& path) {
  const detail::pages given = detail::take_pages(size, size > first_part);
  if (given.begin == nullptr)
    return error{errc::io, fmt::format("{}: no memory for a header of up to {} bytes", path, size)};
  data_ = {given.begin, detail::pages_given_back{given.size}};
  return {};
}

void header_file::give_back_rest() {
  std::size_t& size = data_.get_deleter().size;
  size = detail::give_back_behind({data_.get(), size}, n_).size;
}

result<void> header_file::read_up_to(int fd, std::size_t end, const std::string& path) {
  const std::int64_t n = detail::read_at(fd, {data_.get() + n_, end - n_}, n_);
  if (n < 0) return refused_by_system(path, "read", errno);
  n_ += static_cast<std::size_t>(n);
  if (n_ < end)
    return changed(path, fmt::format("it had {} bytes, and ends after {} now", was_.size, n_));
  return {};
}

result<header_file> header_file::open(const std::string& path) {
  auto opened = detail::open_regular(path);
  if (!opened) return opened.error();
  header_file f;
  f.was_ = state_of(opened->facts);
  const std::uint64_t most = std::min(f.was_.size, gguf::max_header.count);
  std::uint64_t want = std::min(most, first_part), room = 0;
  if (most == 0)
    return error{errc::truncated, path + ": is empty: found 0 bytes, expected a GGUF file"};
  while (true) {
    if (want > room) {
      room = room == 0 || !detail::free_until_written ? want : most;
      f.n_ = 0;
      if (const auto ok = f.make_room(room, path); !ok) return ok.error();
    }
    if (const auto ok = f.read_up_to(opened->file.get(), want, path); !ok) return ok.error();
    auto parsed = gguf::parse(f.data(), {.file_size = f.size()});
    if (parsed) {
      f.header_ = std::move(*parsed);
      f.n_ = std::min<std::uint64_t>(f.n_, f.header_.data_offset());
      break;
    }
    const auto size = gguf::measure_header(f.data());
    if (!size) return in_context(path, size.error());
    if (size->least <= f.n_ || f.n_ == f.was_.size) return in_context(path, parsed.error());
    // what is read too much costs less than to look through it once more
    const std::uint64_t likely = std::max<std::uint64_t>(size->likely, f.n_ + f.n_ / 8);
    want = std::min((f.n_ == first_part ? likely + likely * 3 / 2 : likely) + beyond, most);
  }
  f.give_back_rest();
  return f;
}

result<void> header_file::check_unchanged(const std::string& path) const {
  const auto facts = detail::facts_of(path);
  if (!facts) return refused_by_system(path, "look at it again", errno);
  const file_state now = state_of(*facts);
  if (now.device != was_.device || now.inode != was_.inode)
    return changed(path, "another file is there now");
  if (now.size != was_.size)
    return changed(path, fmt::format("it had {} bytes, and has {} now", was_.size, now.size));
  if (now.seconds != was_.seconds || now.nanoseconds != was_.nanoseconds)
    return changed(path, "it was written to");
  return {};
}

}  // namespace vrambudget
