// A kept header is five lines of text (form, checksum of what follows, address, validator, total and kind) and the
// bytes.
#include "vrambudget/hub/header_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "io/regular_file.hpp"
#include "io/replaced_file.hpp"
#include "os/file_facts.hpp"
#include "os/files.hpp"
#include "os/replacing.hpp"
#include "template/sha256.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/io/whole_file.hpp"

namespace vrambudget {
namespace {

constexpr std::string_view form = "vrambudget header 2";
constexpr std::string_view extension = ".header";
constexpr bytes largest_lines = 64_KiB;

/// Each word changes all that follows, so that no change of one goes unnoticed.
std::uint64_t checksum(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325 ^ text.size();
  for (; text.size() >= sizeof h; text.remove_prefix(sizeof h)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    h = std::rotl((h ^ word) * 0x9e3779b97f4a7c15, 29);
  }
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

/// Takes a line off the front; nothing where there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

/// The beginning of a file, which has its lines.
std::string beginning_of(const std::string& path) {
  const auto opened = detail::open_regular(path);
  std::string text(largest_lines.count, '\0');
  const std::int64_t n =
      opened ? detail::read_at(opened->file.get(), std::as_writable_bytes(std::span(text)), 0) : 0;
  text.resize(static_cast<std::size_t>(std::max<std::int64_t>(n, 0)));
  return text;
}

bool is_line(const std::string& s) { return s.find_first_of("\r\n") == s.npos; }

std::optional<remote_header> read_entry(std::string_view text, const std::string& url) {
  if (take_line(text) != form) return std::nullopt;
  const auto sum = take_line(text);
  if (!sum || *sum != fmt::format("{:016x}", checksum(text)) || take_line(text) != url)
    return std::nullopt;
  const auto validator = take_line(text), sizes = take_line(text);
  if (!validator || validator->empty() || !sizes) return std::nullopt;
  remote_header h;
  h.validator = *validator;
  const auto space = sizes->find(' ');
  if (space == sizes->npos) return std::nullopt;
  const std::string_view total = sizes->substr(0, space), kind = sizes->substr(space + 1);
  if (total != "-") {
    std::uint64_t n = 0;
    const auto [end, failed] = std::from_chars(total.data(), total.data() + total.size(), n);
    if (failed != std::errc{} || end != total.data() + total.size()) return std::nullopt;
    h.total = n;
  }
  const std::string size = std::to_string(text.size());
  if (kind != "whole " + size && kind != "part " + size) return std::nullopt;
  h.is_complete = kind.starts_with("whole");
  const auto data = std::as_bytes(std::span(text));
  h.data.assign(data.begin(), data.end());
  return h;
}

}  // namespace

std::string header_cache::path_of(const std::string& url) const {
  return fmt::format("{}/{:016x}{}", folder_, detail::sha256_beginning(url), extension);
}

std::optional<remote_header> header_cache::find(const std::string& url) const {
  const std::string path = path_of(url);
  const auto file = read_whole_file(path, gguf::max_header + largest_lines);
  if (!file) return std::nullopt;
  auto h = read_entry(*file, url);
  if (h) detail::touch(path);
  return h;
}

std::vector<std::string> header_cache::kept_urls(const std::string& beginning) const {
  std::vector<std::string> all;
  for (const std::string& name : detail::names_in(folder_)) {
    if (!name.ends_with(extension)) continue;
    const std::string lines = beginning_of(folder_ + "/" + name);
    std::string_view text = lines;
    const bool has_form = take_line(text) == form && take_line(text);
    const auto url = take_line(text), validator = take_line(text), sizes = take_line(text);
    if (has_form && validator && sizes && url->starts_with(beginning) &&
        sizes->find(" whole ") != sizes->npos)
      all.emplace_back(*url);
  }
  std::sort(all.begin(), all.end());
  return all;
}

result<void> header_cache::keep(const std::string& url, const remote_header& h) const {
  if (h.validator.empty() || h.data.empty() || !is_line(url) || !is_line(h.validator) ||
      may_hold_secrets(url) || bytes{h.data.size()} > bound_)
    return {};
  std::string lines = fmt::format("{}\n{}\n{} {} {}\n", url, h.validator,
                                  h.total ? std::to_string(*h.total) : "-",
                                  h.is_complete ? "whole" : "part", h.data.size());
  if (bytes{2 * lines.size()} > largest_lines) return {};
  lines.append(reinterpret_cast<const char*>(h.data.data()), h.data.size());
  const std::string text = fmt::format("{}\n{:016x}\n", form, checksum(lines)) + lines;
  if (const auto ok = detail::make_private_folder(folder_); !ok) return ok.error();
  detail::make_private(folder_);  // one that was there
  const std::string path = path_of(url);
  if (const auto ok =
          detail::replace_file(path, text, 0600, detail::durability::as_it_comes);
      !ok)
    return ok.error();
  remove_leftovers();
  remove_oldest();
  return {};
}

void header_cache::remove_leftovers() const {
  for (const std::string& name : detail::names_in(folder_)) {
    const std::string path = folder_ + "/" + name;
    if (name.ends_with(extension)) {
      const std::string lines = beginning_of(path);
      std::string_view text = lines;
      if (const auto first = take_line(text); first && *first != form) detail::remove_file(path);
    } else if (name.find(extension) != name.npos) {
      detail::remove_unless_written(path);
    }
  }
}

void header_cache::remove_oldest() const {
  struct kept {
    std::int64_t seconds, nanoseconds;
    std::string path;
    bytes size;
    [[nodiscard]] auto used() const { return std::pair(seconds, nanoseconds); }
  };
  std::vector<kept> all;
  bytes sum;
  for (const std::string& name : detail::names_in(folder_)) {
    const std::string path = folder_ + "/" + name;
    if (!name.ends_with(extension)) continue;
    const auto f = detail::facts_of(path);  // another process may remove it meanwhile
    if (!f) continue;
    all.push_back({f->seconds, f->nanoseconds, path, bytes{f->size}});
    sum += bytes{f->size};
  }
  std::sort(all.begin(), all.end(),
            [](const kept& a, const kept& b) { return a.used() < b.used(); });
  for (const kept& k : all) {
    if (sum <= bound_) return;
    if (detail::remove_file(k.path)) sum = saturating_sub(sum, k.size);
  }
}

}  // namespace vrambudget
