#include "vrambudget/catalogue/asked_tensors.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "catalogue/asked_layer.hpp"
#include "catalogue/asked_shape.hpp"
#include "catalogue/embedded.hpp"
#include "catalogue/next_part.hpp"
#include "vrambudget/model/encoder_tensor.hpp"
#include "vrambudget/model/tensor_purpose.hpp"

namespace vrambudget {
namespace {

/// One name of a row: "NAME*=1!words", or "~" for "=1".
struct asked_name {
  bool has_scales = false;     ///< "*": W.scale and W.input_scale may lie beside it
  bool is_required = false;    ///< "!"
  std::string_view where;      ///< the words: in which layers
  std::string_view shape;      ///< as "shapes" has it; empty: not there, or "~"
  std::vector<bool> is_there;  ///< in a file, by layer of its stack; of no layer: the first
};

/// What one architecture asks for. Names of layers "blk.N" begin with a point, other numbers are "%d".
struct asked_tensors {
  boost::json::monotonic_resource memory;  // freed at once
  boost::json::value table;
  std::unordered_map<std::string_view, asked_name> names;
};

/// The first of the shapes that tensors of a name have in the table, or as it says: "=1" the second, "~" none.
std::string_view shape_of(const boost::json::object& shapes, std::string_view name,
                          std::string_view mark) {
  const boost::json::value* all = shapes.if_contains(name);
  if (!all || mark == "~") return {};
  if (all->is_string()) return all->get_string();
  const std::size_t at = mark.empty() ? 0 : std::string_view("0123456789abc").find(mark[1]);
  return all->as_array().at(at).as_string();
}

/// False: the architecture is not in the table.
bool read(asked_tensors& to, std::string_view architecture) {
  to.table = boost::json::parse(detail::asked_tensors_json().front().text, &to.memory);
  const boost::json::object& shapes = to.table.at("shapes").as_object();
  const boost::json::value* row =
      to.table.at("architectures").as_object().if_contains(architecture);
  if (!row) return false;
  std::string_view text = row->as_string();
  while (!text.empty()) {
    const std::string_view entry = next_part(text, ' ');
    const std::size_t end = std::min(entry.find_first_of("*~=!"), entry.size());
    const std::string_view name = entry.substr(0, end);
    std::string_view marks = entry.substr(end);
    const std::size_t required = std::min(marks.find('!'), marks.size());
    asked_name a;
    a.is_required = required < marks.size();
    if (a.is_required) a.where = marks.substr(required + 1);
    marks = marks.substr(0, required);
    a.has_scales = marks.starts_with('*');
    if (a.has_scales) marks.remove_prefix(1);
    a.shape = shape_of(shapes, name, marks);
    to.names.emplace(name, std::move(a));
  }
  return true;
}

/// A tensor's name as the table has it, and the number that stands in it.
struct numbered_name {
  std::string_view name;
  std::optional<std::uint64_t> number;
};

/// `room` keeps a name that is none of `full`.
numbered_name numbered_of(std::string_view full, std::string& room) {
  if (const auto [il, rest] = layer_of(full); il >= 0)
    return {full.substr(full.size() - rest.size() - 1), static_cast<std::uint64_t>(il)};
  for (std::size_t at = 0; (at = full.find('.', at)) != full.npos;) {
    const std::size_t end = full.find('.', ++at);
    if (end == full.npos) break;
    std::uint64_t n = 0;
    const auto [stop, error] = std::from_chars(full.data() + at, full.data() + end, n);
    if (error == std::errc() && stop == full.data() + end) {
      room = std::string(full.substr(0, at)) + "%d" + std::string(full.substr(end));
      return {room, n};
    }
  }
  return {full, std::nullopt};
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
    {".attn_qkv.weight", ".attn_q.weight"},
    {".attn_qkv.weight", ".attn_k.weight"},
    {".attn_qkv.weight", ".attn_v.weight"},
    {".ffn_gate_up_exps.weight", ".ffn_gate_exps.weight"},
    {".ffn_gate_up_exps.weight", ".ffn_up_exps.weight"}};

error refused(std::string_view name, const std::string& why) {
  return {errc::bad_format,
          "the engine refuses this file: tensor '" + std::string(name) + "' " + why};
}

std::int64_t elements_of(const model_tensor& t) { return t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]; }

class tensor_check {
 public:
  tensor_check(const model& m, asked_tensors& asked) : m_(m), asked_(asked.names) {
    for (const model_tensor& t : m.tensors) there_.insert(t.name);
  }

