// A kept header is four lines of text (form, address, validator, total and kind) and the bytes.
#include "vrambudget/hub/header_cache.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "vrambudget/io/mapped_file.hpp"

namespace vrambudget {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view form = "vrambudget header 1";
constexpr std::string_view extension = ".header";

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325;
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
  if (take_line(text) != form || take_line(text) != url) return std::nullopt;
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
  return fmt::format("{}/{:016x}{}", folder_, fnv1a(url), extension);
}

std::optional<remote_header> header_cache::find(const std::string& url) const {
  const std::string path = path_of(url);
  const auto file = mapped_file::open(path);
  if (!file || file->size() > max_remote_header + bytes{65536}) return std::nullopt;
  auto h =
      read_entry({reinterpret_cast<const char*>(file->data().data()), file->data().size()}, url);
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
    std::string first, url, validator, sizes;
    if (std::getline(in, first) && std::getline(in, url) && std::getline(in, validator) &&
        std::getline(in, sizes) && first == form && url.starts_with(beginning) &&
        sizes.find(" whole ") != sizes.npos)
      all.push_back(url);
  }
  std::sort(all.begin(), all.end());
  return all;
}

result<void> header_cache::keep(const std::string& url, const remote_header& h) const {
  if (h.validator.empty() || h.data.empty() || !is_line(url) || !is_line(h.validator) ||
      bytes{h.data.size()} > bound_)
    return {};
  const std::string path = path_of(url);
  const std::string temporary = fmt::format(
      "{}.{}.{}", path, ::getpid(), std::hash<std::thread::id>()(std::this_thread::get_id()));
  const auto failed = [&](std::error_code code) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    return error{errc::io, path + ": cannot keep a header: " + code.message()};
  };
  std::error_code code;
  fs::create_directories(folder_, code);
  if (code) return failed(code);
  {
    std::ofstream out(temporary, std::ios::binary);
    out << form << '\n'
        << url << '\n'
        << h.validator << '\n'
        << (h.total ? std::to_string(*h.total) : "-") << (h.is_complete ? " whole " : " part ")
        << h.data.size() << '\n';
    out.write(reinterpret_cast<const char*>(h.data.data()),
              static_cast<std::streamsize>(h.data.size()));
    out.close();
    if (!out) return failed(std::make_error_code(std::errc::io_error));
  }
  fs::rename(temporary, path, code);
  if (code) return failed(code);
  remove_oldest();
  return {};
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
    if (at->path().filename().string().find(extension) == std::string::npos) continue;
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
