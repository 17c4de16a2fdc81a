#include "vrambudget/report/recipes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "report/launch/arguments.hpp"
#include "report/lines.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

using request::recipe_answer;

struct amount {
  std::size_t n = 0;
  bytes size;
};
using by_type = std::map<ggml_type, amount>;

void add(amount& to, const model_tensor& t) {
  ++to.n;
  to.size += t.size;
}

/// The largest first.
std::vector<std::pair<ggml_type, amount>> sorted(const by_type& types) {
  std::vector<std::pair<ggml_type, amount>> all(types.begin(), types.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second.size > b.second.size; });
  return all;
}

by_type types_of(const model& m) {
  by_type all;
  for (const model_tensor& t : m.tensors) add(all[t.type], t);
  return all;
}

/// Tensors of a name in all layers: "blk.N.attn_v.weight".
std::string name_in_layers(std::string_view name) {
  const auto [il, rest] = layer_of(name);
  return il < 0 ? std::string(name) : "blk.N." + std::string(rest);
}

/// "q6_K in 32 layers, q4_K in 32"
std::string types_text(const by_type& types) {
  if (types.size() == 1) return std::string(traits(types.begin()->first).name);
  std::string text;
  for (const auto& [type, of] : sorted(types))
    text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", traits(type).name, of.n);
  return text;
}

/// "10,835.2", in MiB.
std::string bare_mib(bytes b) {
  std::string text = in_mib(b);
  text.resize(text.size() - 4);
  return text;
}
/// "16.28", in GiB.
std::string bare_gib(bytes b) {
  std::string text = in_gib(b);
  text.resize(text.size() - 4);
  return text;
}

/// What llama-quantize changes, by name, the largest first.
std::string table_of_names(const recipe_answer& a) {
  std::map<std::string, std::pair<by_type, amount>> names;
  for (std::size_t i = 0; i < a.file.m.tensors.size(); ++i) {
    const model_tensor& t = a.file.m.tensors[i];
    if (a.file.chosen[i].is_kept && t.type == ggml_type::f32) continue;
    auto& [types, all] = names[name_in_layers(t.name)];
    add(types[t.type], t);
    add(all, t);
  }
  std::vector<std::pair<std::string, std::pair<by_type, amount>>> rows(names.begin(), names.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& x, const auto& y) {
    return x.second.second.size > y.second.second.size;
  });
  constexpr std::size_t most = 60, widest = 34;
  std::size_t width = 0;
  for (const auto& [name, row] : rows) width = std::max(width, std::min(name.size(), widest));
  std::string text = fmt::format("\n{:<{}}{:>6}{:>11}  types\n", "tensors", width + 2, "", "MiB");
  for (std::size_t i = 0; i < std::min(rows.size(), most); ++i) {
    const auto& [name, row] = rows[i];
    text += fmt::format("  {:<{}}{:>6}{:>11}  {}\n", gguf::printable(name, widest), width,
                        grouped(row.second.n), bare_mib(row.second.size), types_text(row.first));
  }
  if (rows.size() > most) text += fmt::format("  and {} more names\n", rows.size() - most);
  return text;
}

std::string size_text(const recipe_answer& a, bool is_shape) {
  const bytes size = a.file.size.value_or(a.file.padded);
  std::string text = fmt::format("{} ({} bytes)", in_gib(size), grouped(size.count));
  if (!a.file.size || is_shape)
    text += ", and its vocabulary";
  else if (!a.is_exact)
    text += ", and what it tells of the matrix";
  return text;
}

std::string kld_text(const recipe_answer& a) {
  return a.expected ? fmt::format("{:.2g} to {:.2g}", a.expected->range.low, a.expected->range.high)
                    : "-";
}

/// llama-quantize's line, an option a line.
std::string command_text(const told_recipes& t, const recipe_answer& a) {
  std::string text = "\nllama-quantize";
  for (const std::string& word : request::quantize_words(t.asked)) text += " " + word + " \\\n ";
  return text + fmt::format(" {} {} {}\n", launching::quoted(t.from.name + "-BF16.gguf"),
                            launching::quoted(t.from.name + "-" + a.base + ".gguf"), a.base);
}

std::string tokens_text(const recipe_answer& a, std::size_t i) {
  return a.runs && a.runs->largest[i].n_ctx ? grouped(a.runs->largest[i].n_ctx) : "-";
}

std::string cards_text(const told_recipes& t) {
  return t.cards.empty() ? std::string() : fmt::format("{}", fmt::join(t.cards, ", "));
}

