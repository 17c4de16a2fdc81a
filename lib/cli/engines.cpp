// `vrambudget engines`: the builds whose rules are known, what changed between them, and what that does
// to one model's budget.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "io/json_text.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/engine/changes.hpp"
#include "vrambudget/engine/profiles.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

std::string day(const build_date& d) {
  return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
}

std::string claimed(const engine_claims& c) {
  std::string text = c.caches ? "caches, states" : "";
  if (c.compute) text += ", compute buffers";
  if (!c.but_not.empty()) text += " (not of all)";
  return text;
}

/// Bytes of one term with other rules, on all GPUs or on the host.
struct row {
  term_kind term = term_kind::weights;
  bool host = false;
  std::int64_t bytes = 0;
};

std::vector<row> rows_of(const budget& b) {
  std::vector<row> all;
  const auto add = [&](const term_list& list, bool host) {
    for (const term& t : list.terms) {
      if (t.kind == term_kind::page_rounding) continue;  // follows the others
      auto it = std::find_if(all.begin(), all.end(),
                             [&](const row& r) { return r.host == host && r.term == t.kind; });
      if (it == all.end()) it = all.insert(all.end(), {t.kind, host, 0});
      it->bytes += static_cast<std::int64_t>(t.size.count);
    }
  };
  for (const device_budget& d : b.devices) add(d, false);
  add(b.host, true);
  return all;
}

/// What differs from `now`, term by term.
std::vector<row> differences(const std::vector<row>& now, std::vector<row> then) {
  std::vector<row> all;
  for (const row& r : now) {
    const auto it = std::find_if(then.begin(), then.end(), [&](const row& o) {
      return o.host == r.host && o.term == r.term;
    });
    const std::int64_t bytes = it == then.end() ? 0 : it->bytes;
    if (bytes != r.bytes) all.push_back({r.term, r.host, bytes - r.bytes});
    if (it != then.end()) then.erase(it);
  }
  all.insert(all.end(), then.begin(), then.end());
  return all;
}

/// A budget under some rules, against that of the default profile.
/// Errors: the engine's, if it would not run
using outcome = result<std::vector<row>>;

/// What rules do to one run of one model.
class comparison {
 public:
  comparison(const plan_request& q, named_models models, std::vector<device> devices)
      : models_(std::move(models)), planner_(models_.on(std::move(devices))), run_(q.r) {
    limit_ = value_or_fail(find_context(q, planner_, run_));
    now_ = rows_of(value_or_fail(planner_.budget_for(run_)));
  }

  outcome with(const engine_rules& rules) {
    run r = run_;
    r.profile.rules = rules;
    const auto b = planner_.budget_for(r);
    if (!b) return b.error();
    return differences(now_, rows_of(*b));
  }
  /// A change that came after the run's engine is made, one before it undone.
  outcome with(const engine_change& c) {
    engine_rules rules = run_.profile.rules;
    c.is_in(rules) ? c.undo(rules) : c.apply(rules);
    return with(rules);
  }
  /// The largest context by a profile's rules, if contexts are what is asked for.
  std::optional<std::uint32_t> most_with(const engine_profile& p) {
    if (!limit_) return std::nullopt;
    run r = run_;
    r.profile = p;
    const auto most = max_context(planner_, r);
    return most ? std::optional(most->n_ctx) : std::nullopt;
  }

  [[nodiscard]] const engine_profile& base() const { return run_.profile; }
  [[nodiscard]] const std::vector<row>& now() const { return now_; }
  [[nodiscard]] const std::string& name() const { return models_.main->name; }
  [[nodiscard]] std::uint32_t n_ctx() const { return run_.n_ctx; }

 private:
  named_models models_;
  planner planner_;
  run run_;
  std::optional<context_limit> limit_;
  std::vector<row> now_;
};

/// What a change does, and how much that is: bytes on GPUs before bytes on the host.
struct effect {
  const engine_change* change;
  outcome what;

  [[nodiscard]] bool none() const { return what && what->empty(); }
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> size() const {
    if (!what) return {std::numeric_limits<std::int64_t>::max(), 0};  // refused
    std::pair<std::int64_t, std::int64_t> sum;
    for (const row& r : *what) (r.host ? sum.second : sum.first) += std::abs(r.bytes);
    return sum;
  }
};

/// Of all changes that came after the run's engine, or before it: the largest first.
std::vector<effect> effects_of(comparison& c, bool newer) {
  std::vector<effect> all;
  for (const engine_change& x : engine_changes)
    if (newer != x.is_in(c.base().rules)) all.push_back({&x, c.with(x)});
  std::stable_sort(all.begin(), all.end(),
                   [](const effect& a, const effect& b) { return a.size() > b.size(); });
  return all;
}

