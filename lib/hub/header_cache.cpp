// A kept header is five lines of text (form, checksum of what follows, address, validator, total and kind) and the
// bytes.
#include "vrambudget/hub/header_cache.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "io/replaced_file.hpp"
#include "template/sha256.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/io/whole_file.hpp"

namespace vrambudget {
namespace {

namespace fs = std::filesystem;

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
  std::error_code ignored;
  if (h) fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
  return h;
}

std::vector<std::string> header_cache::kept_urls(const std::string& beginning) const {
  std::vector<std::string> all;
  std::error_code code;
  for (fs::directory_iterator at(folder_, code), end; !code && at != end; at.increment(code)) {
    if (at->path().extension() != extension) continue;
    std::ifstream in(at->path(), std::ios::binary);
    std::string first, sum, url, validator, sizes;
    if (std::getline(in, first) && std::getline(in, sum) && std::getline(in, url) && std::getline(in, validator) &&
        std::getline(in, sizes) && first == form && url.starts_with(beginning) &&
        sizes.find(" whole ") != sizes.npos)
      all.push_back(url);
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
  ::chmod(folder_.c_str(), 0700);  // of one that was there
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
  std::error_code code;
  for (fs::directory_iterator at(folder_, code), end; !code && at != end; at.increment(code)) {
    const std::string path = at->path().string();
    if (path.ends_with(extension)) {
      std::string first;
      if (std::ifstream in(path, std::ios::binary); std::getline(in, first) && first != form)
        ::unlink(path.c_str());
    } else if (path.find(extension) != path.npos) {
      detail::remove_unless_written(path);
    }
  }
}

void header_cache::remove_oldest() const {
  struct kept {
    fs::file_time_type used;
    fs::path path;
    bytes size;
  };
  std::vector<kept> all;
  bytes sum;
  std::error_code code;
  for (fs::directory_iterator at(folder_, code), end; !code && at != end; at.increment(code)) {
    if (at->path().extension() != extension) continue;
    std::error_code gone;  // another process may remove it meanwhile
    const kept k{at->last_write_time(gone), at->path(), bytes{at->file_size(gone)}};
    if (gone) continue;
    sum += k.size;
    all.push_back(k);
  }
  std::sort(all.begin(), all.end(), [](const kept& a, const kept& b) { return a.used < b.used; });
  for (const kept& k : all) {
    if (sum <= bound_) return;
    if (fs::remove(k.path, code)) sum = saturating_sub(sum, k.size);
  }
}

}  // namespace vrambudget
