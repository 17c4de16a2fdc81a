// A backup is two lines of text and the header: what it is; sizes, offsets and hashes.
#include "io/header/header_backup.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "io/header/target_file.hpp"
#include "os/descriptor.hpp"
#include "os/files.hpp"
#include "os/replacing.hpp"
#include "template/sha256.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/io/whole_file.hpp"

namespace vrambudget::detail {
namespace {

constexpr std::string_view form = "vrambudget header backup 1\n";
constexpr std::uint64_t largest_lines = 4096;

std::string_view as_text(const std::vector<std::byte>& b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

}  // namespace

std::uint64_t hash_of(const std::vector<std::byte>& bytes) {
  return sha256_beginning(as_text(bytes));
}

result<void> write_backup(const std::string& path, const header_backup& b, unsigned mode) {
  const std::string temporary = path + ".part";
  remove_file(temporary);
  const auto failed = [&](int code) {
    remove_file(temporary);
    return refused_by_system(path, "keep the old header", code);
  };
  {
    const descriptor file = open_new(temporary, mode & 0666);
    if (!file.is_open()) return failed(errno);
    const std::string head =
        fmt::format("{}{} {} {} {} {} {} {} {}\n", form, b.old_size, b.header.size(), b.new_size,
                    b.new_data, b.blocks_at, b.new_hash, b.data_hash, hash_of(b.header));
    if (!write_all(file.get(), head) || !write_all(file.get(), as_text(b.header)) ||
        !flush(file.get())) {
      return failed(errno);
    }
  }
  if (!rename_file(temporary, path)) return failed(errno);
  sync_folder_of(path);
  return {};
}

result<std::optional<header_backup>> read_backup(const std::string& path) {
  if (!is_there(path)) return std::optional<header_backup>();
  const auto file = read_whole_file(path, gguf::max_header + bytes{largest_lines});
  if (!file) return file.error();
  const error damaged{errc::bad_format, path + ": is damaged, or no header that was kept"};
  std::string_view text = *file;
  if (!text.starts_with(form)) return damaged;
  text.remove_prefix(form.size());
  std::array<std::uint64_t, 8> n{};
  for (std::size_t i = 0; i < n.size(); ++i) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n[i]);
    const char after = i + 1 < n.size() ? ' ' : '\n';
    if (code != std::errc{} || end == text.data() + text.size() || *end != after) return damaged;
    text.remove_prefix(static_cast<std::size_t>(end + 1 - text.data()));
  }
  header_backup b{n[0], n[2], n[3], n[4], n[5], n[6], {}};
  if (n[1] != text.size() || n[1] > b.old_size || b.new_data > b.new_size ||
      b.old_size - n[1] != b.new_size - b.new_data || sha256_beginning(text) != n[7])
    return damaged;
  const auto header = std::as_bytes(std::span(text));
  b.header.assign(header.begin(), header.end());
  return std::optional(std::move(b));
}

}  // namespace vrambudget::detail
