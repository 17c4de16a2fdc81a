// Writes a shape, the inverse of shape.cpp, one line a key and one line a row of tensors.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "io/json_text.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/ggml/type.hpp"

namespace vrambudget {
namespace {

using gguf::value;
using gguf::value_type;

/// No list of the engine's hyperparameters is longer than it has layers; vocabularies are.
constexpr std::uint64_t most_elements = 4096;

std::string text_of(std::string_view s) { return json_text(boost::json::value(s)); }

/// "Q4_K" of ggml's "q4_K".
std::string upper(std::string_view name) {
  std::string all(name);
  std::transform(all.begin(), all.end(), all.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return all;
}

/// An element as JSON; nothing: a string among others, or a number that JSON does not have.
std::optional<std::string> element_text(const value& v, std::uint64_t i) {
  switch (v.element_type()) {
    case value_type::boolean:
      return *v.signed_integer(i) != 0 ? "true" : "false";
    case value_type::f32: {
      const auto n = static_cast<float>(*v.number(i));
      return std::isfinite(n) ? std::optional(fmt::format("{}", n)) : std::nullopt;
    }
    case value_type::f64: {
      const double n = *v.number(i);
      return std::isfinite(n) ? std::optional(fmt::format("{}", n)) : std::nullopt;
    }
    case value_type::u64:
      return std::to_string(*v.integer(i));
    case value_type::string:
    case value_type::array:
      return std::nullopt;
    default:
      return std::to_string(*v.signed_integer(i));
  }
}

/// ["u32",36]; nothing: it is left out.
std::optional<std::string> entry_text(const value& v) {
  if (const auto s = v.string()) return fmt::format("[\"str\",{}]", text_of(*s));
  const std::string_view type = type_name(v.element_type());
  if (!v.is_array()) {
    const auto one = element_text(v, 0);
    return one ? std::optional(fmt::format("[\"{}\",{}]", type, *one)) : std::nullopt;
  }
  if (v.size() > most_elements) return std::nullopt;
  std::string all;
  for (std::uint64_t i = 0; i < v.size(); ++i) {
    const auto one = element_text(v, i);
    if (!one) return std::nullopt;
    all += (i ? "," : "") + *one;
  }
  return fmt::format("[\"arr:{}\",[{}]]", type, all);
}

/// Whether the engine's memory can depend on a key: not on what the file says of itself, nor on its vocabulary.
bool is_kept(std::string_view key) {
  if (key == "general.quantization_version" || key == "tokenizer.ggml.token_type_count")
    return true;
  constexpr std::string_view left_out[] = {"general.", "tokenizer.", "split.", "quantize."};
  return std::none_of(std::begin(left_out), std::end(left_out),
                      [&](std::string_view prefix) { return key.starts_with(prefix); });
}

/// Tensors that differ in nothing but their layer: what stands around its number, type and dimensions.
using row = std::tuple<std::string, std::string, std::string, std::vector<std::int64_t>>;

/// "blk." and ".attn_q.weight" around the first number that stands between dots; nothing: there is none.
struct layered_name {
  std::string before, after;
  std::uint32_t il = 0;
};
std::optional<layered_name> split_layer(std::string_view name) {
  for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
    const std::size_t end = std::min(name.find_first_not_of("0123456789", dot + 1), name.size());
    const std::size_t n_digit = end - dot - 1;
    if (n_digit == 0 || n_digit > 4 || end == name.size() || name[end] != '.') continue;
    return layered_name{
        std::string(name.substr(0, dot + 1)), std::string(name.substr(end)),
        static_cast<std::uint32_t>(std::stoul(std::string(name.substr(dot + 1, n_digit))))};
  }
  return std::nullopt;
}

/// "0-2,5"
std::string ranges(std::vector<std::uint32_t> all) {
  std::sort(all.begin(), all.end());
  std::string text;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t last = i;
    while (last + 1 < all.size() && all[last + 1] == all[last] + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(all[i]);
    if (last > i) text += "-" + std::to_string(all[last]);
    i = last + 1;
  }
  return text;
}

result<std::vector<std::string>> tensor_rows(std::span<const gguf::header> headers) {
  std::vector<std::pair<row, std::vector<std::uint32_t>>> rows;
  std::map<row, std::size_t> known;
  for (const gguf::header& h : headers)
    for (const gguf::tensor_info& t : h.tensors()) {
      if (t.name.find_first_of("{}") != t.name.npos)
        return error{errc::bad_format, "a brace in the tensor's name " + text_of(t.name)};
      const auto layer = split_layer(t.name);
      row r{layer ? layer->before : std::string(t.name), layer ? layer->after : "",
            upper(traits(t.type).name),
            std::vector<std::int64_t>(t.ne.begin(), t.ne.begin() + t.n_dims)};
      const auto [at, is_new] = known.try_emplace(r, rows.size());
      if (is_new) rows.emplace_back(std::move(r), std::vector<std::uint32_t>());
      if (layer) rows[at->second].second.push_back(layer->il);
    }
  std::vector<std::string> lines;
  for (const auto& [r, layers] : rows) {
    const auto& [before, after, type, ne] = r;
    const std::string name = layers.empty() ? before : before + "{" + ranges(layers) + "}" + after;
    lines.push_back(fmt::format("    [{},\"{}\",[{}]]", text_of(name), type, fmt::join(ne, ",")));
  }
  return lines;
}

std::vector<std::string> metadata_lines(const gguf::header& h, std::string_view architecture) {
  std::vector<std::string> lines;
  const std::string vocabulary = std::string(architecture) + ".vocab_size";
  for (const gguf::entry& e : h.metadata())
    if (is_kept(e.key))
      if (const auto text = entry_text(e.v))
        lines.push_back(fmt::format("    {}: {}", text_of(e.key), *text));
  const value* tokens = h.find("tokenizer.ggml.tokens");
  if (tokens && !h.find(vocabulary))
    lines.push_back(fmt::format("    {}: [\"u32\",{}]", text_of(vocabulary), tokens->size()));
  if (tokens || h.find("tokenizer.ggml.model"))
    lines.emplace_back("    \"tokenizer.ggml.model\": [\"str\",\"none\"]");
  return lines;
}

}  // namespace

result<std::string> shape_of_headers(std::span<const gguf::header> headers, std::string_view name,
                                     std::string_view quantization, std::string_view source) {
  if (headers.empty()) return error{errc::bad_format, "no header"};
  const value* of = headers.front().find("general.architecture");
  const auto architecture = of ? of->string() : std::nullopt;
  if (!architecture) return error{errc::bad_format, "no text general.architecture"};
  const auto tensors = tensor_rows(headers);
  if (!tensors) return tensors.error();
  bytes data;
  for (const gguf::header& h : headers) data += h.data_size();
  return fmt::format(
      "{{\n  \"name\": {},\n  \"architecture\": {},\n  \"quantization\": {},\n  \"source\": {},\n"
      "  \"data_bytes\": {},\n  \"metadata\": {{\n{}\n  }},\n  \"tensors\": [\n{}\n  ]\n}}\n",
      text_of(name), text_of(*architecture), text_of(quantization), text_of(source), data.count,
      fmt::join(metadata_lines(headers.front(), *architecture), ",\n"), fmt::join(*tensors, ",\n"));
}

}  // namespace vrambudget
