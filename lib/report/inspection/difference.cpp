// Two models tensor by tensor.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <string>
#include <unordered_map>

#include "io/json_text.hpp"
#include "report/inspection/inside.hpp"
#include "report/inspection/tensor_groups.hpp"
#include "report/lines.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/report/inspection.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;
using namespace inspection;

/// "attn_v" of all layers; what is no weight keeps its end, "ssm_dt.bias".
std::string in_layers(std::string_view name) {
  std::string_view rest = layer_of(name).second;
  if (rest.ends_with(".weight")) rest.remove_suffix(7);
  return gguf::printable(rest, 28);
}

/// A tensor that both have with other types or shapes.
struct changed {
  const model_tensor *a, *b;
};

struct difference {
  std::vector<const model_tensor*> only_a, only_b;
  std::vector<changed> types, shapes;  ///< of one shape, and of others
  std::size_t n_same = 0;
};

difference between(const model& a, const model& b) {
  std::unordered_map<std::string_view, const model_tensor*> of_b;
  for (const model_tensor& t : b.tensors) of_b.emplace(t.name, &t);
  difference d;
  for (const model_tensor& t : a.tensors) {
    const auto it = of_b.find(t.name);
    if (it == of_b.end()) {
      d.only_a.push_back(&t);
      continue;
    }
    if (t.ne != it->second->ne)
      d.shapes.push_back({&t, it->second});
    else if (t.type != it->second->type)
      d.types.push_back({&t, it->second});
    else
      ++d.n_same;
    of_b.erase(it);
  }
  for (const model_tensor& t : b.tensors)
    if (of_b.count(t.name)) d.only_b.push_back(&t);
  return d;
}

std::string shape_text(const model_tensor& t) {
  std::size_t n = t.ne.size();
  while (n > 1 && t.ne[n - 1] == 1) --n;
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += fmt::format("{}{}", i ? " x " : "", t.ne[i]);
  return text;
}

/// Tensors that only one has, by name in all layers, with its purposes' sums in front.
std::string only_text(const model& m, const std::vector<const model_tensor*>& only,
                      const std::string& of) {
  if (only.empty()) return {};
  std::map<std::string, std::size_t> names;
  std::map<tensor_purpose, std::size_t> uses;
  for (const model_tensor* t : only) {
    ++names[in_layers(t->name)];
    ++uses[purpose_of(m, *t)];
  }
  std::string sum;
  for (const auto& [use, n] : uses)
    sum += fmt::format("{}{} {}", sum.empty() ? "" : ", ", n, name(use));
  std::string text = fmt::format("\nonly in {}: {} tensors\n", of, grouped(only.size()));
  for (const std::string& line : broken(sum, 76)) text += "  " + line + "\n";
  constexpr std::size_t most = 40;
  std::size_t i = 0;
  for (const auto& [name, n] : names) {
    if (++i > most) break;
    text += fmt::format("    {:>5}  {}\n", n, name);
  }
  if (names.size() > most) text += fmt::format("    and {} more names\n", names.size() - most);
  return text;
}

/// Changes by name in all layers and by what they are.
template <class What>
std::string changes_text(const std::vector<changed>& all, const char* title, What what) {
  if (all.empty()) return {};
  std::map<std::pair<std::string, std::string>, std::pair<std::size_t, std::int64_t>> groups;
  for (const changed& c : all) {
    auto& [n, more] = groups[{in_layers(c.a->name), what(c)}];
    ++n;
    more += static_cast<std::int64_t>(c.b->size.count) - static_cast<std::int64_t>(c.a->size.count);
  }
  std::string text =
      fmt::format("\n{}: {} tensors{:>{}}\n", title, grouped(all.size()), "MiB more",
                  80 - 10 - std::string_view(title).size() - grouped(all.size()).size());
  constexpr std::size_t most = 60;
  std::size_t i = 0;
  for (const auto& [key, of] : groups) {
    if (++i > most) break;
    text += fmt::format("  {:>5}  {:<29}{:<32}{:>10.1f}\n", of.first, key.first, key.second,
                        static_cast<double>(of.second) / (1 << 20));
  }
  if (groups.size() > most) text += fmt::format("  and {} more\n", groups.size() - most);
  return text;
}

