// Reads what the embedded shapes say of themselves and finds them by the names people type.
#include "vrambudget/catalogue/models.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "catalogue/embedded.hpp"
#include "catalogue/names.hpp"
#include "vrambudget/catalogue/model_aliases.hpp"

namespace vrambudget {
namespace {

/// Reads what a shape says before its metadata and tensors, which are nearly all of it.
catalogued_model read_summary(const detail::embedded_file& file) {
  const std::string_view before = file.text.substr(0, file.text.find(",\n  \"metadata\""));
  std::array<unsigned char, 4096> room;  // enough for all that there are
  boost::json::monotonic_resource memory(room.data(), room.size());
  const boost::json::value parsed = boost::json::parse(std::string(before) + "}", &memory);
  const boost::json::object& shape = parsed.as_object();
  const auto text = [&](const char* key) { return std::string(shape.at(key).as_string()); };
  std::vector<std::string> also;
  if (const auto* names = shape.if_contains("also"))
    for (const auto& name : names->as_array()) also.emplace_back(name.as_string());
  return {std::string(file.stem),
          text("name"),
          text("architecture"),
          text("quantization"),
          text("source"),
          bytes{shape.at("data_bytes").to_number<std::uint64_t>()},
          file.text,
          std::move(also)};
}

/// What it can be found by, folded.
std::vector<std::string> keys_of(const catalogued_model& m) {
  std::vector<std::string> keys = {detail::folded(m.name), detail::folded(m.id)};
  for (const std::string& name : m.also) keys.push_back(detail::folded(name));
  return keys;
}

std::vector<catalogued_model> read_summaries(std::span<const detail::embedded_file> files) {
  std::vector<catalogued_model> out;
  for (const detail::embedded_file& file : files) out.push_back(read_summary(file));
  return out;
}

/// `kind`: what the rows are, for messages. `help`: what is said where no name is alike. `others`: names that are
/// proposed as well.
result<catalogued_model> find_row(std::span<const catalogued_model> rows, const std::string& kind,
                                  std::string_view typed, std::string_view help,
                                  std::span<const model_alias> others = {}) {
  if (typed.size() > 200)
    return error{errc::not_found, "a " + kind + " name of over 200 characters"};
  std::string key = detail::folded(typed);
  if (key.ends_with("gguf")) key.resize(key.size() - 4);
  std::vector<std::string> begins;
  std::vector<std::pair<std::size_t, std::string>> distances;
  const catalogued_model* only = nullptr;
  for (const catalogued_model& m : rows) {
    const std::vector<std::string> keys = keys_of(m);
    std::size_t nearest = key.size() + keys.front().size();
    bool begins_one = false;
    for (const std::string& k : keys) {
      if (key == k) return m;
      begins_one |= !key.empty() && k.starts_with(key);
      nearest = std::min(nearest, detail::suggestion_distance(key, k));
    }
    if (begins_one) begins.push_back((only = &m)->name);
    distances.emplace_back(nearest, m.name);
  }
  if (begins.size() == 1) return *only;
  for (const model_alias& a : others)
    distances.emplace_back(detail::suggestion_distance(key, detail::folded(a.name)), a.name);
  const std::string shown = kind + " \"" + std::string(typed) + "\"";
  if (!begins.empty())
    return error{errc::not_found, shown + " can be " + detail::joined(begins) + ": name one"};
  return error{errc::not_found, shown + " is not in the catalogue" +
                                    detail::proposal(std::move(distances), key, help)};
}

/// What is known of a projector that is not enough to plan it; empty: nothing.
std::string known_of(std::string_view typed) {
  const std::string key = detail::folded(typed);
  const boost::json::value all =
      boost::json::parse(detail::unknown_projectors_json().front().text);
  for (const boost::json::value& row : all.as_array())
    for (const boost::json::value& name : row.at("names").as_array())
      if (key.starts_with(detail::folded(name.as_string())))
        return std::string(row.at("known").as_string());
  return {};
}

}  // namespace

bool catalogued_model::is_called(std::string_view typed) const {
  const std::vector<std::string> keys = keys_of(*this);
  return std::find(keys.begin(), keys.end(), detail::folded(typed)) != keys.end();
}

std::span<const catalogued_model> catalogued_models() {
  static const std::vector<catalogued_model> rows = read_summaries(detail::model_shapes());
  return rows;
}

std::span<const catalogued_model> catalogued_projectors() {
  static const std::vector<catalogued_model> rows = read_summaries(detail::projector_shapes());
  return rows;
}

result<catalogued_model> find_model(std::string_view typed) {
  return find_row(catalogued_models(), "model", typed,
                  "`vrambudget models` lists them, hf:org/repo:QUANT reads others",
                  model_aliases());
}

result<catalogued_model> find_projector(std::string_view typed) {
  auto found = find_row(catalogued_projectors(), "projector", typed,
                        "a name is as mmproj-Qwen3.6-27B-F16, for which mmproj-F16.gguf is enough "
                        "beside that model");
  if (found) return found;
  const std::string known = known_of(typed);
  if (known.empty()) return found;
  return error{errc::not_found,
               "projector \"" + std::string(typed) + "\" is not known well enough to be planned: " +
                   known + "; its file can be (--mmproj FILE), or --reserve keeps its size free"};
}

}  // namespace vrambudget
