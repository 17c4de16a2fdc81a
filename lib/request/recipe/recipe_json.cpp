// What llama-quantize is asked for, as JSON.
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "vrambudget/request/recipe_request.hpp"
#include "vrambudget/request/request_json.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

constexpr std::array texts{std::pair{"base", &recipe_request::base},
                           std::pair{"token_embedding_type", &recipe_request::token_embedding_type},
                           std::pair{"output_tensor_type", &recipe_request::output_tensor_type},
                           std::pair{"tensor_type_file", &recipe_request::tensor_type_file},
                           std::pair{"source_type", &recipe_request::source_type},
                           std::pair{"like", &recipe_request::like}};
constexpr std::array flags{std::pair{"pure", &recipe_request::pure},
                           std::pair{"leave_output_tensor", &recipe_request::leave_output_tensor},
                           std::pair{"keep_split", &recipe_request::keep_split},
                           std::pair{"find", &recipe_request::find}};

error no_value(std::string_view key, const char* expected) {
  return {errc::invalid_argument, fmt::format("'{}' of a recipe is not {}", key, expected)};
}

/// "3,7,11", of an array of numbers or as it is.
result<std::string> layers_of(const json::value& v) {
  if (v.is_string()) return std::string(v.as_string());
  const auto* all = v.if_array();
  if (!all) return no_value("prune_layers", "an array of numbers");
  std::string text;
  for (const json::value& one : *all) {
    if (!one.is_int64()) return no_value("prune_layers", "an array of numbers");
    text += (text.empty() ? "" : ",") + std::to_string(one.as_int64());
  }
  return text;
}

result<void> take_imatrix(recipe_request& q, const json::value& v) {
  if (v.is_string())
    q.imatrix = std::string(v.as_string());
  else if (!v.is_bool())
    return no_value("imatrix", "a file's name, true or false");
  else if (v.as_bool())
    q.imatrix = "";
  return {};
}

result<void> take_rules(recipe_request& q, const json::value& v) {
  const auto* all = v.if_array();
  if (!all) return no_value("tensor_types", "an array of texts");
  for (const json::value& one : *all) {
    if (!one.is_string()) return no_value("tensor_types", "an array of texts");
    q.tensor_types.emplace_back(one.as_string());
  }
  return {};
}

result<void> take(recipe_request& q, std::string_view key, const json::value& v) {
  if (v.is_null()) return {};
  for (const auto& [name, field] : texts)
    if (key == name) {
      if (!v.is_string()) return no_value(key, "a text");
      q.*field = std::string(v.as_string());
      return {};
    }
  for (const auto& [name, field] : flags)
    if (key == name) {
      if (!v.is_bool()) return no_value(key, "true or false");
      q.*field = v.as_bool();
      return {};
    }
  if (key == "imatrix") return take_imatrix(q, v);
  if (key == "tensor_types") return take_rules(q, v);
  if (key != "prune_layers")
    return error{errc::invalid_argument, fmt::format("'{}' is no option of a recipe", key)};
  auto layers = layers_of(v);
  if (!layers) return layers.error();
  q.prune_layers = std::move(*layers);
  return {};
}

}  // namespace

result<recipe_request> read_recipe_request(std::string_view text) {
  const auto options = object_of(text, "the recipe");
  if (!options) return options.error();
  recipe_request q;
  for (const auto& [key, value] : *options)
    if (const auto ok = take(q, key, value); !ok) return ok.error();
  return q;
}

}  // namespace vrambudget::request
