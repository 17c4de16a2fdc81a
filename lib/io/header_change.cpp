// Which header is to be written; how, is in header/.
#include "vrambudget/io/header_change.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <vector>

#include "io/header/header_backup.hpp"
#include "io/header/replace_header.hpp"
#include "io/header/target_file.hpp"
#include "os/files.hpp"
#include "os/refused.hpp"
#include "os/replacing.hpp"
#include "vrambudget/gguf/header_parts.hpp"
#include "vrambudget/gguf/split.hpp"
#include "vrambudget/gguf/utf8.hpp"
#include "vrambudget/template/chat_facts.hpp"

namespace vrambudget {
namespace {

using namespace detail;

/// The template of a set is its first file's.
result<void> check_part(const target_file& f) {
  const auto split = gguf::split_of(*f.header);
  if (!split) return in_context(f.path, split.error());
  if (split->no == 0) return {};
  const auto paths = gguf::split_paths(f.path, *split);
  return error{
      errc::invalid_argument,
      fmt::format("{}: found file {} of {}, expected the first, which has the template{}", f.path,
                  split->no + 1, split->count, paths ? ": " + paths->front() : std::string())};
}

/// The header with another template: where it was if that can be, else by whole blocks further on.
result<std::vector<std::byte>> header_with(const target_file& f, std::string_view source,
                                           const header_change_options& options) {
  auto parts = gguf::header_parts::of(f.data, *f.header);
  if (!parts) return in_context(f.path, parts.error());
  parts->set(chat_template_key, source);
  const std::uint64_t was = f.data.size();
  if (bytes{parts->size()} > gguf::max_header)
    return error{errc::limit, fmt::format("{}: its header would take {} bytes with this template, "
                                          "expected at most {}",
                                          f.path, parts->size(), gguf::max_header.count)};
  if (!f.has_tensors()) return parts->up_to(parts->size());
  const bool may_stay = !options.only || *options.only == header_method::in_place;
  if (may_stay)
    if (auto header = parts->up_to(was); !header.empty()) return header;
  const std::uint64_t block = block_size_of(f);
  if (block == 0) return error{errc::io, f.path + ": its file system's blocks have no size"};
  for (std::uint64_t at = was + block;; at += block)
    if (auto header = parts->up_to(at); !header.empty()) return header;
}

/// The old header under its lasting name, unless one is there.
result<std::string> keep_backup(const target_file& f, const header_change_options& options) {
  const std::string from = change_path(f.path), to = backup_path(f.path);
  if (!(is_there(to) ? remove_file(from) : rename_file(from, to)))
    return refused_by_system(f.path, "keep the old header", errno);
  sync_folder_of(to);
  if (options.after) options.after(header_step::kept);
  return to;
}

struct ready {
  target_file f;
  bool undid = false;
};
result<ready> open_ready(const std::string& path, const header_change_options& options) {
  auto f = open_target(path, options.force);
  if (!f) return f.error();
  const auto undid = undo_interrupted(*f, options);
  if (!undid) return undid.error();
  if (const auto ok = read_header(*f); !ok) return ok.error();
  return ready{std::move(*f), *undid};
}

}  // namespace

std::string_view text_of(header_method m) {
  constexpr std::array<std::string_view, 4> texts = {"unchanged", "in place", "blocks", "copy"};
  return texts[static_cast<std::size_t>(m)];
}

result<header_change> set_chat_template(const std::string& path, std::string_view source,
                                        const header_change_options& options) {
  if (const std::size_t at = gguf::utf8_extent(source); at < source.size())
    return error{errc::bad_format, fmt::format("the template: byte {}: no UTF-8", at)};
  auto opened = open_ready(path, options);
  if (!opened) return opened.error();
  target_file& f = opened->f;
  if (const auto ok = check_part(f); !ok) return ok.error();
  header_change c{.header_before = {f.data.size()},
                  .header_after = {f.data.size()},
                  .path = f.path,
                  .undid_another = opened->undid};
  const gguf::value* has = f.header->find(chat_template_key);
  if (has && !has->string())
    return error{errc::bad_format,
                 fmt::format("{}: key '{}': found type {}, expected type str", f.path,
                             chat_template_key, gguf::type_name(has->type()))};
  if (has && *has->string() == source) return c;
  const auto header = header_with(f, source, options);
  if (!header) return header.error();
  const auto how = replace_header(f, *header, options);
  if (!how) return how.error();
  const auto backup = keep_backup(f, options);
  if (!backup) return backup.error();
  c.how = *how;
  c.header_after = {header->size()};
  c.backup = *backup;
  return c;
}

result<header_change> restore_header(const std::string& path,
                                     const header_change_options& options) {
  auto opened = open_ready(path, options);
  if (!opened) return opened.error();
  target_file& f = opened->f;
  header_change c{.header_before = {f.data.size()},
                  .header_after = {f.data.size()},
                  .path = f.path,
                  .undid_another = opened->undid};
  const std::string from = backup_path(f.path);
  const auto kept = read_backup(from);
  if (!kept) return kept.error();
  if (!*kept) {
    if (c.undid_another) return c;
    return error{errc::not_found, from + ": no such file: no header was kept"};
  }
  const auto samples = data_samples(f, f.file.get(), f.data.size(), f.size());
  if (!samples) return samples.error();
  if ((*kept)->data_size() != f.size() - f.data.size() || (*kept)->data_hash != hash_of(*samples))
    return error{errc::bad_format, from + ": is the header of another file"};
  if ((*kept)->header != f.data) {
    const auto how = replace_header(f, (*kept)->header, options);
    if (!how) return how.error();
    c.how = *how;
    c.header_after = {(*kept)->header.size()};
    if (!remove_file(change_path(f.path)))
      return refused_by_system(f.path, "remove what was kept", errno);
  }
  remove_file(from);
  sync_folder_of(from);
  return c;
}

}  // namespace vrambudget
