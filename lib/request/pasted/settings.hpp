// What a program is told by name, with values as text.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "request/pasted/line_text.hpp"
#include "request/pasted/server_line.hpp"

namespace vrambudget::request::pasted {

/// Each option with its values; a switch has "true".
using settings = std::map<std::string, words, std::less<>>;

/// "--name value ...", "--name=value", "--name": `key` makes a name of what follows the dashes. A word that stands in front is
/// `first`'s.
template <class Key>
[[nodiscard]] settings settings_of(const words& args, const std::string& first, Key&& key) {
  settings all;
  std::string now;
  for (const std::string& word : args) {
    if (word.starts_with("--")) {
      const std::size_t equals = word.find('=');
      now = key(word.substr(2, equals == word.npos ? word.npos : equals - 2));
      all[now] = equals == word.npos ? words{} : words{word.substr(equals + 1)};
    } else if (!now.empty()) {
      all[now].push_back(word);
    } else if (!all.contains(first)) {
      all[first] = {word};
    }
  }
  for (auto& [name, values] : all)
    if (values.empty()) values = {"true"};
  return all;
}

/// Reads settings into a line of llama-server.
class settings_reader {
 public:
  explicit settings_reader(const settings& all) : all_(all) {}

 protected:
  void add(words more) { line_.args.insert(line_.args.end(), more.begin(), more.end()); }
  void note(std::string text) { line_.notes.push_back(std::move(text)); }

  /// The option's values; null: it has none.
  [[nodiscard]] const words* values(std::string_view key) const {
    const auto it = all_.find(key);
    return it == all_.end() || it->second.empty() ? nullptr : &it->second;
  }
  /// The option's first value; null: it has none, or an empty one.
  [[nodiscard]] const std::string* first(std::string_view key) const {
    const words* v = values(key);
    return !v || v->front().empty() ? nullptr : &v->front();
  }
  [[nodiscard]] bool is_on(std::string_view key) const {
    const std::string* v = first(key);
    return v && !means_off(*v);
  }
  [[nodiscard]] bool is_off(std::string_view key) const {
    const std::string* v = first(key);
    return v && means_off(*v);
  }
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const {
    const std::string* v = first(key);
    if (!v) return std::nullopt;
    std::int64_t n = 0;
    const auto [end, failed] = std::from_chars(v->data(), v->data() + v->size(), n);
    return failed == std::errc{} ? std::optional(n) : std::nullopt;
  }
  void add_number(std::string_view key, const char* option) {
    if (const auto n = number(key); n && *n >= 0) add({option, std::to_string(*n)});
  }
  void add_text(std::string_view key, const char* option) {
    if (const std::string* v = first(key)) add({option, *v});
  }
  void add_switch(std::string_view key, const char* option) {
    if (is_on(key)) add({option});
  }

  const settings& all_;
  server_line line_;
};

}  // namespace vrambudget::request::pasted
