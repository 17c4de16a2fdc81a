#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "report/inspection/inside.hpp"
#include "report/inspection/tensor_groups.hpp"
#include "vrambudget/report/inspection.hpp"
#include "vrambudget/report/split_parts.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;
using namespace inspection;

json::object amount_json(const amount& a) { return {{"count", a.n}, {"bytes", a.size.count}}; }

std::string_view name_of(ggml_type t) { return traits(t).name; }
std::string_view name_of(tensor_purpose p) { return name(p); }

/// Groups by name, each with its parts under `key`.
template <class What, class Part>
json::object groups_json(const std::map<What, group<Part>>& all, const char* key) {
  json::object out;
  for (const auto& [what, of] : all) {
    json::object parts, o = amount_json(of.all);
    for (const auto& [part, a] : of.parts) parts[name_of(part)] = a.n;
    o[key] = std::move(parts);
    out[name_of(what)] = std::move(o);
  }
  return out;
}

json::object recipe_json(const recognised_recipe& r) {
  json::array words, options;
  for (const std::string& w : r.words) words.push_back(json::string(w));
  for (const std::string& w : options_of(r)) options.push_back(json::string(w));
  json::object o{{"base", name(r.r.type)},
                 {"options", std::move(options)},
                 {"differ", r.n_differ},
                 {"is_whole", r.is_whole},
                 {"tensor_types", std::move(words)}};
  if (r.r.token_embedding) o["token_embedding_type"] = traits(*r.r.token_embedding).name;
  if (r.r.output) o["output_tensor_type"] = traits(*r.r.output).name;
  return o;
}

void add_model(json::object& o, const model& m) {
  o["name"] = m.name;
  o["architecture"] = m.architecture;
  if (!m.path.empty()) o["path"] = m.path;
  if (m.file_size.count) o["file_bytes"] = m.file_size.count;
  o["n_params"] = m.n_params;
  o["tensor_count"] = m.tensors.size();
  o["tensor_bytes"] = m.tensor_bytes().count;
  o["bits_per_weight"] = m.bits_per_weight();
  o["n_layer"] = m.hp.n_layer();
  o["n_ctx_train"] = m.hp.n_ctx_train;
  o["n_embd"] = m.hp.n_embd;
  o["n_vocab"] = m.hp.n_vocab;
  if (const auto r = recognise_recipe(m)) o["looks_like"] = recipe_json(*r);
  const tensor_groups g = groups_of(m);
  o["tensors_by_type"] = groups_json(g.by_type, "uses");
  o["tensors_by_use"] = groups_json(g.by_use, "types");
  std::string kinds, bits;
  for (const layer_look& l : layers_of(m)) {
    kinds += l.kind;
    bits += l.bits;
  }
  o["layers"] = json::object{{"kinds", kinds}, {"bits", bits}};
}

void add_other(json::object& o, const inspected& f) {
  if (!f.file.path.empty()) o["path"] = f.file.path;
  if (f.file.size.count) o["file_bytes"] = f.file.size.count;
  json::object facts;
  for (const auto& [what, value] : facts_of(f)) facts[what] = value;
  o["facts"] = std::move(facts);
  std::size_t n = 0;
  std::map<ggml_type, amount> types;
  for (const gguf::header& h : f.file.headers)
    for (const gguf::tensor_info& t : h.tensors()) {
      types[t.type].add({std::string(t.name), t.type, t.ne, t.size});
      ++n;
    }
  o["tensor_count"] = n;
  json::object by_type;
  for (const auto& [type, a] : types) by_type[traits(type).name] = amount_json(a);
  o["tensors_by_type"] = std::move(by_type);
}

}  // namespace

std::string inspection_json(const inspected& f) {
  json::object o{{"schema", json_schema}, {"vrambudget", version}, {"kind", key(f.kind())}};
  if (const http_traffic& t = f.used.traffic; t.n_requests)
    o["transfer"] = {
        {"bytes", t.body.count}, {"requests", t.n_requests}, {"seconds", f.used.seconds}};
  if (f.file.m && f.kind() == file_kind::model)
    add_model(o, *f.file.m);
  else
    add_other(o, f);
  if (const auto parts = split_parts(f.file.headers, f.file.path); parts && !parts->empty())
    o["files"] = json::parse(split_parts_json(*parts));
  return json_text(o) + "\n";
}

}  // namespace vrambudget
