#include "io/header/target_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/files.hpp"
#include "os/paths.hpp"
#include "os/sole_use.hpp"
#include "vrambudget/io/header_change.hpp"

namespace vrambudget::detail {
namespace {

/// Hugging Face's and Ollama's caches keep files in blobs/, named by their hashes.
bool is_named_by_hash(const std::string& path) { return name_in(folder_of(path)) == "blobs"; }

}  // namespace

bool is_as_it_was(const target_file& f) {
  const auto now = facts_of(f.file.get());
  return now && now->is_as_written(f.facts);
}

result<target_file> open_target(const std::string& path, bool force) {
  const std::string real = real_path(path);
  if (real.empty()) return refused_by_system(path, "open", errno);
  if (is_named_by_hash(real) && !force)
    return error{
        errc::invalid_argument,
        fmt::format("{}: its name is the hash of its content, in a cache of another program: "
                    "change a copy elsewhere, or --force",
                    real)};
  target_file f{real, open_to_change(real)};
  if (!f.file.is_open() && errno == EBUSY)
    return error{errc::io, f.path + ": is open in this or another process: end it first"};
  if (!f.file.is_open()) return refused_by_system(f.path, "open for writing", errno);
  const auto facts = facts_of(f.file.get());
  if (!facts) return refused_by_system(f.path, "stat", errno);
  f.facts = *facts;
  if (!f.facts.is_file()) return error{errc::io, f.path + ": is no file"};
  if (const auto alone = take_alone(f.path, f.file.get()); !alone) return alone.error();
  return f;
}

result<std::vector<std::byte>> read_at(const target_file& f, std::uint64_t offset,
                                       std::uint64_t size) {
  std::vector<std::byte> data(size);
  const std::int64_t got = read_at(f.file.get(), data, offset);
  if (got < 0) return refused_by_system(f.path, "read", errno);
  data.resize(static_cast<std::size_t>(got));
  return data;
}

result<void> read_header(target_file& f) {
  f.header.reset();
  const auto facts = facts_of(f.file.get());
  if (!facts) return refused_by_system(f.path, "stat", errno);
  f.facts = *facts;
  for (std::uint64_t wanted = 1 << 20;;) {
    auto data = read_at(f, 0, std::min(wanted, f.size()));
    if (!data) return data.error();
    f.data = std::move(*data);
    const auto extent = gguf::header_extent(f.data);
    if (!extent) return in_context(f.path, extent.error());
    if (*extent <= f.data.size() || f.data.size() == f.size()) break;
    wanted = std::max(*extent, wanted * 2);
  }
  auto header = gguf::parse(f.data, {.file_size = bytes{f.size()}});
  if (!header) return in_context(f.path, header.error());
  const std::uint64_t data_offset = header->data_offset();
  if (bytes{data_offset} > gguf::max_header)
    return error{errc::limit, fmt::format("{}: its data begin at byte {}, expected at most {}",
                                          f.path, data_offset, gguf::max_header.count)};
  if (data_offset > f.data.size()) {
    auto padding = read_at(f, f.data.size(), data_offset - f.data.size());
    if (!padding) return padding.error();
    // may move what the header looks at
    f.data.insert(f.data.end(), padding->begin(), padding->end());
    header = gguf::parse(f.data, {.file_size = bytes{f.size()}});
    if (!header) return in_context(f.path, header.error());
  }
  f.data.resize(data_offset);
  f.header = std::move(*header);
  if (!is_as_it_was(f)) return error{errc::io, f.path + ": changes while it is read"};
  return {};
}

result<std::vector<std::byte>> data_samples(const target_file& f, int fd, std::uint64_t data_offset,
                                            std::uint64_t size) {
  constexpr std::uint64_t n_samples = 64, block = 4096;
  std::vector<std::byte> all;
  const std::uint64_t data = size - data_offset;
  for (std::uint64_t i = 0; i < n_samples; ++i) {
    const std::uint64_t at = data > block ? (data - block) / (n_samples - 1) * i : 0;
    const std::uint64_t n = std::min(block, data - at);
    const std::size_t begin = all.size();
    all.resize(begin + n);
    const std::int64_t got = read_at(fd, std::span(all).subspan(begin), data_offset + at);
    if (got < 0 || static_cast<std::uint64_t>(got) != n)
      return refused_by_system(f.path, "read", got < 0 ? errno : EIO);
  }
  return all;
}

}  // namespace vrambudget::detail
