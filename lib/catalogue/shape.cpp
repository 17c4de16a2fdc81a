// A shape's JSON, expanded with gguf::writer. Errors say where in the JSON they are.
#include "vrambudget/catalogue/shape.hpp"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "vrambudget/ggml/type.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr std::size_t max_tensors = 65536;

std::string quoted(std::string_view s) {
  std::string out = "\"";
  out += s.substr(0, 80);
  out += s.size() > 80 ? "...\"" : "\"";
  return out;
}

std::string shown(const json::value& v) {
  const std::string text = json::serialize(v);
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

error wrong(const json::value& found, std::string_view expected) {
  return {errc::bad_format, "found " + shown(found) + ", expected " + std::string(expected)};
}

/// The JSON value as a GGUF value of type T, if it holds one.
template <class T>
std::optional<T> as(const json::value& v) {
  if constexpr (std::is_same_v<T, bool>) {
    if (v.is_bool()) return v.get_bool();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (v.is_string()) return std::string(v.get_string());
  } else if (v.is_number()) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(v.to_number<double>());
    boost::system::error_code failed;
    const T n = v.to_number<T>(failed);
    if (!failed) return n;
  }
  return std::nullopt;
}

template <class T>
result<void> add_value(gguf::writer& out, std::string_view key, const json::value& v, bool array,
                       std::string_view type) {
  if (!array) {
    const std::optional<T> one = as<T>(v);
    if (!one) return wrong(v, type);
    out.add(key, *one);
    return {};
  }
  if (!v.is_array()) return wrong(v, "an array");
  std::vector<T> all;
  for (const json::value& e : v.get_array()) {
    const std::optional<T> one = as<T>(e);
    if (!one) return wrong(e, type);
    all.push_back(*one);
  }
  out.add(key, all);
  return {};
}

result<void> add_entry(gguf::writer& out, std::string_view key, const json::value& entry) {
  if (!entry.is_array() || entry.get_array().size() != 2 || !entry.get_array()[0].is_string())
    return wrong(entry, "[type, value]");
  const json::value& v = entry.get_array()[1];
  std::string_view type = entry.get_array()[0].get_string();
  const bool array = type.starts_with("arr:");
  if (array) type.remove_prefix(4);
  using adder =
      result<void> (*)(gguf::writer&, std::string_view, const json::value&, bool, std::string_view);
  static constexpr std::pair<std::string_view, adder> adders[] = {
      {"u8", add_value<std::uint8_t>},   {"i8", add_value<std::int8_t>},
      {"u16", add_value<std::uint16_t>}, {"i16", add_value<std::int16_t>},
      {"u32", add_value<std::uint32_t>}, {"i32", add_value<std::int32_t>},
      {"u64", add_value<std::uint64_t>}, {"i64", add_value<std::int64_t>},
      {"f32", add_value<float>},         {"f64", add_value<double>},
      {"bool", add_value<bool>},         {"str", add_value<std::string>}};
  for (const auto& [name, add] : adders)
    if (name == type) return add(out, key, v, array, type);
  return error{errc::unsupported, "unknown value type " + quoted(type)};
}

/// "0-2,5" -> 0 1 2 5; nothing unless the numbers rise and are below `max_tensors`.
std::optional<std::vector<std::uint32_t>> layers_of(std::string_view list) {
  std::vector<std::uint32_t> out;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (true) {
    std::uint32_t first = 0, last = 0;
    auto read = std::from_chars(at, end, first);
    if (read.ec != std::errc{}) return std::nullopt;
    last = first;
    if (read.ptr != end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc{} || last < first || last >= max_tensors) return std::nullopt;
    if (!out.empty() && first <= out.back()) return std::nullopt;
    for (std::uint32_t i = first; i <= last; ++i) out.push_back(i);
    if (read.ptr == end) return out;
    if (*read.ptr != ',') return std::nullopt;
    at = read.ptr + 1;
  }
}

/// Tensors of the same name but for a number.
struct numbered_names {
  std::string_view before, after;
  std::optional<std::vector<std::uint32_t>> numbers = {};  ///< absent: one, whose name is `before`