  [[nodiscard]] result<void> run() {
    for (const model_tensor& t : m_.tensors)
      if (auto ok = check(t); !ok) return ok;
    for (const auto& [name, asked] : asked_)
      if (auto ok = asked.is_required ? check_required(name, asked) : result<void>{}; !ok)
        return ok;
    return {};
  }

 private:
  /// That it is asked for, and of the shape that is asked for. Notes that it is there.
  [[nodiscard]] result<void> check(const model_tensor& t) {
    std::string room;
    const numbered_name n = numbered_of(t.name, room);
    const bool is_layers = n.name.starts_with('.');
    if (is_layers && *n.number >= m_.hp.n_layer_all)
      return refused(t.name, "is of layer " + std::to_string(*n.number) + ", and the file says " +
                                 std::to_string(m_.hp.n_layer_all) + " layers");
    if (const auto most = layers_of_stack(n.name).value_or(0); most > 0 && *n.number >= most)
      return refused(t.name, "is of layer " + std::to_string(*n.number) + ", and the file says " +
                                 std::to_string(most) + " layers of these");
    const auto it = asked_.find(n.name);
    const auto weight = it == asked_.end() ? scaled_weight(t.name) : std::nullopt;
    if (weight && there_.count(*weight))
      if (const std::int64_t most = scales_of(*weight); elements_of(t) != most)
        return refused(t.name, "has " + std::to_string(elements_of(t)) + " elements, expected " +
                                   std::to_string(most));
    const bool is_elsewhere = n.name.starts_with(".nextn.") && *n.number < m_.hp.n_layer();
    if (is_elsewhere || (it == asked_.end() && !is_scale(t.name, n.name)))
      return refused(t.name, "is none that architecture '" + m_.architecture + "' has");
    if (is_layers)
      for (const auto& [whole, part] : fused)
        if (n.name == part && has(whole, *n.number))
          return refused(t.name,
                         "is there beside '" + layers_name(whole, *n.number) + "', which has it");
    if (it == asked_.end()) return {};
    const std::uint64_t il = is_layers ? *n.number : 0;
    it->second.is_there.resize(m_.hp.n_layer_all);
    if (const std::uint64_t at = n.number.value_or(0); at < it->second.is_there.size())
      it->second.is_there[at] = true;
    return check_shape(t, it->second.shape, static_cast<std::uint32_t>(il));
  }

  [[nodiscard]] result<void> check_shape(const model_tensor& t, std::string_view shape,
                                         std::uint32_t il) const {
    const auto fits = [&](const asked_ne& asked) { return asked.fits(t.ne); };
    const auto expected = asked_shapes(shape, m_.hp, il, il);
    if (expected.empty() || std::any_of(expected.begin(), expected.end(), fits)) return {};
    // some architectures take the widths of the first layer for all
    const auto by_first = asked_shapes(shape, m_.hp, il, 0);
    if (std::any_of(by_first.begin(), by_first.end(), fits)) return {};
    return refused(t.name, "is of shape " + text_of(t.ne) + ", expected " +
                               text_of(expected.front()));
  }

  [[nodiscard]] result<void> check_required(std::string_view name, const asked_name& asked) const {
    const auto is_missing = [&](std::uint32_t il) {
      return (il >= asked.is_there.size() || !asked.is_there[il]) && is_needed(il, asked.where);
    };
    if (const auto layers = layers_of_stack(name)) {
      for (std::uint32_t il = 0; il < *layers; ++il)
        if (is_missing(il)) return refused(stacked(name, il), "is missing");
      return {};
    }
    if (!name.starts_with('.')) {
      if (drafts_alone() || !is_missing(0)) return {};
      return refused(name, "is missing");
    }
    for (std::uint32_t il = drafts_alone() ? m_.hp.n_layer() : 0; il < m_.hp.n_layer_all; ++il)
      if (is_missing(il) && !is_fused(name, il))
        return refused(layers_name(name, il), "is missing");
    return {};
  }

