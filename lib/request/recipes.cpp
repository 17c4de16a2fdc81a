#include "vrambudget/request/recipes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "catalogue/names.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/file_kind.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/asked_plan.hpp"

namespace vrambudget::request {
namespace {

bool is_of_words(ggml_type t) {
  return t == ggml_type::i8 || t == ggml_type::i16 || t == ggml_type::i32 || t == ggml_type::i64;
}

/// Its matrices in a type, as if nothing had been quantized.
void as_unquantized(model& m, ggml_type type) {
  for (model_tensor& t : m.tensors) {
    if (t.type == ggml_type::f32 || is_of_words(t.type)) continue;
    t.type = type;
    t.size = data_size(type, t.ne);
  }
  m.types_basis = basis::exact;
  m.types_note.clear();
}

/// A catalogued model's file that stands for all of them: the first has the plain shape.
std::string file_standing_for(const std::string& typed, model_reader& reader) {
  if (reader.finds_file(typed)) return typed;
  const auto all = catalogued_files_of(typed);
  return all && !all->files.empty() ? all->files.front().name : typed;
}

/// With all layers on one card: there and on the host.
std::pair<bytes, bytes> weights_of(const model& m) {
  device card;
  card.free = card.total = bytes{std::uint64_t{1} << 50};
  const run r;
  const auto where = place_layers(r, {&card, 1}, m.hp.n_layer_all);
  const auto placed = where ? place_weights(m, *where, r, 1) : where.error();
  if (!placed) return {};
  return {placed->on(0), placed->on(where->host())};
}

std::string printed_of(const quantized_file& f, std::uint64_t n_source_params) {
  const auto n = static_cast<double>(f.data.count);
  return fmt::format("{:.2f} MiB ({:.2f} BPW)", n / (1 << 20),
                     n * 8 / static_cast<double>(std::max<std::uint64_t>(n_source_params, 1)));
}

/// "attn_v" of "blk.3.attn_v.weight".
std::string plain_name(std::string_view name) {
  std::string_view rest = layer_of(name).second;
  if (rest.ends_with(".weight")) rest.remove_suffix(7);
  return std::string(rest);
}

/// The names that a pattern may have meant.
std::string nearest_names(const model& m, std::string_view pattern) {
  std::string plain;
  for (const char c : pattern.substr(0, 64))
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') plain += c;
  std::set<std::string> names;
  for (const model_tensor& t : m.tensors) names.insert(plain_name(t.name));
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& n : names) ranked.emplace_back(detail::edit_distance(plain, n), n);
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> nearest;
  for (std::size_t i = 0; i < std::min<std::size_t>(ranked.size(), 3); ++i)
    nearest.push_back(gguf::printable(ranked[i].second));
  return detail::joined(nearest);
}

/// What a rule does not do.
std::string note_on(const tensor_type_rule& rule, const recipe& r, const quantized_file& f) {
  std::size_t named = 0, kept = 0, taken = 0;
  for (std::size_t i = 0; i < f.m.tensors.size(); ++i) {
    const std::string& name = f.m.tensors[i].name;
    if (!rule.pattern.is_in(name)) continue;
    ++named;
    kept += f.chosen[i].is_kept;
    taken += r.rule_for(name) != &rule;
  }
  const std::string what =
      fmt::format("--tensor-type {}={}", gguf::printable(rule.text), traits(rule.type).name);
  if (named == 0) return what + " names no tensor; nearest: " + nearest_names(f.m, rule.text);
  if (kept == named)
    return fmt::format("{} does nothing: llama-quantize keeps the type of {}", what,
                       named == 1 ? "the tensor that it names"
                                  : fmt::format("all {} tensors that it names", named));
  if (taken == named) return what + " does nothing: rules before it take all that it names";
  return {};
}

/// "145 of 459 tensors have rows that ...: q4_K as q5_0 (121), q6_K as q8_0 (24)"
std::string note_on_fallbacks(const quantized_file& f) {
  std::map<std::pair<ggml_type, ggml_type>, std::size_t> changes;
  for (const chosen_type& c : f.chosen)
    if (c.wanted != c.type) ++changes[{c.wanted, c.type}];
  std::vector<std::string> parts;
  for (const auto& [change, n] : changes)
    parts.push_back(
        fmt::format("{} as {} ({})", traits(change.first).name, traits(change.second).name, n));
  return fmt::format("{} of {} tensors need a fallback, their rows being no whole blocks: {}",
                     f.n_fallback, f.chosen.size(), detail::joined(parts));
}

std::vector<std::string> notes_on(const recipe_source& from, const recipe_answer& a) {
  std::vector<std::string> notes;
  const recipe& r = a.r;
  const bool quantizes = is_quantized(traits(r.type).tensors) && !r.copies;
  const bool has_output = from.m.find("output.weight") != nullptr;
  if (quantizes) {
    for (const tensor_type_rule& rule : r.rules)
      if (std::string note = note_on(rule, r, a.file); !note.empty() && notes.size() < 20)
        notes.push_back(std::move(note));
  } else if (!r.rules.empty()) {
    notes.push_back(fmt::format("--tensor-type does nothing with {}", a.base));
  }
  if (r.copies && (r.token_embedding || r.output || r.pure))
    notes.push_back("COPY keeps all types: no option changes them");
  if (!has_output && r.keeps_output)
    notes.push_back("--leave-output-tensor does nothing: there is no output.weight");
  if (!has_output && r.output && !r.copies && (r.pure || !quantizes || r.token_embedding))
    notes.push_back("--output-tensor-type does nothing: there is no output.weight");
  if (a.file.n_fallback > 0) notes.push_back(note_on_fallbacks(a.file));
  if (a.file.n_need_imatrix > 0)
    notes.push_back(
        fmt::format("{} tensors cannot be made without --imatrix", a.file.n_need_imatrix));
  if (!a.file.unwritable.empty()) notes.push_back(a.file.unwritable);
  if (quantizes && is_trained_in_few_bits(from.family))
    notes.push_back(from.family +
                    " was trained in few bits: what other types lose is on no published curve");
  if (from.is_quantized && !r.copies)
    notes.push_back(
        "the source is quantized: llama-quantize wants --allow-requantize, and quality is lost "
        "twice");
  return notes;
}

/// What a file tells of the importance matrix it was made with; nothing: that one is not here, or of the form before GGUF.
/// Source: llama.cpp, tools/quantize/quantize.cpp: load_imatrix, main
std::optional<imatrix_facts> facts_of(const std::optional<std::string>& imatrix) {
  if (!imatrix || imatrix->empty()) return std::nullopt;
  const auto file = open_model_file(*imatrix);
  if (!file || kind_of(file->headers.front()) != file_kind::importance_matrix) return std::nullopt;
  const gguf::header& h = file->headers.front();
  imatrix_facts facts;
  facts.file = *imatrix;
  if (const gguf::value* datasets = h.find("imatrix.datasets"))
    datasets->for_each_string([&](std::string_view name) {
      facts.dataset = name;
      return false;
    });
  std::int32_t n = 0;
  for (const gguf::tensor_info& t : h.tensors()) n += t.name.ends_with(".in_sum2");
  facts.n_entries = n;
  if (const gguf::value* chunks = h.find("imatrix.chunk_count");
      chunks && chunks->u32().value_or(0))
    facts.n_chunks = static_cast<std::int32_t>(*chunks->u32());
  return facts;
}

}  // namespace

