// Texts and numbers as the values of options. Where a kind takes no number, its text is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/request/option_kind.hpp"

namespace vrambudget::request {

/// "a,b,c" in parts; a comma at the end begins none.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char between = ',');

/// Puts a value in its place, if there is one.
template <class T, class To>
[[nodiscard]] result<void> put(result<T> value, To& to) {
  if (!value) return value.error();
  to = std::move(*value);
  return {};
}

// Each takes a value of its kind into the request.
// Errors: invalid_argument  no such value
[[nodiscard]] result<void> take(const kind::count&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::count&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::optional_count&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::optional_count&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::index&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::index&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::layers&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::layers&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::cache_type&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::shares&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::overrides&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::spec_types&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::backends&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::projector_device&, plan_request&,
                                std::string_view text);
[[nodiscard]] result<void> take(const kind::engine_version&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::adapters&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::text&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::texts&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::size&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::size&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::sizes&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::sizes&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::display&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::display&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::optional_size&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::optional_size&, plan_request&, std::int64_t n);
[[nodiscard]] result<void> take(const kind::limit&, plan_request&, std::string_view text);
[[nodiscard]] result<void> take(const kind::limit&, plan_request&, std::int64_t n);

/// Its words, as an error tells them: "on, off, auto".
[[nodiscard]] error is_none_of(std::string_view text, const std::string& words);

template <class Enum>
[[nodiscard]] result<void> take(const kind::choice<Enum>& k, plan_request& q,
                                std::string_view text) {
  std::string words;
  for (const auto& [word, value] : k.words) {
    if (text == word) {
      k.at(q) = value;
      return {};
    }
    words += (words.empty() ? "" : ", ") + std::string(word);
  }
  return is_none_of(text, words);
}

/// A switch that is there, or for which true or false is said; false where it is there undoes nothing
/// but what it sets.
inline void take(const kind::on_off& k, plan_request& q, bool on) {
  if (on && k.act != nullptr)
    k.act(q);
  else if (k.at != nullptr)
    k.at(q) = on == k.sets;
}
inline void take(const kind::optional_on_off& k, plan_request& q, bool on) {
  k.at(q) = on == k.sets;
}

}  // namespace vrambudget::request
