// What a server says before the body of an answer.
#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vrambudget::detail {

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

inline std::string_view without_blanks(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && std::string_view(" \t\r\n").find(s.back()) != s.npos) s.remove_suffix(1);
  return s;
}

inline std::optional<std::uint64_t> whole_number(std::string_view s) {
  std::uint64_t n = 0;
  const auto [end, failed] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (failed != std::errc{} || end != s.data() + s.size()) return std::nullopt;
  return n;
}

/// "bytes 0-99/1234", where the total may be "*".
struct content_range {
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> total;
};

inline std::optional<content_range> parse_content_range(std::string_view s) {
  if (s.size() < 6 || !equal_ignoring_case(s.substr(0, 6), "bytes ")) return std::nullopt;
  s = without_blanks(s.substr(6));
  const auto dash = s.find('-'), slash = s.find('/');
  if (dash == s.npos || slash == s.npos || dash > slash) return std::nullopt;
  const auto first = whole_number(s.substr(0, dash)),
             last = whole_number(s.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *last < *first) return std::nullopt;
  content_range r{*first, *last, std::nullopt};
  if (s.substr(slash + 1) != "*") {
    r.total = whole_number(s.substr(slash + 1));
    if (!r.total || *r.total <= *last) return std::nullopt;
  }
  return r;
}

/// The address in `<https://...>; rel="next"`, of one or several with commas between them.
inline std::string next_link(std::string_view s) {
  while (!s.empty()) {
    const auto open = s.find('<'), close = s.find('>');
    if (open == s.npos || close == s.npos || close < open) return {};
    const auto comma = s.find(",", close);
    const std::string_view what = s.substr(close + 1, comma == s.npos ? comma : comma - close - 1);
    if (what.find("rel=\"next\"") != what.npos || what.find("rel=next") != what.npos)
      return std::string(s.substr(open + 1, close - open - 1));
    if (comma == s.npos) return {};
    s.remove_prefix(comma + 1);
  }
  return {};
}

/// The lines of an answer that matter here.
struct answer_lines {
  static constexpr std::size_t longest = 64 * 1024;  ///< of all lines together

  std::string range, link, etag, last_modified, length;
  std::size_t n_bytes = 0;

  /// Takes a line. False: they are too long.
  bool add(std::string_view line) {
    n_bytes += line.size();
    if (n_bytes > longest) return false;
    const auto colon = line.find(':');
    if (colon == line.npos) return true;
    const std::string_view name = line.substr(0, colon), value = without_blanks(line.substr(colon + 1));
    for (const auto& [known, to] : {std::pair<std::string_view, std::string*>{"etag", &etag},
                                    {"content-range", &range},
                                    {"content-length", &length},
                                    {"last-modified", &last_modified},
                                    {"link", &link}})
      if (equal_ignoring_case(name, known)) *to = value;
    return true;
  }
};

/// 206 of "HTTP/1.1 206 Partial Content"; 0: there is none.
inline int status_in(std::string_view line) {
  const auto blank = line.find(' ');
  if (blank == line.npos) return 0;
  const auto status = whole_number(line.substr(blank + 1, 3));
  return status ? static_cast<int>(*status) : 0;
}

/// A status that ends a transfer, for a person.
inline std::string status_text(int status) {
  switch (status) {
    case 401:
      return "HTTP 401: a token is needed, in HF_TOKEN";
    case 403:
      return "HTTP 403: refused; a gated or private model needs a token in HF_TOKEN";
    case 404:
      return "HTTP 404: there is no such file";
    case 410:
      return "HTTP 410: the file is gone";
    case 416:
      return "HTTP 416: the file ends before the range asked for";
    case 429:
      return "HTTP 429: too many requests";
    default:
      return "HTTP " + std::to_string(status);
  }
}

/// Whether asking again may help.
inline bool is_passing(int status) {
  return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

}  // namespace vrambudget::detail
