// Taking apart a line of a log: words, numbers and sizes from the front of a view.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "vrambudget/log/parsed_log.hpp"

namespace vrambudget::detail {

inline bool is_space(char c) { return c == ' '; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

inline std::string_view trimmed(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

/// Takes `what` off the front, spaces before it too.
inline bool skip(std::string_view& s, std::string_view what) {
  std::string_view rest = s;
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
  if (!rest.starts_with(what)) return false;
  s = rest.substr(what.size());
  return true;
}

/// Takes a whole number off the front.
inline std::optional<std::uint64_t> take_number(std::string_view& s) {
  std::string_view rest = s;
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
  std::uint64_t n = 0;
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
  if (failed != std::errc{}) return std::nullopt;
  s = rest.substr(static_cast<std::size_t>(end - rest.data()));
  return n;
}
inline std::optional<std::uint32_t> take_u32(std::string_view& s) {
  const auto n = take_number(s);
  if (!n || *n > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*n);
}
inline std::optional<std::int64_t> take_signed(std::string_view& s) {
  const bool minus = skip(s, "-");
  const auto n = take_number(s);
  if (!n || *n > INT64_MAX) return std::nullopt;
  return minus ? -static_cast<std::int64_t>(*n) : static_cast<std::int64_t>(*n);
}

/// "[4, 4, 8]" or "4"; nothing if it is cut short or no such numbers.
inline std::optional<std::vector<std::uint32_t>> numbers_of(std::string_view text) {
  std::vector<std::uint32_t> out;
  const bool list = skip(text, "[");
  while (true) {
    const auto n = take_number(text);
    if (!n || *n > UINT32_MAX || out.size() >= 4096) return std::nullopt;
    out.push_back(static_cast<std::uint32_t>(*n));
    if (!list || skip(text, "]")) return out;
    if (!skip(text, ",")) return std::nullopt;
  }
}

/// Takes a word of [A-Za-z0-9_] off the front.
inline std::string_view take_word(std::string_view& s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  std::size_t n = 0;
  while (n < s.size() && is_word(s[n])) ++n;
  const std::string_view word = s.substr(0, n);
  s.remove_prefix(n);
  return word;
}
/// Takes the last word off the back.
inline std::string_view take_last_word(std::string_view& s) {
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  std::size_t n = s.size();
  while (n > 0 && is_word(s[n - 1])) --n;
  const std::string_view word = s.substr(n);
  s = s.substr(0, n);
  return word;
}

/// What stands between `open` and `close` after the front.
inline std::optional<std::string_view> between(std::string_view s, std::string_view open,
                                               std::string_view close) {
  const std::size_t from = s.find(open);
  if (from == s.npos) return std::nullopt;
  const std::size_t to = s.find(close, from + open.size());
  if (to == s.npos) return std::nullopt;
  return s.substr(from + open.size(), to - from - open.size());
}

/// Takes "256.00 MiB" off the front; "MB" is how old logs spell MiB. A number that the log breaks off
/// behind is none.
inline std::optional<log_size> take_size(std::string_view& s, std::size_t line) {
  std::string_view rest = s;
  const auto whole = take_number(rest);
  if (!whole || *whole > (std::uint64_t{1} << 40)) return std::nullopt;
  log_size out;
  out.mib = static_cast<double>(*whole);
  out.line = line;
  if (rest.starts_with(".")) {
    rest.remove_prefix(1);
    std::uint64_t fraction = 0, scale = 1;
    while (!rest.empty() && is_digit(rest.front()) && out.decimals < 6) {
      fraction = fraction * 10 + static_cast<std::uint64_t>(rest.front() - '0');
      scale *= 10;
      ++out.decimals;
      rest.remove_prefix(1);
    }
    out.mib += static_cast<double>(fraction) / static_cast<double>(scale);
  }
  if (!skip(rest, "MiB") && !skip(rest, "MB")) return std::nullopt;
  s = rest;
  return out;
}

}  // namespace vrambudget::detail
