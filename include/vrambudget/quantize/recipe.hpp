// All that llama-quantize can be told of which type each tensor gets.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/name_pattern.hpp"
#include "vrambudget/quantize/quantization.hpp"

namespace vrambudget {

/// `--tensor-type PATTERN=TYPE`
struct tensor_type_rule {
  std::string text;  ///< the pattern as it was typed
  name_pattern pattern;
  ggml_type type = ggml_type::f32;
};

/// A file type and options.
struct recipe : quantization {
  recipe() = default;
  explicit recipe(quantization q) : quantization(q) {}

  bool copies = false;        ///< file type COPY: every tensor keeps its type
  bool pure = false;          ///< `--pure`: no rules of the file type
  bool keeps_output = false;  ///< `--leave-output-tensor`
  bool keeps_split = false;   ///< `--keep-split`: tensors are visited as the source has them
  std::vector<tensor_type_rule> rules;  ///< the first that is found in a name holds
  std::vector<std::uint32_t> pruned;    ///< `--prune-layers`, in rising order

  /// The first rule for a tensor; null: none.
  [[nodiscard]] const tensor_type_rule* rule_for(std::string_view name) const {
    const auto it = std::find_if(rules.begin(), rules.end(),
                                 [&](const tensor_type_rule& r) { return r.pattern.is_in(name); });
    return it == rules.end() ? nullptr : &*it;
  }
  [[nodiscard]] bool prunes(int il) const {
    return il >= 0 &&
           std::binary_search(pruned.begin(), pruned.end(), static_cast<std::uint32_t>(il));
  }
};

/// "attn_v=q6_k" as a rule. The pattern is compared in lower case, so that "\D" is "\d".
///
/// Errors: invalid_argument  no '=', no such type; what name_pattern::compile() gives
/// Source: llama.cpp, tools/quantize/quantize.cpp: parse_tensor_type
[[nodiscard]] inline result<tensor_type_rule> parse_tensor_type_rule(std::string_view typed) {
  const std::size_t at = typed.find('=');
  if (at == typed.npos || at == 0)
    return error{
        errc::invalid_argument,
        "'" + std::string(typed) + "' names no type, expected PATTERN=TYPE as in attn_v=q6_k"};
  const auto type = type_from_name(typed.substr(at + 1));
  if (!type)
    return error{errc::invalid_argument,
                 "'" + std::string(typed.substr(at + 1)) +
                     "' is no type of tensors, expected one as in attn_v=q6_k"};
  std::string lower(typed.substr(0, at));
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  auto pattern = name_pattern::compile(lower);
  if (!pattern) return pattern.error();
  return tensor_type_rule{std::string(typed.substr(0, at)), std::move(*pattern), *type};
}

/// "3,7,11" in rising order.
/// Errors: invalid_argument  no numbers of layers
[[nodiscard]] inline result<std::vector<std::uint32_t>> parse_pruned_layers(
    std::string_view typed) {
  std::vector<std::uint32_t> out;
  const char *at = typed.data(), *end = at + typed.size();
  while (at != end) {
    std::uint32_t il = 0;
    const auto [rest, failed] = std::from_chars(at, end, il);
    if (failed != std::errc{} || (rest != end && (*rest != ',' || rest + 1 == end)) ||
        out.size() > 65536)
      return error{errc::invalid_argument,
                   "'" + std::string(typed) + "' names no layers, expected numbers as in 3,7,11"};
    out.push_back(il);
    at = rest == end ? end : rest + 1;
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// The model without the layers that a recipe prunes, the others numbered anew; its hyperparameters stay, as
/// llama-quantize goes on with them.
///
/// Errors: invalid_argument  a layer that it does not have, or none that would be left
/// Source: llama.cpp, src/llama-quant.cpp: remap_layer
[[nodiscard]] inline result<model> without_pruned(model m, const recipe& r) {
  if (r.pruned.empty()) return m;
  if (r.pruned.back() >= m.hp.n_layer_all || r.pruned.size() >= m.hp.n_layer_all)
    return error{errc::invalid_argument,
                 "--prune-layers: there are layers 0 to " + std::to_string(m.hp.n_layer_all - 1) +
                     ", and one must be left; found " + std::to_string(r.pruned.size()) +
                     " up to " + std::to_string(r.pruned.back())};
  std::erase_if(m.tensors, [&](const model_tensor& t) { return r.prunes(layer_of(t.name).first); });
  m.n_params = 0;
  for (model_tensor& t : m.tensors) {
    m.n_params += static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
    const auto [il, rest] = layer_of(t.name);
    if (il < 0) continue;
    const auto before =
        std::lower_bound(r.pruned.begin(), r.pruned.end(), static_cast<std::uint32_t>(il));
    t.name = "blk." + std::to_string(il - (before - r.pruned.begin())) + "." + std::string(rest);
  }
  return m;
}

}  // namespace vrambudget
