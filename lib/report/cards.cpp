// Cards that hold a run as text and as JSON.
#include "vrambudget/report/cards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "vrambudget/engine/profile.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

using known_cards = std::vector<known_card>;

/// "RTX 3090", without the words that most names have.
std::string name_of_plan(const known_cards& known, const card_plan& p) {
  std::string name = known[p.card].alone.full_name();
  for (const std::string_view word : {"NVIDIA ", "GeForce ", " Generation", " Edition"})
    if (const auto at = name.find(word); at != name.npos) name.erase(at, word.size());
  const auto of_name = [&](const known_card& k) {
    return k.alone.full_name() == known[p.card].alone.full_name();
  };
  if (std::count_if(known.begin(), known.end(), of_name) > 1) name = known[p.card].id;
  return p.count > 1 ? fmt::format("{} x {}", p.count, name) : name;
}

std::string sold_size(bytes b) { return fmt::format("{:g} GiB", gib_of(b)); }

std::size_t n_running(const found_cards& found, std::size_t count) {
  return static_cast<std::size_t>(
      std::count_if(found.all.begin(), found.all.end(),
                    [&](const card_plan& p) { return p.runs && p.count == count; }));
}

std::string heading(const cards_question& q, const known_cards& known, const found_cards& found) {
  std::string text =
      fmt::format("{}\n{} ({}), {}\n{} tokens", full_name(q.r.profile), q.of->name,
                  q.of->architecture, in_gib(q.of->tensor_bytes()), grouped(q.r.n_ctx));
  if (q.r.type_k != ggml_type::f16 || q.r.type_v != ggml_type::f16) {
    text += fmt::format(", KV {}", traits(q.r.type_k).name);
    if (q.r.type_v != q.r.type_k) text += fmt::format("/{}", traits(q.r.type_v).name);
  }
  const std::size_t n = n_running(found, 1), n_pairs = n_running(found, 2);
  text += n > 0 ? fmt::format("\nheld by {} of {} known cards", n, known.size())
                : fmt::format("\nheld by none of {} known cards", known.size());
  if (n_pairs > 0) text += fmt::format(", by {} {}in pairs", n_pairs, n > 0 ? "others " : "");
  return text + "\n";
}

std::string nearest_text(const known_cards& known, const nearest_card& next) {
  const std::string text =
      fmt::format("nearest of the others: {} ({})\n  lacks {}\n  ", name_of_plan(known, next.planned),
                  sold_size(known[next.planned.card].memory), in_mib(next.planned.missing));
  return text + (next.change ? fmt::format("would hold it with {}\n    {}\n",
                                           flags_of(*next.change), sentence(*next.change))
                             : "no change of the run makes it fit\n");
}

constexpr std::size_t numbers = 40;  // columns of a row behind the card's name

std::string line(const known_cards& known, const card_plan& p, std::size_t names) {
  return fmt::format("{:<{}.{}}{:>8}{:>10.2f}{:>11}{:>11}\n", name_of_plan(known, p), names, names,
                     sold_size(known[p.card].memory), gib_of(p.used),
                     p.is_tight() ? "tight" : fmt::format("{:.2f}", gib_of(p.spare)),
                     grouped(p.max_ctx));
}

std::string table(const known_cards& known, const found_cards& found, std::size_t count,
                  std::size_t names) {
  if (n_running(found, count) == 0) return {};
  std::string text =
      fmt::format("\n{:<{}}{:>8}{:>10}{:>11}{:>11}\n", count > 1 ? "in pairs" : "card", names,
                  count > 1 ? "of each" : "memory", "used GiB", "spare GiB", "context");
  for (const card_plan& p : found.all)
    if (p.runs && p.count == count) text += line(known, p, names);
  return text;
}

json::object json_of(const known_cards& known, const card_plan& p) {
  const known_card& k = known[p.card];
  json::object o{{"id", k.id},
                 {"name", k.alone.full_name()},
                 {"count", p.count},
                 {"memory_bytes", k.memory.count},
                 {"fits", p.runs}};
  if (!p.refused.empty()) {
    o["refusal"] = p.refused;
    return o;
  }
  o["verdict"] = p.is_tight() ? "tight" : p.runs ? "fits" : "does_not_fit";
  o["used_bytes"] = p.used.count;
  o["used_basis"] = name(p.basis);
  o["spare_bytes"] = p.spare.count;
  if (p.missing.count > 0) o["missing_bytes"] = p.missing.count;
  o["host_bytes"] = p.host.count;
  if (p.runs)
    o["max_context"] =
        json::object{{"n_ctx", p.max_ctx}, {"bound_by", p.by_training ? "n_ctx_train" : "memory"}};
  return o;
}

}  // namespace

std::string cards_text(const cards_question& q, const known_cards& known, const found_cards& found,
                       std::size_t width) {
  const std::size_t names = std::clamp<std::size_t>(width - numbers, 16, 40);
  std::string text = heading(q, known, found);
  if (found.next) text += nearest_text(known, *found.next);
  text += table(known, found, 1, names) + table(known, found, 2, names);
  if (!found.any()) return text;
  text +=
      "\nused, spare: at the high end of what is measured, spare on a pair's fuller card;\n"
      "context: the largest\n";
  if (std::any_of(found.all.begin(), found.all.end(),
                  [](const card_plan& p) { return p.is_tight(); }))
    text += "tight: fits as expected, but not at that end\n";
  return text;
}

std::string cards_json(const cards_question& q, const known_cards& known,
                       const found_cards& found) {
  json::array all;
  for (const card_plan& p : found.all) all.push_back(json_of(known, p));
  json::object o{
      {"schema", json_schema},         {"vrambudget", version}, {"engine", full_name(q.r.profile)},
      {"model", model_summary(*q.of)}, {"n_ctx", q.r.n_ctx},    {"fits", found.any()},
      {"cards", std::move(all)}};
  if (found.next) {
    json::object next = json_of(known, found.next->planned);
    if (const auto& s = found.next->change)
      next["suggestion"] = json::object{{"flags", flags_of(*s)},
                                        {"gives", sentence(*s)},
                                        {"free_bytes", s->spare.count},
                                        {"host_bytes", s->host.count}};
    o["nearest"] = std::move(next);
  }
  return json_text(o) + "\n";
}

}  // namespace vrambudget
