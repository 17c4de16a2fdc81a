#include <boost/json.hpp>
#include <map>
#include <string>
#include <utility>

#include "io/json_text.hpp"
#include "vrambudget/report/recipes.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;
using request::recipe_answer;

/// "Q4_K", as llama-quantize's file types are written.
std::string upper(std::string_view name) {
  std::string s(name);
  for (char& c : s)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return s;
}

json::object kld_json(const expected_kld& k) {
  json::object o{{"low", k.range.low},
                 {"high", k.range.high},
                 {"basis", "assumed"},
                 {"by", k.basis},
                 {"measured", k.n}};
  if (!k.reference.empty()) o["reference"] = k.reference;
  return o;
}

json::object runs_json(const compared_file& c) {
  json::object largest;
  for (std::size_t i = 0; i < compared_cache_types.size(); ++i)
    largest[traits(compared_cache_types[i]).name] =
        json::object{{"n_ctx", c.largest[i].n_ctx}, {"bound_by", name_of_bound(c.largest[i])}};
  json::object o{{"weights_on_devices_bytes", c.weights_on_devices.count},
                 {"largest", std::move(largest)},
                 {"fits", c.fits},
                 {"spare_bytes", c.spare.count}};
  if (c.n_ctx) o["n_ctx"] = *c.n_ctx;
  return o;
}

json::object recipe_json(const told_recipes& t, const recipe_answer& a) {
  std::map<std::string, std::size_t> counts;
  for (const model_tensor& m : a.file.m.tensors) ++counts[upper(traits(m.type).name)];
  json::object types;
  for (const auto& [type, n] : counts) types[type] = n;
  json::array tensor_types;
  for (const std::size_t i : quantization_order(a.file.m, a.r)) {
    const model_tensor& m = a.file.m.tensors[i];
    tensor_types.push_back(json::array{m.name, upper(traits(m.type).name), m.size.count});
  }
  json::object o{
      {"base", a.base},
      {"command", request::quantize_command(t.asked, t.from.name + ".gguf",
                                            t.from.name + "-" + a.base + ".gguf", a.base)},
      {"data_bytes", a.file.data.count},
      {"padded_bytes", a.file.padded.count},
      {"file_bytes", a.file.size.value_or(a.file.padded).count},
      {"file_bytes_basis", !a.file.size || t.from.opened.is_shape() ? "without_vocabulary"
                           : a.is_exact                             ? "exact"
                                                                    : "without_imatrix"},
      {"bits_per_weight", a.file.m.bits_per_weight()},
      {"printed", a.printed},
      {"types", std::move(types)},
      {"tensors", a.file.m.tensors.size()},
      {"tensor_types", std::move(tensor_types)},
      {"weights_on_card_bytes", a.on_card.count},
      {"weights_on_host_bytes", a.on_host.count},
      {"fallbacks", a.file.n_fallback},
      {"needs_imatrix", a.file.n_need_imatrix > 0}};
  json::array notes;
  for (const std::string& n : a.notes) notes.push_back(json::string(n));
  o["notes"] = std::move(notes);
  if (!a.file.unwritable.empty()) o["cannot_be_written"] = a.file.unwritable;
  if (a.expected) o["kld"] = kld_json(*a.expected);
  if (a.runs) o["runs"] = runs_json(*a.runs);
  if (!a.not_planned.empty()) o["not_planned"] = a.not_planned;
  return o;
}

}  // namespace

std::string recipes_json(const told_recipes& t) {
  json::object o{{"schema", json_schema},
                 {"vrambudget", version},
                 {"model", t.from.name},
                 {"source", t.from.says},
                 {"options", request::quantize_options(t.asked)}};
  json::array devices;
  for (const std::string& c : t.cards) devices.push_back(json::string(c));
  if (!devices.empty()) o["devices"] = std::move(devices);
  if (t.all.size() == 1) {
    for (auto& [key, value] : recipe_json(t, t.all.front())) o[key] = std::move(value);
  } else {
    json::array recipes;
    for (const recipe_answer& a : t.all) recipes.push_back(recipe_json(t, a));
    o["recipes"] = std::move(recipes);
  }
  return json_text(o) + "\n";
}

}  // namespace vrambudget
