// Which recipe of llama-quantize a file looks like.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/quantize.hpp"
#include "vrambudget/quantize/recipe.hpp"

namespace vrambudget {

/// A recipe that gives a model the types that it has, or as many as any does.
struct recognised_recipe {
  recipe r;
  std::vector<std::string>
      words;  ///< `--tensor-type`'s, of tensors that the file type alone would give others
  std::size_t n_differ = 0;   ///< how many tensors those are
  std::size_t n_tensors = 0;  ///< of the model
  bool is_whole = true;       ///< with them all types are those of the file
};

namespace detail {

/// Whether an option of its own gives it its type.
[[nodiscard]] inline bool is_end(std::string_view name) {
  return name == "output.weight" || name == "token_embd.weight";
}

/// Tensors whose type is not the one that is chosen, without embeddings and output.
[[nodiscard]] inline std::vector<std::size_t> differing(const model& m,
                                                        const std::vector<chosen_type>& chosen) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i].type != m.tensors[i].type && !is_end(m.tensors[i].name)) all.push_back(i);
  return all;
}

/// The options that give embeddings and output the types that they have.
inline void set_ends(const model& m, const std::vector<chosen_type>& chosen, recipe& r) {
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const model_tensor& t = m.tensors[i];
    if (chosen[i].type == t.type || !is_end(t.name)) continue;
    if (role_of(t.name) == tensor_role::token_embd)
      r.token_embedding = t.type;
    else if (is_quantized(t.type) || !is_quantized(traits(r.type).tensors))
      r.output = t.type;
    else
      r.keeps_output = true;
  }
}

/// The name as a part of a regular expression.
[[nodiscard]] inline std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!is_plain && static_cast<unsigned char>(c) < 128) out += '\\';
    out += c;
  }
  return out;
}

/// The shortest pattern that is in the names of all layers and in no other: "attn_v", "attn_v.weight".
[[nodiscard]] inline std::string pattern_for(const model& m, std::string_view rest) {
  std::string_view plain = rest;
  if (plain.ends_with(".weight")) plain.remove_suffix(7);
  for (const std::string_view part : {plain, rest}) {
    const bool is_own =
        std::none_of(m.tensors.begin(), m.tensors.end(), [&](const model_tensor& t) {
          return layer_of(t.name).second != rest && t.name.find(part) != t.name.npos &&
                 !use_of(layer_of(t.name).second).is_kept;
        });
    if (is_own) return escaped(part);
  }
  return "[0-9]." + escaped(rest);
}

inline constexpr std::size_t most_words = 512;

/// "0-2" of digits that follow each other, in brackets where they are several: "[0-246]".
[[nodiscard]] inline std::string digits_pattern(const std::set<char>& digits) {
  if (digits.size() == 1) return {*digits.begin()};
  std::string out = "[";
  for (auto it = digits.begin(); it != digits.end();) {
    const char first = *it;
    char last = first;
    while (++it != digits.end() && *it == last + 1) last = *it;
    out += first;
    if (last > first + 1) out += '-';
    if (last > first) out += last;
  }
  return out + "]";
}

/// Numbers of layers as a regular expression: "[0-9]|[12][0-9]|3[0-2]".
[[nodiscard]] inline std::string layers_pattern(const std::vector<int>& layers) {
  std::map<std::string, std::set<char>> last_digits;  // by those before
  for (const int il : layers)
    last_digits[il < 10 ? std::string() : std::to_string(il / 10)].insert(
        static_cast<char>('0' + il % 10));
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : "|") + part; };
  std::map<std::string, std::set<char>> tens;  // by their last digits
  for (const auto& [before, digits] : last_digits)
    if (before.size() == 1)
      tens[digits_pattern(digits)].insert(before.front());
    else
      add(before + digits_pattern(digits));
  for (const auto& [digits, before] : tens) add(digits_pattern(before) + digits);
  return out;
}

/// "blk.(3|7).attn_v.weight=q8_0", or "attn_v=q8_0" where all of that name have the type; none where they would be too
/// many to be a recipe.
[[nodiscard]] inline std::vector<std::string> words_for(const model& m,
                                                        const std::vector<std::size_t>& which) {
  std::map<std::pair<std::string_view, ggml_type>, std::vector<int>> groups;
  std::map<std::string_view, std::size_t> n_of_name;
  for (const model_tensor& t : m.tensors) ++n_of_name[layer_of(t.name).second];
  for (const std::size_t i : which) {
    const auto [il, rest] = layer_of(m.tensors[i].name);
    groups[{rest, m.tensors[i].type}].push_back(il);
  }
  std::vector<std::string> words;
  if (groups.size() > most_words) return words;
  for (auto& [key, layers] : groups) {
    const auto& [rest, type] = key;
    std::sort(layers.begin(), layers.end());
    std::string word;
    if (layers.front() < 0) {
      word = "^" + escaped(rest);
    } else if (layers.size() == n_of_name[rest]) {
      word = pattern_for(m, rest);
    } else {
      word = "blk.(" + layers_pattern(layers) + ")." + escaped(rest);
    }
    words.push_back(word + "=" + std::string(traits(type).name));
  }
  return words;
}

