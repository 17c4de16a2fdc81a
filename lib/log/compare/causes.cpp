#include "causes.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "vrambudget/engine/changes.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {
namespace {

/// A change to a run, and what it means if it explains a line.
struct variant {
  std::string says;
  std::function<void(run&)> change;
};

std::vector<variant> variants_of(const run& r) {
  std::vector<variant> all;
  for (const engine_change& c : engine_changes) {  // the build may have another rule
    const std::string_view says = c.is_in(r.profile.rules) ? c.log_shows_old : c.log_shows_new;
    if (!says.empty())
      all.push_back({std::string(says), [rule = c.rule](run& x) {
                       x.profile.rules.*rule = !(x.profile.rules.*rule);
                     }});
  }
  for (const engine_profile& p : engine_profiles)
    if (p.name != r.profile.name)
      all.push_back(
          {"with the rules of " + full_name(p) + " it is equal", [&p](run& x) { x.profile = p; }});
  using enum flash_attn;
  for (const auto& [fa, says] :
       {std::pair{on, "flash attention is on"}, {off, "flash attention is off"}})
    if (r.flash_attn != fa)
      all.push_back({std::string("as if ") + says, [fa = fa](run& x) { x.flash_attn = fa; }});
  all.push_back({r.swa_full ? "without --swa-full it is equal" : "as if run with --swa-full",
                 [](run& x) { x.swa_full = !x.swa_full; }});
  if (r.n_parallel > 1)
    all.push_back(
        {unified(r) ? "as if each slot had a cache of its own" : "as if all slots shared one cache",
         [](run& x) { x.kv_unified = !unified(x); }});
  if (r.overrides.empty() && !r.cpu_moe)
    all.push_back({"as if -ot moved some tensor, which turns pipelining off", [](run& x) {
                     x.overrides.push_back({"^none such$", "CPU"});
                   }});
  return all;
}

bytes predicted_by(const budget& b, const log_comparison& l, const std::string& backend) {
  const buffer_place p = place_of_buffer(l.device.substr(0, l.device.find('+')));
  const bool on_device = p.kind == buffer_place::device && p.backend == backend;
  if (p.repacked) return b.host.of(term_kind::repacked_weights);
  const auto of = [&](term_kind term) {
    if (l.device.empty()) {
      bytes sum = b.host.of(term);
      for (const device_budget& d : b.devices) sum += d.of(term);
      return sum;
    }
    if (!on_device) return b.host.of(term);
    return p.index < b.devices.size() ? b.devices[p.index].of(term) : bytes{};
  };
  if (l.term == "table_context") return of(term_kind::kv_cache) + of(term_kind::recurrent_state);
  if (l.term == "table_compute") return of(term_kind::compute_buffer);
  if (l.term == "table_model") return of(term_kind::weights);
  const auto term = find_term_kind(l.term);
  return term ? of(*term) : bytes{};
}

}  // namespace

void explain_differences(const logged_model& m, checked_context& c) {
  const auto open = [](const log_comparison& l) {
    return l.verdict == verdict::differs && !l.why && l.logged && l.cache.empty();
  };
  if (m.shape.tensors.empty() || std::none_of(c.lines.begin(), c.lines.end(), open)) return;
  planner p(m.shape, c.rebuilt.devices, {{}, true});
  for (const variant& v : variants_of(c.rebuilt.r)) {
    if (std::none_of(c.lines.begin(), c.lines.end(), open)) return;
    run r = c.rebuilt.r;
    v.change(r);
    const auto b = p.budget_for(r);
    if (!b) continue;
    for (log_comparison& l : c.lines)
      if (open(l) && l.logged->prints(predicted_by(*b, l, c.rebuilt.backend))) l.why = v.says;
  }
}

}  // namespace vrambudget
