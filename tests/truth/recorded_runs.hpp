// Runs of recorded cases: what we plan for them, and where that is not what the engine allocated.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "recorded_devices.hpp"
#include "recorded_shapes.hpp"
#include "vrambudget/engine/changes.hpp"
#include "vrambudget/engine/profile.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/run_line.hpp"

namespace vrambudget::testing {

/// What a number belongs to, in the order of a table's columns.
enum class compared : std::size_t {
  weights,
  context,
  compute,
  host_weights,
  host_context,
  host_compute,
  graph,
  pool,
  draft
};

/// A number that differs.
struct miss {
  compared of;
  std::string name;
  std::int64_t expected;
  std::uint64_t got;
};

/// How our plan of a case compares with the engine.
struct comparison {
  std::string other_end;  ///< one plans, the other refuses or aborts; empty: numbers were compared
  std::vector<miss> misses;
  bool both_refuse = false;
  int pools = 0, close = 0;  ///< pools that are compared; those at most 2 MiB too large

  [[nodiscard]] bool equal() const { return other_end.empty() && misses.empty(); }
};

class recorded_runs {
 public:
  recorded_runs(const std::string& devices, std::vector<std::string> shapes)
      : devices_(recorded_devices(devices)), models_(std::move(shapes)) {}

  /// The case planned by a profile's rules.
  [[nodiscard]] comparison compare(const boost::json::value& c, const engine_profile& profile) {
    const boost::json::object& keys = c.as_object();
    const result<budget> b = plan(c, profile);
    comparison out;
    if (const boost::json::value* refusal = keys.if_contains("refusal")) {
      out.both_refuse = !b;
      if (b) out.other_end = "planned, but the engine refuses: " + text(*refusal);
    } else if (!b) {
      out.other_end = "refused: " + b.error().message;
    } else if (const boost::json::value* aborts = keys.if_contains("aborts")) {
      if (b->aborts.empty()) out.other_end = "planned, but the engine aborts: " + text(*aborts);
    } else if (!b->aborts.empty() && keys.contains("decodes")) {
      out.other_end = "would abort, but the engine runs it: " + b->aborts;
    } else if (const boost::json::value* expected = keys.if_contains("expected")) {
      compare(*expected, *b, out);
    }
    return out;
  }

  /// What we plan for the case.
  result<budget> plan(const boost::json::value& c, const engine_profile& profile) {
    const boost::json::object& keys = c.as_object();
    std::vector<std::string> args;
    for (const boost::json::value& a : c.at("args").as_array()) args.push_back(text(a));
    std::vector<device> devices;
    for (const boost::json::value& g : c.at("gpus").as_array())
      devices.push_back(devices_.at(text(g)));
    auto r = request::parse_run(args);
    if (!r) return r.error();
    r->profile = profile;
    if (const boost::json::value* cpu = keys.if_contains("cpu"))
      r->cpu = recorded_cpu(text(*cpu));
    if (keys.contains("n_rs_seq"))
      r->n_rs_seq = static_cast<std::uint32_t>(number(c.at("n_rs_seq")));
    if (const boost::json::value* before = keys.if_contains("before"))
      for (const boost::json::value& rule : before->as_array()) undo(text(rule), r->profile.rules);
    const boost::json::value* draft = keys.if_contains("draft_model");
    return planner(models_[text(c.at("model"))], devices, {},
                   draft ? &models_[text(*draft)] : nullptr)
        .budget_for(*r, {}, {.enforced = false});
  }

  /// With -sm none only the main card is used.
  static device_budget on(const budget& b, std::size_t i) {
    const auto it = std::find_if(b.devices.begin(), b.devices.end(),
                                 [&](const device_budget& x) { return x.id.index == i; });
    return it == b.devices.end() ? device_budget{} : *it;
  }

 private:
  static cpu_variant recorded_cpu(const std::string& name) {
    const cpu_variant* const v = find_cpu_variant(name);
    if (!v) throw std::runtime_error("no CPU " + name);
    return *v;
  }

  /// Makes a rule what it was before it changed.
  static void undo(const std::string& rule, engine_rules& rules) {
    const auto it = std::find_if(engine_changes.begin(), engine_changes.end(),
                                 [&](const engine_change& c) { return c.name == rule; });
    if (it == engine_changes.end()) throw std::runtime_error("no rule " + rule);
    it->undo(rules);
  }

