#include "vrambudget/report/engines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "io/json_text.hpp"
#include "vrambudget/engine/changes.hpp"
#include "vrambudget/engine/profiles.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

std::string day_of(const build_date& d) {
  return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
}

std::string claimed(const engine_claims& c) {
  std::string text = c.caches ? "caches, states" : "";
  if (c.compute) text += ", compute buffers";
  if (!c.but_not.empty()) text += " (not of all)";
  return text;
}

using outcome = result<std::vector<term_difference>>;

/// What a change does, and how much that is: bytes on GPUs before bytes on the host.
struct change_effect {
  const engine_change* change;
  outcome what;

  [[nodiscard]] bool none() const { return what && what->empty(); }
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> size() const {
    if (!what) return {std::numeric_limits<std::int64_t>::max(), 0};  // refused
    std::pair<std::int64_t, std::int64_t> sum;
    for (const term_difference& r : *what) (r.host ? sum.second : sum.first) += std::abs(r.bytes);
    return sum;
  }
};

/// Of all changes that came after the run's engine, or before it: the largest first.
std::vector<change_effect> effects_of(const engine_comparison& c, bool newer) {
  std::vector<change_effect> all;
  for (const engine_change& x : engine_changes)
    if (newer != x.is_in(c.base().rules)) all.push_back({&x, c.with(x)});
  std::stable_sort(all.begin(), all.end(), [](const change_effect& a, const change_effect& b) {
    return a.size() > b.size();
  });
  return all;
}

std::string signed_mib(std::int64_t n) {
  const bytes size{static_cast<std::uint64_t>(n < 0 ? -n : n)};
  return (n < 0 ? "-" : "+") + (size < 1_MiB ? grouped(size.count) + " bytes" : in_mib(size));
}

void add_outcome(std::string& to, const outcome& o) {
  if (!o) return void(to += fmt::format("    refused: {}\n", o.error().message));
  for (const term_difference& r : *o)
    to += fmt::format("    {:<28}{:>20}\n", (r.host ? "host " : "GPU ") + std::string(name(r.term)),
                      signed_mib(r.bytes));
  if (o->empty()) to += "    nothing\n";
}

void add_profile(std::string& to, const engine_comparison& c, const engine_profile& p) {
  to += fmt::format("  {}\n", full_name(p));
  add_outcome(to, c.with(p.rules));
  if (const auto most = c.most_with(p); most && *most != c.n_ctx())
    to +=
        fmt::format("    largest context: {} tokens, not {}\n", grouped(*most), grouped(c.n_ctx()));
}

/// The profiles newer than the run's, or those older, and what each change between does alone.
void add_side(std::string& to, const engine_comparison& c, bool newer) {
  const auto& all = engine_profiles;
  const auto base = std::find_if(all.begin(), all.end(),
                                 [&](const engine_profile& p) { return p.name == c.base().name; });
  if (base == (newer ? all.begin() : all.end() - 1)) return void(to += "  none\n");
  std::for_each(newer ? all.begin() : base + 1, newer ? base : all.end(),
                [&](const engine_profile& p) { add_profile(to, c, p); });
  std::size_t n_silent = 0;
  to += fmt::format("  change by change{}\n", newer ? "" : ", what it would be without");
  for (const change_effect& e : effects_of(c, newer)) {
    if (e.none()) {
      ++n_silent;
      continue;
    }
    to += fmt::format("  {}, {}\n", e.change->name, e.change->when);
    to += fmt::format("    before: {}\n    since:  {}\n", e.change->before, e.change->now);
    add_outcome(to, e.what);
  }
  if (n_silent) to += fmt::format("  {} other changes do nothing here\n", n_silent);
}

json::array differences_json(const std::vector<term_difference>& rows) {
  json::array all;
  for (const term_difference& r : rows)
    all.push_back(json::object{
        {"where", r.host ? "host" : "devices"}, {"term", name(r.term)}, {"bytes", r.bytes}});
  return all;
}
void add_outcome(json::object& to, const outcome& o) {
  if (o)
    to["differences"] = differences_json(*o);
  else
    to["refusal"] = o.error().message;
}

}  // namespace

std::string engines_text(const engine_comparison* c) {
  std::string to = fmt::format("{:<10}{:<17}{:<26}{}\n", "engine", "builds", "days", "to the byte");
  for (const engine_profile& p : engine_profiles)
    to += fmt::format("{:<10}{:<17}{:<26}{}\n", p.name,
                      fmt::format("b{}..b{}", p.first_build, p.last_build),
                      day_of(p.first) + ".." + day_of(p.last), claimed(p.claims));
  if (c) {
    to += fmt::format("\n{}, {} tokens, {}\n\nNewer engines:\n", c->of_model().name,
                      grouped(c->n_ctx()), full_name(c->base()));
    add_side(to, *c, true);
    to += "\nOlder engines:\n";
    add_side(to, *c, false);
    return to;
  }
  to += "\nWhat changed:\n";
  for (const engine_change& x : engine_changes)
    to +=
        fmt::format("  {}, {}\n    before: {}\n    since:  {}\n", x.name, x.when, x.before, x.now);
  return to;
}

std::string engines_json(const engine_comparison* c) {
  json::array profiles, all_changes;
  for (const engine_profile& p : engine_profiles) {
    json::object o{{"engine", full_name(p)},
                   {"builds", {p.first_build, p.last_build}},
                   {"days", {day_of(p.first), day_of(p.last)}},
                   {"exact", json::object{{"caches", p.claims.caches},
                                          {"compute", p.claims.compute},
                                          {"compute_but_not_of", p.claims.but_not}}}};
    json::array old;
    for (const engine_change& x : engine_changes)
      if (!x.is_in(p.rules)) old.emplace_back(x.name);
    o["before"] = std::move(old);
    if (c) {
      add_outcome(o, c->with(p.rules));
      if (const auto most = c->most_with(p)) o["largest_n_ctx"] = *most;
    }
    profiles.push_back(std::move(o));
  }
  for (const engine_change& x : engine_changes) {
    json::object o{{"change", x.name}, {"before", x.before}, {"since", x.now}, {"when", x.when}};
    if (c) {
      o["in"] = x.is_in(c->base().rules);
      add_outcome(o, c->with(x));
    }
    all_changes.push_back(std::move(o));
  }
  json::object o{{"schema", json_schema}, {"vrambudget", version}};
  if (c)
    o["model"] = json::object{{"name", c->of_model().name},
                              {"engine", full_name(c->base())},
                              {"n_ctx", c->n_ctx()},
                              {"terms", differences_json(c->now())}};
  o["engines"] = std::move(profiles);
  o["changes"] = std::move(all_changes);
  return json_text(o) + "\n";
}

}  // namespace vrambudget
