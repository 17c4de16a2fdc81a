// A header's keys and values, as far as a reader wants to see them.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

#include "io/json_text.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/model/name_pattern.hpp"
#include "vrambudget/report/inspection.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr std::uint64_t most_elements = 8;

template <class Take>
result<void> each_key(const gguf::header& h, const std::string& pattern, Take take) {
  const auto keys = name_pattern::compile(pattern);
  if (!keys) return in_context("--keys", keys.error());
  for (const gguf::entry& e : h.metadata())
    if (keys->is_in(e.key)) take(e);
  return {};
}

std::string type_of(const gguf::value& v) {
  std::string type(gguf::type_name(v.type()));
  return v.is_array() ? type + ":" + std::string(gguf::type_name(v.element_type())) : type;
}

/// A number as it is stored; `i`: of an array.
std::string number_text(const gguf::value& v, std::uint64_t i) {
  if (v.element_type() == gguf::value_type::boolean)
    return v.integer(i).value_or(0) ? "true" : "false";
  if (const auto n = v.signed_integer(i)) return fmt::format("{}", *n);
  if (const auto n = v.integer(i)) return fmt::format("{}", *n);
  return fmt::format("{:g}", v.number(i).value_or(0));
}

std::string array_text(const gguf::value& v) {
  std::vector<std::string> first;
  if (v.element_type() == gguf::value_type::string)
    v.for_each_string([&](std::string_view s) {
      first.push_back("\"" + gguf::printable(s, 40) + "\"");
      return first.size() < most_elements;
    });
  else
    for (std::uint64_t i = 0; i < std::min(v.size(), most_elements); ++i)
      first.push_back(number_text(v, i));
  return fmt::format("{} of {}: {}{}", grouped(v.size()), gguf::type_name(v.element_type()),
                     fmt::join(first, ", "), v.size() > first.size() ? ", ..." : "");
}

std::string value_text(const gguf::value& v) {
  if (v.is_array()) return array_text(v);
  const auto text = v.string();
  if (!text) return number_text(v, 0);
  constexpr std::size_t most = 200;
  return gguf::printable(*text, most) +
         (text->size() > most ? fmt::format(" ... ({} bytes)", grouped(text->size())) : "");
}

json::value value_json(const gguf::value& v, std::uint64_t i) {
  if (v.element_type() == gguf::value_type::boolean) return v.integer(i).value_or(0) != 0;
  if (const auto n = v.signed_integer(i)) return *n;
  if (const auto n = v.integer(i)) return *n;
  const double n = v.number(i).value_or(0);
  return std::isfinite(n) ? json::value(n) : json::value(nullptr);
}

json::object entry_json(const gguf::entry& e) {
  constexpr std::size_t most = 1 << 20;
  json::object o{{"key", gguf::printable(e.key)}, {"type", type_of(e.v)}};
  if (e.v.is_array()) {
    json::array first;
    if (e.v.element_type() == gguf::value_type::string)
      e.v.for_each_string([&](std::string_view s) {
        first.push_back(json::string(gguf::printable(s)));
        return first.size() < most_elements;
      });
    else
      for (std::uint64_t i = 0; i < std::min(e.v.size(), most_elements); ++i)
        first.push_back(value_json(e.v, i));
    o["size"] = e.v.size();
    o["first"] = std::move(first);
  } else if (const auto text = e.v.string()) {
    o["value"] = gguf::printable(*text, most);
    o["bytes"] = text->size();
  } else {
    o["value"] = value_json(e.v, 0);
  }
  return o;
}

}  // namespace

result<std::string> metadata_text(const gguf::header& h, const std::string& pattern) {
  std::string text;
  const auto done = each_key(h, pattern, [&](const gguf::entry& e) {
    text += fmt::format("{} ({}) = {}\n", gguf::printable(e.key), type_of(e.v), value_text(e.v));
  });
  if (!done) return done.error();
  return text;
}

result<std::string> metadata_json(const gguf::header& h, const std::string& pattern) {
  json::array keys;
  const auto done =
      each_key(h, pattern, [&](const gguf::entry& e) { keys.push_back(entry_json(e)); });
  if (!done) return done.error();
  return json_text(json::object{
             {"schema", json_schema}, {"vrambudget", version}, {"keys", std::move(keys)}}) +
         "\n";
}

}  // namespace vrambudget
