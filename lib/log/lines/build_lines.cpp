// Which build wrote a log, and when.
#include <cstddef>
#include <string_view>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

/// "build: 9849 (1a2b3c4d)", "main: build = 5271 (1a2b3c4d)", "build_info: b9849-1a2b3c4d",
/// "version: 9849 (1a2b3c4d)", "version: 0.6.0-dev (build 9849, commit 1a2b3c4d)".
bool log_line_reader::read_build(std::string_view text) {
  for (const std::string_view says : {"build_info: ", "build: ", "build = ", "version: "}) {
    const std::size_t at = text.find(says);
    if (at == text.npos || (at > 0 && is_word(text[at - 1]))) continue;
    std::string_view rest = text.substr(at + says.size());
    if (skip(rest, "b")) {
      const std::size_t dash = rest.find('-');
      if (dash != rest.npos && log_.commit.empty()) {
        std::string_view hash = rest.substr(dash + 1);
        log_.commit = take_word(hash);
      }
    } else if (const auto told = between(rest, "(build ", ")")) {
      rest = *told;
      const auto hash = told->find("commit ");
      if (log_.commit.empty() && hash != told->npos) log_.commit = told->substr(hash + 7);
    } else if (const auto hash = between(rest, "(", ")"); hash && hash->size() <= 40) {
      if (log_.commit.empty()) log_.commit = *hash;
    }
    std::string_view number = trimmed(rest);
    std::size_t n = 0;
    while (n < number.size() && is_digit(number[n])) ++n;
    if (n == 0 || n > 7 || (n < number.size() && number[n] == '.')) continue;
    if (log_.build.empty()) log_.build = number.substr(0, n);
    return true;
  }
  return false;
}

/// "load_backend: loaded CPU backend from /usr/lib/libggml-cpu-haswell.so"
bool log_line_reader::read_cpu(std::string_view text) {
  constexpr std::string_view says = "ggml-cpu-";
  const std::size_t at = text.find(says);
  if (at == text.npos) return false;
  const std::string_view rest = text.substr(at + says.size());
  for (const std::string_view end : {".so", ".dll", ".dylib"})
    if (const std::size_t n = rest.find(end); n != rest.npos && n <= 32) {
      log_.cpu = rest.substr(0, n);
      return true;
    }
  return false;
}

/// The first "2026-09-14" that begins a word.
void log_line_reader::read_date(std::string_view s) {
  if (!log_.date.empty()) return;
  for (std::size_t at = s.find("20"); at != s.npos && at + 10 <= s.size();
       at = s.find("20", at + 1)) {
    const auto digit = [&](std::size_t i) { return is_digit(s[at + i]); };
    if ((at > 0 && is_word(s[at - 1])) || !digit(2) || !digit(3) || s[at + 4] != '-' || !digit(5) ||
        !digit(6) || s[at + 7] != '-' || !digit(8) || !digit(9))
      continue;
    if (at + 10 < s.size() && s[at + 10] != 'T' && s[at + 10] != ' ' && s[at + 10] != '"') continue;
    log_.date = s.substr(at, 10);
    return;
  }
}

}  // namespace vrambudget
