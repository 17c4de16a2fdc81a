#include "io/header/copied_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "os/descriptor.hpp"
#include "os/file_blocks.hpp"
#include "os/file_copy.hpp"
#include "os/files.hpp"
#include "os/replacing.hpp"
#include "os/sole_use.hpp"

namespace vrambudget::detail {
namespace {

constexpr std::uint64_t piece = std::uint64_t{64} << 20;

/// Where the data are in the old file, and where in the new one.
struct data_places {
  std::uint64_t from, to, size;
};

/// Copies what is no hole. 0, or the system's number of what failed.
int copy_data(int in, int out, const data_places& p, const header_change_options& options) {
  bool is_told = false;
  file_copier copier(in, out);
  for (std::uint64_t at = 0; at < p.size;) {
    const auto data = next_data(in, p.from + at, p.from + p.size);
    if (!data) break;  // holes to the end
    at = data->begin - p.from;
    const std::uint64_t end = data->end - p.from;
    while (at < end) {
      const std::int64_t n = copier.copy_some(p.from + at, p.to + at, std::min(piece, end - at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return n == 0 ? EIO : errno;
      at += static_cast<std::uint64_t>(n);
      if (options.progress) options.progress(bytes{at}, bytes{p.size});
      if (options.after && !is_told) options.after(header_step::copying);
      is_told = true;
    }
  }
  return 0;
}

result<void> write_copy(const target_file& f, int out, std::span<const std::byte> header,
                        const header_change_options& options) {
  const auto failed = [&](int code) {
    return refused_by_system(f.path, "write a new file beside it", code);
  };
  const std::uint64_t from = f.data.size(), data = f.size() - from;
  if (!resize(out, header.size() + data) || !write_at(out, header, 0)) return failed(errno);
  if (const int code = copy_data(f.file.get(), out, {from, header.size(), data}, options))
    return failed(code);
  if (!flush(out)) return failed(errno);
  if (!is_as_it_was(f)) return error{errc::io, f.path + ": changes while it is copied"};
  std::vector<std::byte> written(header.size());
  if (read_at(out, written, 0) != std::ssize(written) ||
      !std::equal(header.begin(), header.end(), written.begin()))
    return error{errc::io, f.path + ": the copy beside it has another header: it is removed again"};
  const auto before = data_samples(f, f.file.get(), from, f.size());
  const auto after = data_samples(f, out, header.size(), header.size() + data);
  if (!before) return before.error();
  if (!after) return after.error();
  if (*before != *after)
    return error{errc::io, f.path + ": the copy beside it has other data: it is removed again"};
  return {};
}

}  // namespace

result<void> replace_by_copy(target_file& f, std::span<const std::byte> header,
                             const header_change_options& options) {
  const std::string path = f.path + ".header-new";
  const std::uint64_t needed = f.facts.on_disk + header.size();
  remove_file(path);
  const auto room = free_on_disk_of(f.path);
  if (room && *room < needed && !shares_blocks(f.file.get()))
    return error{errc::io,
                 fmt::format("{}: a new file beside it takes {} bytes: found {} free on its disk",
                             f.path, needed, *room)};
  let_others_read(f.file.get());  // the old file stays as it is
  descriptor out = open_new(path, f.facts.mode);
  if (!out.is_open()) return refused_by_system(path, "write", errno);
  copy_rights(f.file.get(), out.get());
  auto done = write_copy(f, out.get(), header, options);
  if (done && !take_name_of(f.file, out, path, f.path))
    done = refused_by_system(f.path, "rename the new file", errno);
  out.close();
  if (!done) {
    remove_file(path);
    return done;
  }
  sync_folder_of(f.path);
  if (options.after) options.after(header_step::renamed);
  return {};
}

}  // namespace vrambudget::detail