  [[nodiscard]] std::size_t size() const { return numbers ? numbers->size() : 1; }
  template <class Take>
  void for_each(Take&& take) const {
    if (!numbers) return take(before);
    std::string name;
    for (const std::uint32_t n : *numbers) {
      std::array<char, 10> digits;
      const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
      name.assign(before).append(static_cast<const char*>(digits.data()), end).append(after);
      take(std::string_view(name));
    }
  }
};

/// The names that a pattern stands for; without braces only itself.
result<numbered_names> names_of(std::string_view pattern) {
  const auto open = pattern.find('{'), close = pattern.find('}');
  if (open == pattern.npos && close == pattern.npos) return numbered_names{pattern, {}};
  if (open == pattern.npos || close == pattern.npos || close < open)
    return error{errc::bad_format, "unpaired brace in " + quoted(pattern)};
  auto layers = layers_of(pattern.substr(open + 1, close - open - 1));
  if (!layers)
    return error{errc::bad_format, "layers in " + quoted(pattern) + ", expected as {0-2,5}"};
  return numbered_names{pattern.substr(0, open), pattern.substr(close + 1), std::move(layers)};
}

result<std::size_t> add_tensors(gguf::writer& out, const json::value& row, std::size_t room) {
  if (!row.is_array() || row.get_array().size() != 3 || !row.get_array()[0].is_string() ||
      !row.get_array()[1].is_string() || !row.get_array()[2].is_array())
    return wrong(row, "[name, type, [dimensions]]");
  const json::array& columns = row.get_array();
  const std::string_view type_name = columns[1].get_string();
  const auto type = type_from_name(type_name);
  if (!type) return error{errc::unsupported, "unknown tensor type " + quoted(type_name)};
  const json::array& dims = columns[2].get_array();
  if (dims.size() > gguf::max_dims)
    return error{errc::limit, std::to_string(dims.size()) + " dimensions, at most 4 exist"};
  std::array<std::int64_t, gguf::max_dims> ne{};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const auto n = as<std::int64_t>(dims[i]);
    if (!n || *n < 0) return wrong(dims[i], "a dimension");
    ne[i] = *n;
  }
  const auto names = names_of(columns[0].get_string());
  if (!names) return names.error();
  if (names->size() > room)
    return error{errc::limit, "more than " + std::to_string(max_tensors) + " tensors"};
  names->for_each([&](std::string_view name) {
    out.add_tensor(name, *type, std::span(ne).first(dims.size()));
  });
  return names->size();
}

result<void> add_metadata(gguf::writer& out, const json::object& shape) {
  const json::value* arch = shape.if_contains("architecture");
  if (arch == nullptr || !arch->is_string())
    return error{errc::bad_format, "shape has no text \"architecture\""};
  const json::value* metadata = shape.if_contains("metadata");
  if (metadata == nullptr || !metadata->is_object())
    return error{errc::bad_format, "shape has no object \"metadata\""};
  out.add("general.architecture", std::string_view(arch->get_string()));
  const json::value* name = shape.if_contains("name");
  if (name != nullptr && name->is_string() && !metadata->get_object().contains("general.name"))
    out.add("general.name", std::string_view(name->get_string()));
  for (const json::key_value_pair& entry : metadata->get_object())
    if (const auto ok = add_entry(out, entry.key(), entry.value()); !ok)
      return in_context("metadata " + quoted(entry.key()), ok.error());
  return {};
}

}  // namespace

result<std::vector<std::byte>> header_from_shape(std::string_view text) {
  boost::system::error_code failed;
  json::monotonic_resource memory;  // freed at once
  const json::value shape = json::parse(text, failed, &memory);
  if (failed) return error{errc::bad_format, "shape is not JSON: " + failed.message()};
  if (!shape.is_object()) return in_context("shape", wrong(shape, "an object"));
  gguf::writer out;
  if (const auto ok = add_metadata(out, shape.get_object()); !ok) return ok.error();

  const json::value* tensors = shape.get_object().if_contains("tensors");
  if (tensors == nullptr || !tensors->is_array())
    return error{errc::bad_format, "shape has no array \"tensors\""};
  std::size_t n = 0, i = 0;
  for (const json::value& row : tensors->get_array()) {
    const auto added = add_tensors(out, row, max_tensors - n);
    if (!added) return in_context("tensors[" + std::to_string(i) + "]", added.error());
    n += *added;
    ++i;
  }
  return out.finish();
}

}  // namespace vrambudget
