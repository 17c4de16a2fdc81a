#include "vrambudget/catalogue/asked_tensors.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "catalogue/embedded.hpp"

namespace vrambudget {
namespace {

struct asked_name {
  bool has_scales = false;   ///< W.scale and W.input_scale may lie beside it: "*" in the table
  bool is_required = false;  ///< "!"
};
/// Names of one architecture with "%d" for a number.
using asked_names = std::unordered_map<std::string, asked_name>;

/// Nothing: the architecture is not in the table.
std::optional<asked_names> names_of(std::string_view architecture) {
  boost::json::monotonic_resource memory;  // freed at once
  const boost::json::value all =
      boost::json::parse(detail::asked_tensors_json().front().text, &memory);
  const boost::json::value* of = all.as_object().if_contains(architecture);
  if (!of) return std::nullopt;
  asked_names names;
  for (const boost::json::value& v : of->as_array()) {
    std::string_view name = v.as_string();
    const auto has_mark = [&](char mark) {
      const bool has = name.ends_with(mark);
      if (has) name.remove_suffix(1);
      return has;
    };
    const bool is_required = has_mark('!'), has_scales = has_mark('*');
    names.emplace(name, asked_name{has_scales, is_required});
  }
  return names;
}

/// A name with "%d" for its first number, and that number.
struct numbered {
  std::string pattern;
  std::optional<std::uint64_t> number;
};
numbered numbered_of(std::string_view name) {
  for (std::size_t at = 0; (at = name.find('.', at)) != name.npos;) {
    const std::size_t end = name.find('.', ++at);
    if (end == name.npos) break;
    std::uint64_t n = 0;
    const auto [stop, error] = std::from_chars(name.data() + at, name.data() + end, n);
    if (error == std::errc() && stop == name.data() + end)
      return {std::string(name.substr(0, at)) + "%d" + std::string(name.substr(end)), n};
  }
  return {std::string(name), std::nullopt};
}

/// The weight that a scale belongs to; nothing: it is none.
std::optional<std::string> scaled_weight(std::string_view name) {
  for (const std::string_view end : {".input_scale", ".scale"})
    if (name.ends_with(end))
      return std::string(name.substr(0, name.size() - end.size())) + ".weight";
  return std::nullopt;
}

/// Matrices that are not asked for where one has them all: the first makes the second one too many.
constexpr std::pair<std::string_view, std::string_view> fused[] = {
    {"attn_qkv.weight", "attn_q.weight"},
    {"attn_qkv.weight", "attn_k.weight"},
    {"attn_qkv.weight", "attn_v.weight"},
    {"ffn_gate_up_exps.weight", "ffn_gate_exps.weight"},
    {"ffn_gate_up_exps.weight", "ffn_up_exps.weight"}};

class tensor_check {
 public:
  tensor_check(const model& m, const asked_names& asked) : m_(m), asked_(asked) {
    for (const model_tensor& t : m.tensors) there_.insert(t.name);
  }

  [[nodiscard]] result<void> run() const {
    for (const auto& [name, asked] : asked_)
      if (asked.is_required && !there_.count(name))
        return error{errc::bad_format,
                     "the engine refuses this file: tensor '" + name + "' is missing"};
    for (const model_tensor& t : m_.tensors) {
      const numbered n = numbered_of(t.name);
      if (n.pattern.starts_with("blk.%d.") && *n.number >= m_.hp.n_layer_all)
        return refused(t, "is of layer " + std::to_string(*n.number) + ", and the file says " +
                              std::to_string(m_.hp.n_layer_all) + " layers");
      if (const auto weight = scaled_weight(t.name); weight && there_.count(*weight))
        if (const std::int64_t most = scales_of(*weight); elements_of(t) != most)
          return refused(t, "has " + std::to_string(elements_of(t)) + " elements, expected " +
                                std::to_string(most));
      if (!is_asked(t.name, n.pattern))
        return refused(t, "is none that architecture '" + m_.architecture + "' has");
      if (const std::string_view whole = fused_with(t.name); !whole.empty())
        return refused(t, "is there beside '" + std::string(whole) + "', which has it");
    }
    return {};
  }

 private:
  [[nodiscard]] static std::int64_t elements_of(const model_tensor& t) {
    return t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3];
  }
  /// One for the whole matrix, or for each expert of several.
  [[nodiscard]] std::int64_t scales_of(const std::string& weight) const {
    return weight.find("_exps.") == weight.npos ? 1 : std::int64_t{m_.hp.moe.n_expert};
  }
  [[nodiscard]] static error refused(const model_tensor& t, const std::string& why) {
    return {errc::bad_format, "the engine refuses this file: tensor '" + t.name + "' " + why};
  }

  [[nodiscard]] bool is_asked(const std::string& name, const std::string& pattern) const {
    if (asked_.count(pattern)) return true;
    const auto weight = scaled_weight(name), asked = scaled_weight(pattern);
    if (!weight || !there_.count(*weight)) return false;
    if (*weight == "output.weight")
      return asked_.count(*asked) && m_.find(*weight)->type == ggml_type::nvfp4;
    const auto of = asked_.find(*asked);
    return of != asked_.end() && of->second.has_scales;
  }

  /// The matrix that makes this one too many; empty: there is none.
  [[nodiscard]] std::string_view fused_with(const std::string& name) const {
    const auto [il, rest] = layer_of(name);
    if (il < 0) return {};
    for (const auto& [whole, part] : fused)
      if (rest == part)
        if (const auto it = there_.find("blk." + std::to_string(il) + "." + std::string(whole));
            it != there_.end())
          return *it;
    return {};
  }

  const model& m_;
  const asked_names& asked_;
  std::unordered_set<std::string> there_;
};

}  // namespace

result<void> check_asked_tensors(const model& m) {
  const std::optional<asked_names> asked = names_of(m.architecture);
  return asked ? tensor_check(m, *asked).run() : result<void>{};
}

}  // namespace vrambudget