  static void check(comparison& out, compared of, const std::string& name, std::int64_t expected,
                    std::uint64_t got) {
    if (static_cast<std::int64_t>(got) != expected) out.misses.push_back({of, name, expected, got});
  }
  static bytes context(const term_list& l) {
    return l.of(term_kind::kv_cache) + l.of(term_kind::recurrent_state);
  }
  static void compare(const boost::json::value& want, const budget& b, comparison& out) {
    compare_devices(want, b, out);
    compare_host(want, b, out);
    const boost::json::value& graph = want.at("graph");
    const auto count = [&](const char* what, std::size_t phase) {
      return number(graph.at(what).at(phase));
    };
    check(out, compared::graph, "nodes of a prompt", count("nodes", 0), b.prompt.n_nodes);
    check(out, compared::graph, "nodes of a token", count("nodes", 1), b.generation.n_nodes);
    check(out, compared::graph, "splits of a prompt", count("splits", 0), b.prompt.n_splits);
    check(out, compared::graph, "splits of a token", count("splits", 1), b.generation.n_splits);
    if (const boost::json::value* draft = want.as_object().if_contains("draft")) {
      for (std::size_t i = 0; i < draft->at("devices").as_array().size(); ++i)
        compare_draft("CUDA" + std::to_string(i), draft->at("devices").at(i), on(b, i), out);
      compare_draft("host", draft->at("host"), b.host, out);
    }
  }

  static void compare_devices(const boost::json::value& want, const budget& b, comparison& out) {
    const boost::json::array& devices = want.at("devices").as_array();
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const boost::json::value& d = devices[i];
      const std::string name = "CUDA" + std::to_string(i);
      const device_budget got = on(b, i);
      check(out, compared::weights, name + " weights", number(d.at("weights")),
            got.of(term_kind::weights).count);
      check(out, compared::context, name + " context", number(d.at("context")), context(got).count);
      check(out, compared::compute, name + " compute", number(d.at("compute")),
            got.of(term_kind::compute_buffer).count);
      if (const boost::json::value* scratch = d.as_object().if_contains("all_reduce"))
        check(out, compared::compute, name + " all-reduce", number(*scratch),
              got.of(term_kind::all_reduce).count);
    }
    // what decoding took in addition must be within the bound
    if (const boost::json::value* growth = want.as_object().if_contains("decode_growth"))
      for (std::size_t i = 0; i < devices.size(); ++i) {
        const auto grew = static_cast<std::uint64_t>(number(growth->at(i)));
        const device_budget got = on(b, i);
        const std::uint64_t pool =
            (got.of(term_kind::pool) + got.of(term_kind::compute_growth)).count;
        ++out.pools;
        out.close += pool >= grew && pool - grew <= (2_MiB).count;
        if (grew > pool)
          check(out, compared::pool, name(got.id) + " pool, a bound",
                static_cast<std::int64_t>(grew), pool);
      }
  }

  static void compare_host(const boost::json::value& want, const budget& b, comparison& out) {
    const boost::json::value& host = want.at("host");
    const bytes repacked = b.host.of(term_kind::repacked_weights);
    if (const boost::json::value* weights = host.as_object().if_contains("weights"))
      check(out, compared::host_weights, "host weights", number(*weights),
            (b.host.of(term_kind::weights) + repacked).count);
    if (const boost::json::value* of_these = host.as_object().if_contains("repacked"))
      check(out, compared::host_weights, "repacked of them", number(*of_these), repacked.count);
    check(out, compared::host_context, "host context", number(host.at("context")),
          context(b.host).count);
    check(out, compared::host_compute, "host compute", number(host.at("compute")),
          b.host.of(term_kind::compute_buffer).count);
    if (const boost::json::value* pinned = host.as_object().if_contains("pinned")) {
      bytes sum;
      for (const term& part : b.host.terms)
        if (part.held == residence::pinned) sum += part.size;
      check(out, compared::host_compute, "host pinned", number(*pinned), sum.count);
    }
    if (const boost::json::value* mib = want.as_object().if_contains("output_mib")) {
      const double got = static_cast<double>(b.host.of(term_kind::output_buffer).count) / (1 << 20);
      const auto hundredths = [](double x) {  // as printed, halves rounded to even
        std::string digits = fmt::format("{:.2f}", x);
        return std::stoll(digits.erase(digits.find('.'), 1));
      };
      check(out, compared::host_compute, "output buffer, MiB / 100",
            hundredths(mib->to_number<double>()), static_cast<std::uint64_t>(hundredths(got)));
    }
  }

  static void compare_draft(const std::string& where, const boost::json::value& d,
                            const term_list& got, comparison& out) {
    check(out, compared::draft, where + " draft weights", number(d.at("weights")),
          got.of(term_kind::draft_weights).count);
    check(out, compared::draft, where + " draft context", number(d.at("context")),
          (got.of(term_kind::draft_kv_cache) + got.of(term_kind::draft_recurrent_state)).count);
    check(out, compared::draft, where + " draft compute", number(d.at("compute")),
          got.of(term_kind::draft_compute_buffer).count);
  }

  std::map<std::string, device> devices_;
  recorded_shapes models_;
};

}  // namespace vrambudget::testing