/// How it runs on the cards.
std::string run_text(const told_recipes& t, const recipe_answer& a) {
  if (t.cards.empty()) return {};
  std::string text = fmt::format("\n{}\n", cards_text(t));
  const auto row = [&](const std::string& what, const std::string& value) {
    text += fmt::format("  {:<22}{}\n", what, value);
  };
  if (!a.runs) {
    row("no plan", a.not_planned);
    return text;
  }
  row("weights on GPUs", in_mib(a.runs->weights_on_devices));
  for (std::size_t i = 0; i < compared_cache_types.size(); ++i)
    row(fmt::format("tokens, KV in {}", traits(compared_cache_types[i]).name), tokens_text(a, i));
  if (a.runs->n_ctx)
    row(fmt::format("with {}", grouped(*a.runs->n_ctx)),
        a.runs->fits ? "fits, spare " + in_mib(a.runs->spare) : "does not fit");
  return text;
}

std::string one_text(const told_recipes& t, const recipe_answer& a) {
  const std::string options = request::quantize_options(t.asked);
  const bool is_long = t.is_found || options.size() > 60;
  std::string text = t.is_found ? t.from.name + ", the best that fits\n"
                     : is_long  ? fmt::format("{} as {}, with options\n", t.from.name, a.base)
                                : fmt::format("{} as {}{}{}\n", t.from.name, a.base,
                                             options.empty() ? "" : " ", options);
  const auto row = [&](const std::string& what, const std::string& value) {
    text += fmt::format("  {:<22}{}\n", what, value);
  };
  row("made of", t.from.says);
  row("file", size_text(a, t.from.opened.is_shape()));
  row("tensors", fmt::format("{} in {}, {:.2f} bits per weight", grouped(a.file.m.tensors.size()),
                             in_gib(a.file.data), a.file.m.bits_per_weight()));
  row("llama-quantize says", a.printed);
  row("weights", fmt::format("{} on a card, {} on the host", in_mib(a.on_card), in_mib(a.on_host)));
  if (a.expected) {
    const std::string what = kld_text(a) + ", an estimate by bits per weight: " + a.expected->basis;
    std::string label = "KLD";
    for (const std::string& line : broken(what, 56)) row(std::exchange(label, ""), line);
  }
  if (is_long) text += command_text(t, a);
  text += fmt::format("\n{:<24}{:>7}{:>14}\n", "type", "tensors", "MiB");
  for (const auto& [type, of] : sorted(types_of(a.file.m)))
    text += fmt::format("  {:<22}{:>7}{:>14}\n", traits(type).name, grouped(of.n), bare_mib(of.size));
  return text + table_of_names(a) + run_text(t, a);
}

std::string table_text(const told_recipes& t) {
  const std::string options = request::quantize_options(t.asked);
  std::string text = fmt::format("{}{}{}, made of {}\n", t.from.name,
                                 options.empty() ? "" : " with ", options, t.from.says);
  if (!t.cards.empty()) text += cards_text(t) + "\n";
  std::size_t label = 10;
  for (const recipe_answer& a : t.all) label = std::max(label, a.base.size() + 2);
  text += fmt::format("\n{:<{}}{:>7}{:>6}{:>8}", "", label, "GiB", "bits", "on card");
  if (!t.cards.empty())
    for (const ggml_type c : compared_cache_types)
      text += fmt::format("{:>9}", fmt::format("KV {}", traits(c).name));
  text += fmt::format("{:>18}\n", "KLD, estimated");
  for (const recipe_answer& a : t.all) {
    const bytes size = a.file.size.value_or(a.file.padded);
    text += fmt::format("{:<{}}{:>7}{:>6.2f}{:>8}", a.base, label, bare_gib(size),
                        a.file.m.bits_per_weight(), bare_gib(a.on_card));
    if (!t.cards.empty())
      for (std::size_t i = 0; i < compared_cache_types.size(); ++i)
        text += fmt::format("{:>9}", tokens_text(a, i));
    text += fmt::format("{:>18}\n", kld_text(a));
  }
  if (!t.cards.empty()) text += "\nKV: the largest context with a cache of that type, in tokens.\n";
  return text;
}

/// Those of all recipes, each once, with the file types that it is said of where it is not all.
std::string notes_text(const told_recipes& t, std::size_t width) {
  std::vector<std::pair<std::string, std::vector<std::string>>> notes;
  for (const recipe_answer& a : t.all)
    for (const std::string& note : a.notes) {
      auto it =
          std::find_if(notes.begin(), notes.end(), [&](const auto& n) { return n.first == note; });
      if (it == notes.end()) it = notes.insert(notes.end(), {note, {}});
      it->second.push_back(a.base);
    }
  std::string text;
  for (const auto& [said, bases] : notes) {
    const std::string note = gguf::printable(said, 1000);
    text += (bases.size() == t.all.size() ? note
                                          : fmt::format("{}: {}", fmt::join(bases, ", "), note)) +
            "\n";
  }
  return text.empty() ? text : "\n" + with_broken_lines(text, width);
}

}  // namespace

std::string recipes_text(const told_recipes& t, std::size_t width) {
  return (t.all.size() == 1 ? one_text(t, t.all.front()) : table_text(t)) + notes_text(t, width);
}

}  // namespace vrambudget
