#include "catalogue/fine_tune.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "catalogue/names.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"

namespace vrambudget::detail {
namespace {

struct word {
  std::string folded;
  std::size_t begin, end;  ///< where it stands
};
using words = std::vector<word>;

/// Words that tell nothing of which model it is: they stand in some names and in others not.
constexpr std::array<std::string_view, 9> left_out = {"gguf", "it",     "instruct", "chat", "hf",
                                                      "meta", "nvidia", "i1",       "imat"};

/// Words of models whose shape is another one than that of the model they are named after, with blanks around each.
constexpr std::string_view of_other_shapes =
    " draft dflash dspark eagle eagle3 mtp mmproj embed embedding embeddings rerank reranker vl "
    "omni vision audio asr "
    "tts reap pruned prune moe nvfp4 xl ";

/// Formats of weights that llama.cpp does not load.
constexpr std::array<std::string_view, 16> foreign = {
    "awq",  "gptq", "exl2",  "exl3", "bnb", "4bit", "8bit", "int4",
    "int8", "fp8",  "w4a16", "w8a8", "mlx", "hqq",  "onnx", "safetensors"};

words words_of(std::string_view text) {
  words all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of("-_ :./", at), text.size());
    std::string f = folded(text.substr(at, end - at));
    if (!f.empty() && std::find(left_out.begin(), left_out.end(), f) == left_out.end())
      all.push_back({std::move(f), at, end});
    at = end + 1;
  }
  return all;
}

bool is_numeral(char c) { return c >= '0' && c <= '9'; }

/// "25b", "a3b", "270m", "8x7b": how large a model is.
bool is_size(std::string_view w) {
  return w.size() > 1 && (w.back() == 'b' || w.back() == 'm') && is_numeral(w[w.size() - 2]);
}

/// "q5", "iq4", "bf16": the beginning of a quantization.
bool is_type(std::string_view w) {
  if (w == "f16" || w == "bf16" || w == "f32" || w == "fp16" || w == "mxfp4" || w == "ud")
    return true;
  if (w.starts_with('i')) w.remove_prefix(1);
  return (w.starts_with('q') || w.starts_with("tq")) && is_numeral(w.back()) && w.size() <= 3;
}

bool is_foreign(const word& w) {
  return std::find(foreign.begin(), foreign.end(), w.folded) != foreign.end();
}

bool keeps_shape(const word& w) {
  return !is_foreign(w) && !is_size(w.folded) && !is_type(w.folded) &&
         of_other_shapes.find(" " + w.folded + " ") == of_other_shapes.npos;
}

/// A catalogued model in a name: from which word on, and how many letters it takes.
struct occurrence {
  std::string model;
  std::size_t first = 0, n = 0, n_letter = 0;
};

void look_for(std::string_view name, const std::string& model, const words& in, occurrence& most) {
  const words of = words_of(name);
  std::size_t n_letter = 0;
  for (const word& w : of) n_letter += w.folded.size();
  if (n_letter <= most.n_letter || of.size() > in.size()) return;
  const auto same = [](const word& a, const word& b) { return a.folded == b.folded; };
  const auto at = std::search(in.begin(), in.end(), of.begin(), of.end(), same);
  if (at == in.end()) return;
  most = {model, static_cast<std::size_t>(at - in.begin()), of.size(), n_letter};
}

/// How many words at the end are a file type of a model, with what it is; none: 0.
std::size_t quantization_at_end(const words& all, std::size_t from, std::string& folded_type) {
  std::vector<std::string> types;
  for (const file_type_traits& t : file_type_table) types.push_back(folded(t.name));
  for (const published_recipe& r : recipes_with_q8_0_ends) types.push_back(folded(r.name));
  for (std::size_t n = std::min<std::size_t>(4, all.size() - from); n > 0; --n) {
    std::string text;
    for (std::size_t i = all.size() - n; i < all.size(); ++i) text += all[i].folded;
    const std::string plain = text.starts_with("ud") ? text.substr(2) : text;
    const bool is_ud = plain.size() < text.size();
    if (std::find(types.begin(), types.end(), plain) == types.end() &&
        !(is_ud && n > 1 && is_type(all[all.size() - n + 1].folded)))
      continue;
    folded_type = std::move(text);
    return n;
  }
  return 0;
}

}  // namespace

std::optional<fine_tune> fine_tune_of(std::string_view typed) {
  typed = typed.substr(0, 200);
  const words all = words_of(typed);
  occurrence of;
  for (const catalogued_files& m : all_catalogued_files()) look_for(m.name, m.name, all, of);
  for (const model_alias& a : model_aliases()) look_for(a.name, a.model, all, of);
  constexpr std::size_t least_letters = 6;  // "phi4" alone says too little
  if (of.n_letter < least_letters) return std::nullopt;
  fine_tune found;
  const std::size_t n_type = quantization_at_end(all, of.first + of.n, found.quantization);
  const std::size_t n = all.size() - n_type;
  if (n <= of.n) return std::nullopt;
  for (std::size_t i = 0; i < n; ++i)
    if ((i < of.first || i >= of.first + of.n) && !keeps_shape(all[i])) return std::nullopt;
  found.alias = {std::string(typed.substr(all.front().begin, all[n - 1].end - all.front().begin)),
                 of.model, false, 0, true};
  return found;
}

std::optional<foreign_format> foreign_format_in(std::string_view typed) {
  typed = typed.substr(0, 200);
  foreign_format found;
  for (const word& w : words_of(typed)) {
    const std::string_view as_typed = typed.substr(w.begin, w.end - w.begin);
    if (is_foreign(w))
      found.format = as_typed;
    else
      found.rest.append(found.rest.empty() ? "" : "-").append(as_typed);
  }
  return found.format.empty() ? std::nullopt : std::optional(found);
}

}  // namespace vrambudget::detail
