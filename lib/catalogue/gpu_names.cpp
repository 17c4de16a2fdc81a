#include "catalogue/gpu_names.hpp"

#include <algorithm>

#include "catalogue/names.hpp"

namespace vrambudget::detail {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// Whether the word begins somewhere in the text, a number not within another one.
bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1))
    if (word.empty() || at == 0 || !is_digit(word[0]) || !is_digit(text[at - 1])) return true;
  return false;
}

}  // namespace

std::string without(std::string text, std::string_view word) {
  return replaced(std::move(text), word, "");
}

std::string gpu_key(std::string_view name) {
  std::string key = folded(name);
  for (const char* word : {"nvidia", "geforce", "rtx", "gtx", "generation", "edition", "gpu"})
    key = without(std::move(key), word);
  key = replaced(std::move(key), "mobile", "laptop");
  for (const std::string_view unit : {"gib", "gb"})
    for (auto at = key.find(unit, 1); at != key.npos; at = key.find(unit, at + 1))
      if (is_digit(key[at - 1])) key.erase(at + 1, unit.size() - 1);
  return key;
}

bool has_gpu_key(std::string_view name, std::string_view key) {
  // a key keeps all digits of a name, in their order; almost all names differ in them
  std::size_t n = 0;
  for (const char c : name) {
    if (!is_digit(c)) continue;
    while (n < key.size() && !is_digit(key[n])) ++n;
    if (n == key.size() || key[n] != c) return false;
    ++n;
  }
  return std::none_of(key.begin() + static_cast<std::ptrdiff_t>(n), key.end(), is_digit) &&
         gpu_key(name) == key;
}

std::optional<std::pair<std::string_view, std::uint64_t>> split_memory(std::string_view typed) {
  const auto trim = [](std::string_view& s) {
    while (!s.empty() && (s.back() == ' ' || s.back() == ')')) s.remove_suffix(1);
  };
  trim(typed);
  for (const std::string_view unit : {"gib", "gb", "g"}) {
    if (!folded(typed).ends_with(unit)) continue;
    std::string_view rest = typed.substr(0, typed.size() - unit.size());
    trim(rest);
    std::size_t start = rest.size();
    while (start > 0 && is_digit(rest[start - 1])) --start;
    const std::size_t n_digit = rest.size() - start;
    if (n_digit == 0 || n_digit > 3 || start == 0) return std::nullopt;
    return std::pair{rest.substr(0, start),
                     std::uint64_t{std::stoul(std::string(rest.substr(start)))}};
  }
  return std::nullopt;
}

bool has_words(std::string_view text, std::string_view typed) {
  std::size_t n_words = 0;
  while (!typed.empty()) {
    const std::string word = folded(typed.substr(0, typed.find_first_of(" -")));
    if (!has_word(text, word)) return false;
    n_words += !word.empty();
    typed.remove_prefix(std::min(typed.find_first_of(" -"), typed.size() - 1) + 1);
  }
  return n_words > 0;
}

}  // namespace vrambudget::detail
