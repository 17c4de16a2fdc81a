#include "io/header/replace_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <optional>

#include "io/header/copied_file.hpp"
#include "io/header/guarded_write.hpp"
#include "io/header/header_backup.hpp"
#include "os/file_blocks.hpp"
#include "os/files.hpp"
#include "os/refused.hpp"
#include "os/replacing.hpp"

namespace vrambudget::detail {
namespace {

using header_bytes = std::vector<std::byte>;

/// From a file of `from_size` that begins with `from` to what is kept.
header_write undoing(const target_file& f, const header_backup& kept) {
  const bool grew = kept.new_size > kept.old_size;
  return {f.file.get(),
          kept.old_size,
          kept.blocks_at,
          grew ? kept.new_size - kept.old_size : kept.old_size - kept.new_size,
          !grew,
          kept.header,
          0};
}

error failed_with(const target_file& f, const char* what, int code) {
  return refused_by_system(f.path, what, code);
}

/// Puts the file back, and removes what was kept for it.
error undone(const target_file& f, const header_backup& kept, error why) {
  if (const int code = write_guarded(undoing(f, kept), {}))
    return {errc::io, fmt::format("{}; it is to be undone with --restore: {}", why.message,
                                  failed_with(f, "write the old header", code).message)};
  remove_file(change_path(f.path));
  return why;
}

/// Whether the file has this header and the data that it had.
result<void> check_written(const target_file& f, const header_bytes& header,
                           const header_bytes& samples, std::uint64_t new_size) {
  const auto written = read_at(f, 0, header.size());
  if (!written) return written.error();
  const auto data = data_samples(f, f.file.get(), header.size(), new_size);
  if (!data) return data.error();
  if (*written != header || *data != samples)
    return error{errc::io, f.path + ": reads back other than it was written: undone"};
  return {};
}

/// Whether the file system moves no blocks of this file, so that a copy is the way.
bool means_a_copy(int code) { return code == EOPNOTSUPP || code == EINVAL || code == ENOSYS; }

}  // namespace

std::uint64_t block_size_of(const target_file& f) {
  const std::uint64_t block = block_size_of(f.file.get());
  return std::has_single_bit(block) ? std::max<std::uint64_t>(block, f.header->alignment()) : 0;
}

result<bool> undo_interrupted(target_file& f, const header_change_options& options) {
  const std::string path = change_path(f.path);
  remove_file(f.path + ".header-new");
  const auto kept = read_backup(path);
  if (!kept) return kept.error();
  if (!*kept) return false;
  const header_backup& b = **kept;
  const auto begins_with = [&](std::uint64_t n) { return read_at(f, 0, n); };
  const auto now = begins_with(std::max<std::uint64_t>(b.header.size(), b.new_data));
  if (!now) return now.error();
  const auto first = [&](std::uint64_t n) {
    return header_bytes(now->begin(), now->begin() + static_cast<std::ptrdiff_t>(
                                                         std::min<std::uint64_t>(n, now->size())));
  };
  if (f.size() == b.new_size && hash_of(first(b.new_data)) == b.new_hash) {
    // it was over: only the name was missing
    const std::string lasting = backup_path(f.path);
    if (!(is_there(lasting) ? remove_file(path) : rename_file(path, lasting)))
      return failed_with(f, "keep the old header", errno);
    sync_folder_of(path);
    return false;
  }
  const error foreign{errc::bad_format,
                      path + ": tells of another file: remove it if it is not needed"};
  if (f.size() != b.new_size && f.size() != b.old_size) return foreign;
  const std::uint64_t data = f.size() == b.old_size ? b.header.size() : b.new_data;
  const auto samples = data_samples(f, f.file.get(), data, f.size());
  if (!samples) return samples.error();
  if (hash_of(*samples) != b.data_hash) return foreign;
  if (first(b.header.size()) != b.header || f.size() != b.old_size)
    if (const int code = write_guarded(undoing(f, b), options.after))
      return failed_with(f, "write the old header", code);
  remove_file(path);
  sync_folder_of(path);
  return true;
}

result<header_method> replace_header(target_file& f, const header_bytes& header,
                                     const header_change_options& options) {
  const std::uint64_t was = f.data.size(), is = header.size(), least = std::min(was, is);
  const std::uint64_t block = block_size_of(f), change = std::max(was, is) - least;
  const bool moves = change > 0 && f.has_tensors() && block > 0 && change % block == 0;
  header_method how = change == 0 ? header_method::in_place
                      : moves     ? header_method::blocks
                                  : header_method::copy;
  if (options.only == header_method::copy) how = header_method::copy;
  if (options.only && *options.only != how)
    return error{errc::io, fmt::format("{}: cannot be changed {}: found a header of {} bytes and "
                                       "one of {} to be",
                                       f.path, text_of(*options.only), was, is)};
  const auto samples = data_samples(f, f.file.get(), was, f.size());
  if (!samples) return samples.error();
  const header_backup kept{
      f.size(),        f.size() - was + is, is,    block > 0 ? least / block * block : 0,
      hash_of(header), hash_of(*samples),   f.data};
  if (const auto ok = write_backup(change_path(f.path), kept, f.facts.mode); !ok)
    return ok.error();
  if (options.after) options.after(header_step::staged);
  if (how != header_method::copy) {
    const auto differs = std::mismatch(f.data.begin(), f.data.end(), header.begin(), header.end());
    auto same = static_cast<std::uint64_t>(differs.second - header.begin());
    if (how == header_method::blocks) same = std::min(same, kept.blocks_at);  // the rest moves
    const header_write w{f.file.get(), kept.new_size, kept.blocks_at, change, is > was,
                         header,       same};
    const int code = write_guarded(w, options.after);
    const bool is_as_before = means_a_copy(code) && how == header_method::blocks && !options.only;
    if (code != 0 && !is_as_before)
      return undone(f, kept, failed_with(f, "write the header", code));
    if (code == 0) {
      if (const auto ok = check_written(f, header, *samples, kept.new_size); !ok)
        return undone(f, kept, ok.error());
      return how;
    }
  }
  if (const auto ok = replace_by_copy(f, header, options); !ok) {
    remove_file(change_path(f.path));
    return ok.error();
  }
  return header_method::copy;
}

}  // namespace vrambudget::detail
