#include "report/inspection/inside.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "report/inspection/tensor_groups.hpp"
#include "report/launch/arguments.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget::inspection {
namespace {

using facts = std::vector<std::pair<std::string, std::string>>;

/// Adds a key's value if the file has it.
void add_key(facts& to, const gguf::header& h, const char* key, const char* what) {
  const gguf::value* v = h.find(key);
  if (!v) return;
  if (const auto text = v->string()) {
    if (!text->empty()) to.emplace_back(what, gguf::printable(*text, 200));
  } else if (const auto n = v->is_array() ? std::nullopt : v->number()) {
    to.emplace_back(what, fmt::format("{:g}", *n));
  }
}

/// The strings of an array, the first few.
void add_strings(facts& to, const gguf::header& h, const char* key, const char* what) {
  const gguf::value* v = h.find(key);
  if (!v || !v->is_array()) return;
  constexpr std::size_t most = 8;
  std::vector<std::string> all;
  v->for_each_string([&](std::string_view s) {
    all.push_back(gguf::printable(s, 100));
    return all.size() < most;
  });
  if (v->size() > most) all.push_back(fmt::format("and {} more", v->size() - most));
  if (!all.empty()) to.emplace_back(what, fmt::format("{}", fmt::join(all, ", ")));
}

/// The names of a file's tensors without layer and end, each with how often it is there.
std::string names_text(const gguf::header& h, std::string_view end) {
  std::map<std::string, std::size_t> names;
  for (const gguf::tensor_info& t : h.tensors()) {
    std::string_view name = t.name;
    if (!name.ends_with(end)) continue;
    name.remove_suffix(end.size());
    ++names[gguf::printable(short_name(name), 40)];
  }
  constexpr std::size_t most = 16;
  std::string text;
  std::size_t i = 0;
  for (const auto& [name, n] : names) {
    if (++i > most) break;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, name);
  }
  return names.size() > most ? text + fmt::format(" and {} more names", names.size() - most) : text;
}

facts of_adapter(const gguf::header& h) {
  facts all;
  add_key(all, h, "adapter.type", "type");
  add_key(all, h, "general.architecture", "of architecture");
  add_key(all, h, "general.base_model.0.name", "of model");
  add_key(all, h, "adapter.lora.alpha", "alpha");
  std::set<std::int64_t> ranks;
  std::size_t n = 0;
  for (const gguf::tensor_info& t : h.tensors())
    if (t.name.ends_with(".lora_a")) {
      ++n;
      ranks.insert(t.ne[1]);
    }
  if (!ranks.empty())
    all.emplace_back("rank", ranks.size() == 1
                                 ? fmt::format("{}", *ranks.begin())
                                 : fmt::format("{} to {}", *ranks.begin(), *ranks.rbegin()));
  all.emplace_back("changes", fmt::format("{} tensors: {}", n, names_text(h, ".lora_a")));
  return all;
}

facts of_projector(const gguf::header& h) {
  facts all;
  const auto p = read_projector(h);
  if (!p) {
    all.emplace_back("not read", p.error().message);
    return all;
  }
  if (!p->name.empty()) all.emplace_back("name", gguf::printable(p->name, 200));
  for (const encoder& e : p->encoders)
    all.emplace_back(name(e.kind),
                     fmt::format("{}: {} layers, width {}", gguf::printable(e.type_name, 60),
                                 e.hp.n_layer, grouped(e.hp.n_embd)));
  return all;
}

facts of_vocabulary(const gguf::header& h) {
  facts all;
  add_key(all, h, "general.architecture", "of architecture");
  add_key(all, h, "general.name", "name");
  add_key(all, h, "tokenizer.ggml.model", "tokenizer");
  add_key(all, h, "tokenizer.ggml.pre", "splits as");
  if (const gguf::value* v = h.find("tokenizer.ggml.tokens"))
    all.emplace_back("tokens", grouped(v->size()));
  return all;
}

}  // namespace

std::vector<std::string> options_of(const recognised_recipe& r) {
  std::vector<std::string> all;
  if (r.r.has_imatrix) all.push_back("--imatrix FILE");
  if (r.r.pure) all.push_back("--pure");
  if (r.r.keeps_output) all.push_back("--leave-output-tensor");
  if (r.r.token_embedding)
    all.push_back(fmt::format("--token-embedding-type {}", traits(*r.r.token_embedding).name));
  if (r.r.output) all.push_back(fmt::format("--output-tensor-type {}", traits(*r.r.output).name));
  for (const std::string& word : r.words) all.push_back("--tensor-type " + launching::quoted(word));
  return all;
}

std::string looks_like_text(const recognised_recipe& r, const gguf::header& h) {
  recognised_recipe base = r;
  base.words.clear();
  const std::vector<std::string> options = options_of(base);
  std::string text(name(r.r.type));
  if (!options.empty()) text += fmt::format(" with {}", fmt::join(options, " "));
  if (r.n_differ > 0)
    text += fmt::format(", but {} of {} tensors have other types", grouped(r.n_differ),
                        grouped(r.n_tensors));
  const gguf::value* said = h.find("general.file_type");
  const auto number = said ? said->integer() : std::nullopt;
  const auto claimed = number ? file_type_numbered(*number) : std::nullopt;
  if (claimed && *claimed != r.r.type) text += fmt::format("; its header says {}", name(*claimed));
  return text;
}

std::vector<std::pair<std::string, std::string>> facts_of(const inspected& f) {
  const gguf::header& h = f.file.headers.front();
  facts all;
  switch (f.kind()) {
    case file_kind::adapter:
      return of_adapter(h);
    case file_kind::projector:
      return of_projector(h);
    case file_kind::vocabulary:
      return of_vocabulary(h);
    case file_kind::control_vector:
      add_key(all, h, "controlvector.model_hint", "of architecture");
      add_key(all, h, "controlvector.layer_count", "layers");
      return all;
    case file_kind::importance_matrix:
      add_strings(all, h, "imatrix.datasets", "made with");
      add_key(all, h, "imatrix.chunk_count", "chunks");
      add_key(all, h, "imatrix.chunk_size", "tokens of a chunk");
      all.emplace_back("tells of", names_text(h, ".in_sum2"));
      return all;
    case file_kind::diffusion:
      add_key(all, h, "general.architecture", "architecture");
      add_key(all, h, "general.name", "name");
      return all;
    case file_kind::model:
      break;
  }
  add_key(all, h, "general.architecture", "architecture");
  add_key(all, h, "general.name", "name");
  if (!f.file.m) all.emplace_back("does not run", f.file.m.error().message);
  return all;
}

}  // namespace vrambudget::inspection