std::string signed_mib(std::int64_t n) {
  const bytes size{static_cast<std::uint64_t>(n < 0 ? -n : n)};
  return (n < 0 ? "-" : "+") + (size < 1_MiB ? grouped(size.count) + " bytes" : in_mib(size));
}

void print_outcome(const outcome& o) {
  if (!o) return print_out("    refused: {}\n", o.error().message);
  for (const row& r : *o)
    print_out("    {:<28}{:>20}\n", (r.host ? "host " : "GPU ") + std::string(name(r.term)),
               signed_mib(r.bytes));
  if (o->empty()) print_out("    nothing\n");
}

void print_profile(comparison& c, const engine_profile& p) {
  print_out("  {}\n", full_name(p));
  print_outcome(c.with(p.rules));
  if (const auto most = c.most_with(p); most && *most != c.n_ctx())
    print_out("    largest context: {} tokens, not {}\n", grouped(*most), grouped(c.n_ctx()));
}

/// The profiles newer than the run's, or those older, and what each change between does alone.
void print_side(comparison& c, bool newer) {
  const auto& all = engine_profiles;
  const auto base = std::find_if(all.begin(), all.end(),
                                 [&](const engine_profile& p) { return p.name == c.base().name; });
  if (base == (newer ? all.begin() : all.end() - 1)) return print_out("  none\n");
  std::for_each(newer ? all.begin() : base + 1, newer ? base : all.end(),
                [&](const engine_profile& p) { print_profile(c, p); });
  std::size_t n_silent = 0;
  print_out("  change by change{}\n", newer ? "" : ", what it would be without");
  for (const effect& e : effects_of(c, newer)) {
    if (e.none()) {
      ++n_silent;
      continue;
    }
    print_out("  {}, {}\n", e.change->name, e.change->when);
    print_out("    before: {}\n    since:  {}\n", e.change->before, e.change->now);
    print_outcome(e.what);
  }
  if (n_silent) print_out("  {} other changes do nothing here\n", n_silent);
}

void print_as_text(comparison* c) {
  print_out("{:<10}{:<17}{:<26}{}\n", "engine", "builds", "days", "to the byte");
  for (const engine_profile& p : engine_profiles)
    print_out("{:<10}{:<17}{:<26}{}\n", p.name,
               fmt::format("b{}..b{}", p.first_build, p.last_build),
               day(p.first) + ".." + day(p.last), claimed(p.claims));
  if (c) {
    print_out("\n{}, {} tokens, {}\n\nNewer engines:\n", c->name(), grouped(c->n_ctx()),
               full_name(c->base()));
    print_side(*c, true);
    print_out("\nOlder engines:\n");
    print_side(*c, false);
    return;
  }
  print_out("\nWhat changed:\n");
  for (const engine_change& x : engine_changes)
    print_out("  {}, {}\n    before: {}\n    since:  {}\n", x.name, x.when, x.before, x.now);
}

json::array differences_json(const std::vector<row>& rows) {
  json::array all;
  for (const row& r : rows)
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

void print_json(comparison* c) {
  json::array profiles, all_changes;
  for (const engine_profile& p : engine_profiles) {
    json::object o{{"engine", full_name(p)},
                   {"builds", {p.first_build, p.last_build}},
                   {"days", {day(p.first), day(p.last)}},
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
    o["model"] = json::object{{"name", c->name()},
                              {"engine", full_name(c->base())},
                              {"n_ctx", c->n_ctx()},
                              {"terms", differences_json(c->now())}};
  o["engines"] = std::move(profiles);
  o["changes"] = std::move(all_changes);
  print_out("{}\n", json_text(o));
}

}  // namespace

std::function<int()> add_engines(command_options& can) {
  auto q = std::make_shared<plan_request>();
  can.text("MODEL,-m,--model", q->model, "TEXT", "also what the changes do to this model's budget");
  can.rows({topic::gpus}, *q);
  can.row("--engine", *q);
  can.flag("--json", q->json, "JSON on stdout, schema 1");
  can.rows_of_run(*q);
  return [q] {
    std::unique_ptr<comparison> c;
    if (!q->model.empty()) {
      model_reader reader = reader_of(q->sources);
      std::vector<device> devices = gpus_or_fail(q->gpus).devices;
      plan_request meant = *q;
      named_models models = best_models_or_fail(meant, devices, {}, reader);
      c = std::make_unique<comparison>(meant, std::move(models), std::move(devices));
    }
    q->json ? print_json(c.get()) : print_as_text(c.get());
    return yes;
  };
}

}  // namespace vrambudget::cli