std::string fewer_text(std::size_t a, std::size_t b) {
  return a == b ? "as many"
                : fmt::format("{} {}", grouped(a > b ? a - b : b - a), b < a ? "fewer" : "more");
}

json::array names_json(const std::vector<const model_tensor*>& all) {
  json::array names;
  for (const model_tensor* t : all) names.push_back(json::string(t->name));
  return names;
}

json::object side_json(const model& m) {
  json::object by_use;
  for (const auto& [use, of] : groups_of(m).by_use) by_use[name(use)] = of.all.n;
  return {{"name", m.name},
          {"tensor_count", m.tensors.size()},
          {"tensor_bytes", m.tensor_bytes().count},
          {"bits_per_weight", m.bits_per_weight()},
          {"tensors_by_use", std::move(by_use)}};
}

}  // namespace

bool have_same_tensors(const model& a, const model& b) {
  const difference d = between(a, b);
  return d.only_a.empty() && d.only_b.empty() && d.types.empty() && d.shapes.empty();
}

std::string difference_text(const model& a, const model& b) {
  const difference d = between(a, b);
  std::string text =
      fmt::format("A  {}\nB  {}\n\n{:<24}{:>14}{:>14}\n", a.name, b.name, "", "A", "B");
  const auto row = [&](std::string_view what, const std::string& of_a, const std::string& of_b,
                       const std::string& says = {}) {
    text +=
        fmt::format("{:<24}{:>14}{:>14}{}{}\n", what, of_a, of_b, says.empty() ? "" : "  ", says);
  };
  row("size", in_gib(a.tensor_bytes()), in_gib(b.tensor_bytes()));
  row("bits a weight", fmt::format("{:.2f}", a.bits_per_weight()),
      fmt::format("{:.2f}", b.bits_per_weight()));
  row("layers", fmt::format("{}", a.hp.n_layer_all), fmt::format("{}", b.hp.n_layer_all));
  row("tensors", grouped(a.tensors.size()), grouped(b.tensors.size()),
      fewer_text(a.tensors.size(), b.tensors.size()));
  const tensor_groups ga = groups_of(a), gb = groups_of(b);
  for (std::size_t i = 0; i < n_tensor_purpose; ++i) {
    const auto use = static_cast<tensor_purpose>(i);
    const auto count = [&](const tensor_groups& g) {
      const auto it = g.by_use.find(use);
      return it == g.by_use.end() ? std::size_t{0} : it->second.all.n;
    };
    const std::size_t na = count(ga), nb = count(gb);
    if (na + nb > 0)
      row(fmt::format("  {}", name(use)), grouped(na), grouped(nb),
          na == nb ? "" : fewer_text(na, nb));
  }
  text += fmt::format("{:<24}{:>14}\n", "the same in both", grouped(d.n_same));
  text += only_text(a, d.only_a, "A") + only_text(b, d.only_b, "B");
  text += changes_text(d.types, "other types", [](const changed& c) {
    return fmt::format("{} -> {}", traits(c.a->type).name, traits(c.b->type).name);
  });
  text += changes_text(d.shapes, "other shapes", [](const changed& c) {
    return fmt::format("{} -> {}", shape_text(*c.a), shape_text(*c.b));
  });
  return text;
}

std::string difference_json(const model& a, const model& b) {
  const difference d = between(a, b);
  json::array types, shapes;
  for (const changed& c : d.types)
    types.push_back(json::array{c.a->name, traits(c.a->type).name, traits(c.b->type).name});
  for (const changed& c : d.shapes)
    shapes.push_back(json::array{c.a->name, shape_text(*c.a), shape_text(*c.b)});
  return json_text(json::object{{"schema", json_schema},
                                      {"vrambudget", version},
                                      {"a", side_json(a)},
                                      {"b", side_json(b)},
                                      {"same", d.n_same},
                                      {"only_a", names_json(d.only_a)},
                                      {"only_b", names_json(d.only_b)},
                                      {"types", std::move(types)},
                                      {"shapes", std::move(shapes)}}) +
         "\n";
}

}  // namespace vrambudget