/// Rules move what the file type gives the tensors behind theirs, so that they are added in rounds: for types that it
/// gives no tensor of that name, for all others that differ, and in the end for all tensors of such names.
inline constexpr int n_rounds = 5;

inline void add_of_round(const model& m, const std::vector<chosen_type>& chosen,
                         const std::vector<std::size_t>& left, int round,
                         std::vector<std::size_t>& which) {
  std::map<std::string_view, std::set<ggml_type>> usual, own;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const std::string_view rest = layer_of(m.tensors[i].name).second;
    usual[rest].insert(chosen[i].type);
    own[rest].insert(m.tensors[i].type);
  }
  const std::set<std::size_t> known(which.begin(), which.end());
  const std::size_t before = which.size();
  if (round == 0)
    for (const std::size_t i : left) {
      const std::string_view rest = layer_of(m.tensors[i].name).second;
      if (own[rest].size() == 1 || !usual[rest].count(m.tensors[i].type)) which.push_back(i);
    }
  if (round > 0 || which.size() == before) {
    std::set<std::string_view> names;
    for (const std::size_t i : left) names.insert(layer_of(m.tensors[i].name).second);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const bool is_left = std::binary_search(left.begin(), left.end(), i);
      if (known.count(i) || !names.count(layer_of(m.tensors[i].name).second)) continue;
      if (is_left || round > 1) which.push_back(i);
    }
  }
  // where all tensors of a name have one type, a single rule names them all
  std::set<std::string_view> named;
  for (const std::size_t i : which) named.insert(layer_of(m.tensors[i].name).second);
  const std::set<std::size_t> now(which.begin(), which.end());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const std::string_view rest = layer_of(m.tensors[i].name).second;
    if (own[rest].size() == 1 && named.count(rest) && !now.count(i)) which.push_back(i);
  }
}

}  // namespace detail

/// The recipe that a model's file looks like, whatever made it. Tensors that llama-quantize keeps say nothing.
///
/// Formula:  of all file types, with and without an importance matrix and `--pure`, the one with the fewest tensors of
///           another type, embeddings and output not counted; the first of equals. Rules for these come on top
/// Errors:   not_found  no file type can be made of the model
[[nodiscard]] inline result<recognised_recipe> recognise_recipe(const model& m) {
  std::optional<recognised_recipe> best;
  for (const file_type_traits& f : file_type_table)
    for (const bool is_pure : {false, true})
      for (const bool has_imatrix : {false, true}) {
        if (is_pure && has_imatrix) continue;
        recognised_recipe c;
        c.n_tensors = m.tensors.size();
        c.r.type = f.id;
        c.r.pure = is_pure;
        c.r.has_imatrix = has_imatrix;
        const auto chosen = chosen_types(m, c.r);
        if (!chosen) continue;
        c.n_differ = detail::differing(m, *chosen).size();
        if (best && c.n_differ >= best->n_differ) continue;
        detail::set_ends(m, *chosen, c.r);
        best = std::move(c);
      }
  if (!best) return error{errc::not_found, "no file type can be made of these tensors"};
  std::vector<std::size_t> which;
  for (int round = 0; round <= detail::n_rounds; ++round) {
    const auto chosen = chosen_types(m, best->r);
    if (!chosen) return chosen.error();
    const std::vector<std::size_t> left = detail::differing(m, *chosen);
    best->is_whole = left.empty();
    if (left.empty() || round == detail::n_rounds || !is_quantized(traits(best->r.type).tensors))
      break;
    detail::add_of_round(m, *chosen, left, round, which);
    best->words = detail::words_for(m, which);
    best->r.rules.clear();
    if (best->words.empty()) break;
    for (const std::string& word : best->words) {
      auto rule = parse_tensor_type_rule(word);
      if (!rule) {  // a name that no pattern can have
        best->is_whole = false;
        return std::move(*best);
      }
      best->r.rules.push_back(std::move(*rule));
    }
  }
  return std::move(*best);
}

}  // namespace vrambudget