result<recipe_source> open_recipe_source(const std::string& typed, const recipe_request& q,
                                         model_reader& reader) {
  auto opened = reader.open(file_standing_for(typed, reader));
  if (!opened) return opened.error();
  if (!opened->m) return opened->m.error();
  recipe_source s{*opened->m, opened->m->name, {}, {}, std::move(*opened), false};
  if (const auto all = catalogued_files_of(s.name); all && !all->files.front().alias)
    s.family = all->name;
  std::optional<ggml_type> type;
  if (!q.source_type.empty()) {
    type = type_from_name(q.source_type);
    if (!type || is_of_words(*type) || is_quantized(*type))
      return error{errc::invalid_argument,
                   "--source-type: '" + gguf::printable(q.source_type, 100) +
                       "' is no type of full precision, expected bf16, f16 or f32"};
  }
  if (s.opened.is_shape()) {
    if (!type) type = ggml_type::bf16;
    const auto known = find_catalogued_file(s.name);
    const catalogued_files* all = known ? family_of(*known) : nullptr;
    if (known && known->alias && !known->alias->is_same)
      s.name = known->alias->name;
    else if (all)
      s.name = s.family = all->name;
  }
  if (type) {
    as_unquantized(s.m, *type);
    s.says = fmt::format("the {} in {}", s.opened.is_shape() ? "catalogue's shape" : "file as if",
                         traits(*type).name);
  } else {
    s.is_quantized = std::any_of(s.m.tensors.begin(), s.m.tensors.end(),
                                 [](const model_tensor& t) { return is_quantized(t.type); });
    s.says = "the file as it is";
  }
  s.m.name = s.name;
  return s;
}

result<std::vector<recipe_answer>> make_recipes(const recipe_source& from,
                                                const recipe_request& q) {
  auto recipes = recipes_of(q);
  if (!recipes) return recipes.error();
  // a projector in the same file is no part of the text model, and its header not of its file
  const bool is_whole = from.opened.headers.size() > 1 ||
                        from.opened.headers.front().tensors().size() == from.m.tensors.size();
  const auto headers = is_whole ? from.opened.headers : std::span<const gguf::header>();
  const auto imatrix = facts_of(q.imatrix);
  std::vector<recipe_answer> all;
  for (named_recipe& n : *recipes) {
    auto f = quantize_file(headers, from.m, n.r, imatrix);
    if (!f) return in_context(n.base, f.error());
    recipe_answer a{.base = std::move(n.base), .r = std::move(n.r), .file = std::move(*f)};
    a.is_exact = !q.imatrix || imatrix;
    a.printed = printed_of(a.file, from.m.n_params);
    std::tie(a.on_card, a.on_host) = weights_of(a.file.m);
    a.notes = notes_on(from, a);
    a.expected = expected_kld_of(from.family, a.file.m.bits_per_weight());
    all.push_back(std::move(a));
  }
  return all;
}

void plan_recipes(std::vector<recipe_answer>& all, const plan_request& q,
                  const std::vector<device>& devices, const named_models& beside) {
  for (recipe_answer& a : all) {
    if (!a.file.unwritable.empty()) {
      a.not_planned = a.file.unwritable;
      continue;
    }
    planner p(a.file.m, devices, limits_of(q, q.gpus.ram), beside.draft.get(), beside.mmproj.get());
    auto c = compare_file(p, q.r, a.base);
    if (!c) {
      a.not_planned = c.error().message;
      continue;
    }
    c->quality = {};  // a file of that name may be measured, this one was not
    if (a.expected) c->quality.estimated = a.expected->range;
    a.runs = std::move(*c);
  }
}

}  // namespace vrambudget::request
