#include "vrambudget/request/recipe_request.hpp"

#include <algorithm>
#include <utility>

#include "report/launch/arguments.hpp"
#include "vrambudget/io/whole_file.hpp"

namespace vrambudget::request {
namespace {

constexpr std::size_t most_rules = 4096, most_recipes = 64;
constexpr bytes most_file_bytes{1 << 20};

error no_file_type(std::string_view typed) {
  std::string all;
  for (const file_type_traits& t : file_type_table)
    all += (all.empty() ? "" : ", ") + std::string(t.name);
  return {errc::invalid_argument, "'" + std::string(typed.substr(0, 100)) +
                                      "' is no file type; there are " + all + ", COPY"};
}

bool is_copy(std::string_view typed) { return equal_in_any_case(typed, "COPY"); }

result<ggml_type> parse_type(std::string_view typed, const char* option) {
  const auto type = type_from_name(typed);
  if (type) return *type;
  return error{errc::invalid_argument, std::string(option) + ": '" +
                                           std::string(typed.substr(0, 100)) +
                                           "' is no type of tensors, expected one as q8_0"};
}

/// The file types of "A", or from A to B of "A..B".
result<std::vector<named_recipe>> bases_of(std::string_view typed) {
  std::vector<named_recipe> out;
  const auto add = [&](file_type f) {
    named_recipe n{std::string(name(f)), {}};
    n.r.type = f;
    out.push_back(std::move(n));
  };
  if (is_copy(typed)) {
    add(file_type::f32);
    out.back().base = "COPY";
    out.back().r.copies = true;
    return out;
  }
  const std::size_t dots = typed.find("..");
  const std::string_view from = typed.substr(0, dots);
  const auto first = parse_file_type(from);
  if (!first) return no_file_type(from);
  if (dots == typed.npos) {
    add(*first);
    return out;
  }
  const auto last = parse_file_type(typed.substr(dots + 2));
  if (!last) return no_file_type(typed.substr(dots + 2));
  if (*last < *first)
    return error{errc::invalid_argument,
                 "--base: " + std::string(name(*last)) + " comes before " +
                     std::string(name(*first)) +
                     "; the order is that of llama-quantize's kinds: Q2_K..Q6_K, IQ1_S..IQ4_XS"};
  for (auto f = static_cast<std::uint8_t>(*first); f <= static_cast<std::uint8_t>(*last); ++f)
    add(static_cast<file_type>(f));
  return out;
}

/// Words of a file of tensor types.
result<std::vector<std::string>> words_of_file(const std::string& path) {
  const auto file = read_whole_file(path, most_file_bytes);
  if (!file) return file.error();
  std::vector<std::string> words;
  const std::string_view text = *file;
  constexpr std::string_view blanks = " \t\r\n\v\f";
  for (std::size_t at = text.find_first_not_of(blanks); at != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(blanks, end);
  }
  return words;
}

/// What all file types of a request have in common.
result<recipe> options_of(const recipe_request& q) {
  recipe r;
  r.pure = q.pure;
  r.keeps_output = q.leave_output_tensor;
  r.keeps_split = q.keep_split;
  r.has_imatrix = q.imatrix.has_value();
  const auto take = [](const std::string& typed, const char* option,
                       std::optional<ggml_type>& to) -> result<void> {
    if (typed.empty()) return {};
    const auto type = parse_type(typed, option);
    if (!type) return type.error();
    to = *type;
    return {};
  };
  if (auto ok = take(q.token_embedding_type, "--token-embedding-type", r.token_embedding); !ok)
    return ok.error();
  if (auto ok = take(q.output_tensor_type, "--output-tensor-type", r.output); !ok)
    return ok.error();
  std::vector<std::string> words = q.tensor_types;
  if (!q.tensor_type_file.empty()) {
    const auto more = words_of_file(q.tensor_type_file);
    if (!more) return more.error();
    words.insert(words.end(), more->begin(), more->end());
  }
  if (words.size() > most_rules)
    return error{errc::limit, "--tensor-type: " + std::to_string(words.size()) +
                                  " of them, expected at most " + std::to_string(most_rules)};
  for (const std::string& word : words) {
    auto rule = parse_tensor_type_rule(word);
    if (!rule) return in_context("--tensor-type", rule.error());
    r.rules.push_back(std::move(*rule));
  }
  auto pruned = parse_pruned_layers(q.prune_layers);
  if (!pruned) return in_context("--prune-layers", pruned.error());
  r.pruned = std::move(*pruned);
  return r;
}

}  // namespace

result<std::vector<named_recipe>> recipes_of(const recipe_request& q) {
  const auto common = options_of(q);
  if (!common) return common.error();
  std::vector<named_recipe> out;
  std::string_view left = q.base;
  do {
    const std::size_t end = std::min(left.find(','), left.size());
    auto bases = bases_of(left.substr(0, end));
    if (!bases) return bases.error();
    for (named_recipe& b : *bases) {
      const auto is_same = [&](const named_recipe& other) { return other.base == b.base; };
      if (std::any_of(out.begin(), out.end(), is_same)) continue;
      recipe r = *common;
      r.type = b.r.type;
      r.copies = b.r.copies;
      out.push_back({std::move(b.base), std::move(r)});
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  } while (!left.empty() && out.size() < most_recipes);
  return out;
}

std::vector<std::string> quantize_words(const recipe_request& q) {
  std::vector<std::string> all;
  const auto add = [&](std::string word) { all.push_back(std::move(word)); };
  const auto option = [&](const char* name, const std::string& value) {
    if (!value.empty()) add(std::string(name) + " " + launching::quoted(value));
  };
  if (q.imatrix) option("--imatrix", q.imatrix->empty() ? "FILE" : *q.imatrix);
  if (q.pure) add("--pure");
  if (q.leave_output_tensor) add("--leave-output-tensor");
  option("--token-embedding-type", q.token_embedding_type);
  option("--output-tensor-type", q.output_tensor_type);
  for (const std::string& t : q.tensor_types) option("--tensor-type", t);
  option("--tensor-type-file", q.tensor_type_file);
  option("--prune-layers", q.prune_layers);
  if (q.keep_split) add("--keep-split");
  return all;
}

std::string quantize_options(const recipe_request& q) {
  return launching::joined(quantize_words(q), " ");
}

std::string quantize_command(const recipe_request& q, const std::string& from,
                             const std::string& to, const std::string& base) {
  const std::string options = quantize_options(q);
  return "llama-quantize " + options + (options.empty() ? "" : " ") + launching::quoted(from) +
         " " + launching::quoted(to) + " " + base;
}

}  // namespace vrambudget::request