  /// Whether all words between two bars hold. Those that begin with a point are tensors of the same layer.
  [[nodiscard]] bool is_needed(std::uint32_t il, std::string_view where) const {
    if (where.empty()) return is_asked_in(il, m_.hp, where);
    while (!where.empty()) {
      std::string_view all = next_part(where, '|');
      std::string words;
      bool holds = true;
      while (!all.empty()) {
        std::string_view word = next_part(all, ',');
        const bool wanted = !word.starts_with("-.");
        if (!wanted) word.remove_prefix(1);
        if (word.starts_with('.'))
          holds = holds && has(word, il) == wanted;
        else
          words += words.empty() ? std::string(word) : "," + std::string(word);
      }
      if (holds && is_asked_in(il, m_.hp, words)) return true;
    }
    return false;
  }

  /// How many layers a stack of its own has, T5's encoder or decoder or a vocoder's two; nothing: the name is of none.
  [[nodiscard]] std::optional<std::uint32_t> layers_of_stack(std::string_view name) const {
    if (name.starts_with("posnet.%d.")) return m_.hp.vocoder.n_layer_posnet;
    if (name.starts_with("convnext.%d.")) return m_.hp.vocoder.n_layer_convnext;
    if (name.starts_with("enc.blk.%d.")) return m_.hp.n_layer_all;
    if (name.starts_with("dec.blk.%d.")) return m_.hp.dec_n_layer;
    return std::nullopt;
  }
  [[nodiscard]] static std::string stacked(std::string_view name, std::uint32_t il) {
    const std::size_t at = name.find("%d");
    return std::string(name.substr(0, at)) + std::to_string(il) + std::string(name.substr(at + 2));
  }

  /// A file of NextN layers without the layers they draft for.
  [[nodiscard]] bool drafts_alone() const {
    return m_.hp.n_layer_nextn > 0 && !there_.count("blk.0.attn_norm.weight");
  }
  [[nodiscard]] static std::string layers_name(std::string_view name, std::uint64_t il) {
    return "blk." + std::to_string(il) + std::string(name);
  }
  [[nodiscard]] bool has(std::string_view name, std::uint64_t il) const {
    return there_.count(layers_name(name, il)) > 0;
  }
  [[nodiscard]] bool is_fused(std::string_view name, std::uint32_t il) const {
    for (const auto& [whole, part] : fused)
      if (name == part && has(whole, il)) return true;
    return false;
  }
  /// One for the whole matrix, or for each expert of several.
  [[nodiscard]] std::int64_t scales_of(const std::string& weight) const {
    return stacks_experts(weight) ? std::int64_t{m_.hp.moe.n_expert} : 1;
  }

  /// Whether it is a scale of a weight that is there and may have one.
  [[nodiscard]] bool is_scale(const std::string& full, std::string_view name) const {
    const auto weight = scaled_weight(full), asked = scaled_weight(name);
    if (!weight || !there_.count(*weight)) return false;
    const auto of = asked_.find(*asked);
    if (of == asked_.end()) return false;
    return *weight == "output.weight" ? m_.find(*weight)->type == ggml_type::nvfp4
                                      : of->second.has_scales;
  }

  const model& m_;
  std::unordered_map<std::string_view, asked_name>& asked_;
  std::unordered_set<std::string_view> there_;
};

}  // namespace

result<void> check_asked_tensors(const model& m) {
  const auto is_encoders = [](const model_tensor& t) { return is_encoder_tensor(t.name); };
  if (const auto n = std::count_if(m.tensors.begin(), m.tensors.end(), is_encoders))
    return error{errc::bad_format, "the engine refuses this file: it has " + std::to_string(n) +
                                       " tensors of a projector inside, which lie in a file of "
                                       "their own; Ollama's engine loads it, as ollama:NAME"};
  if (!m.hp.lacks.empty())
    return error{errc::not_found, "the engine refuses this file: key '" + m.hp.lacks +
                                      "' is missing: the architecture needs it"};
  asked_tensors asked;
  return read(asked, m.architecture) ? tensor_check(m, asked).run() : result<void>{};
}

}  // namespace vrambudget
