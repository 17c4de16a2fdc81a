#include "catalogue/gpu_names.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

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

template <std::size_t N>
bool is_any_of(const std::string& word, const char* const (&words)[N]) {
  return std::any_of(std::begin(words), std::end(words), [&](const char* w) { return word == w; });
}

/// The words of a name, as they were typed.
std::vector<std::string_view> typed_words(std::string_view name) {
  constexpr std::string_view ends = " -_,()\"";
  std::vector<std::string_view> words;
  while (!name.empty()) {
    const std::size_t n = std::min(name.find_first_of(ends), name.size());
    if (n > 0) words.push_back(name.substr(0, n));
    name.remove_prefix(std::min(n + 1, name.size()));
  }
  return words;
}

/// Whether a word tells the machine that a chip is in, or the series that a processor is of.
/// `before`: the last word, folded; empty: it is the first. `of_mac`: one of a Mac's words came before.
bool is_beside_chip(const std::string& word, const std::string& before, bool of_mac) {
  if (is_any_of(word, {"macbook", "imac", "mac", "amd", "intel", "ryzen", "i3", "i5", "i7", "i9",
                       "11th", "12th", "13th", "14th", "gen", "r", "tm"}))
    return true;
  if (of_mac && is_any_of(word, {"air", "mini", "studio", "13", "14", "15", "16", "24", "inch"}))
    return true;
  if (of_mac && word.size() == 4 && word.starts_with("202")) return true;
  if (word == "pro") return is_any_of(before, {"macbook", "mac", "ryzen", "3", "5", "7", "9"});
  if (word == "core") return is_any_of(before, {"", "intel", "gen", "r"});
  if (word == "ultra") return is_any_of(before, {"", "core", "intel", "tm"});
  return is_any_of(word, {"3", "5", "7", "9"}) &&
         is_any_of(before, {"ryzen", "core", "ultra", "ai"});
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

std::string chip_in(std::string_view name) {
  std::string chip, before;
  bool of_mac = false, has_left_out = false;
  for (const std::string_view word : typed_words(name)) {
    const std::string key = folded(word);
    if (is_any_of(key, {"with", "w"})) {  // what follows is the GPU
      chip.clear();
      has_left_out = true;
    } else if (is_beside_chip(key, before, of_mac)) {
      of_mac |= is_any_of(key, {"macbook", "imac", "mac"});
      has_left_out = true;
    } else {
      chip.append(chip.empty() ? "" : " ").append(word);
    }
    before = key;
  }
  return has_left_out ? chip : std::string();
}

}  // namespace vrambudget::detail
