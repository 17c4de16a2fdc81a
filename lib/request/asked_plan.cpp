#include "vrambudget/request/asked_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/catalogue/asked_tensors.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/catalogue/prompt_speeds.hpp"
#include "vrambudget/catalogue/speeds.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/projectors.hpp"

namespace vrambudget::request {
namespace {

/// That no desktop is counted on a named card that has no room for one; empty: it is counted, or there is.
std::string without_desktop(const plan_request& q, const budget& b) {
  const gpu_request& g = q.gpus;
  if (g.names.empty() || g.display || !g.free.empty() || q.buffers_only || b.devices.empty())
    return {};
  const device_budget& first = b.devices.front();
  const auto row = std::find_if(gpus().begin(), gpus().end(),
                                [&](const gpu_entry& e) { return e.name == first.gpu.name; });
  if (row == gpus().end() || (row->form != "desktop" && row->form != "workstation")) return {};
  const measured_range usual =
      others_of(g.system.value_or(operating_system::native_linux), desktop::typical);
  const bytes counted = first.gpu.others ? first.gpu.others->high : bytes{};
  if (counted + first.spare() >= usual.expected) return {};
  return fmt::format("no desktop is counted on {}, where one takes {} to {}: --display counts it",
                     name(first.id), in_mib(usual.low), in_mib(usual.high));
}

/// What a reader should know besides the plan's own notes.
void add_notes(const plan_request& q, const std::vector<std::string>& gpu_notes, const model& m,
               budget& b) {
  for (const std::string& n : q.value_notes) b.notes.push_back({note_kind::remark, n});
  if (!q.file_note.empty() && q.file_note != m.types_note)
    b.notes.push_back({note_kind::remark, q.file_note});
  if (!q.engine_note.empty()) b.notes.push_back({note_kind::remark, q.engine_note});
  if (q.mmproj.empty())
    if (const std::string beside = projector_beside(m); !beside.empty())
      b.notes.push_back({note_kind::projector_beside, beside});
  if (b.fits())
    if (std::string desk = without_desktop(q, b); !desk.empty())
      b.notes.push_back({note_kind::remark, std::move(desk)});
  for (const std::string& n : gpu_notes) b.notes.push_back({note_kind::remark, n});
}

/// Whether it is of a file that llama.cpp does not load: no other is known worse than it was read.
bool is_ollamas_alone(const model& m) { return !m.path.empty() && m.types_basis != basis::exact; }

/// What the engine allocates is not known to be what another one does.
void call_assumed(budget& b) {
  const auto call = [](term_list& at) {
    for (term& t : at.terms)
      if (t.basis < basis::fitted) t.basis = basis::assumed;
  };
  for (auto& d : b.devices) call(d);
  call(b.host);
}

fit_wish wish_of(const plan_request& q) {
  fit_wish w{.min_ctx = q.fit_ctx, .whole_ctx = q.tells_ctx && q.r.n_ctx == 0};
  if (!q.fit_targets.empty()) w.targets = q.fit_targets;
  return w;
}

/// Takes another run than the one that is told, if that is asked for.
result<void> choose_run(const plan_request& q, planner& p, made_plan& made) {
  if (q.fit.value_or(false) && q.prefer)
    return error{errc::invalid_argument,
                 "--fit on and --prefer both make another run of it: leave one out"};
  if (q.fit.value_or(!q.tells_ctx)) {
    auto fitted = fit_run(p, q.r, wish_of(q));
    if (!fitted && q.fit) return fitted.error();
    if (fitted) made.fitted = std::move(*fitted);
    if (q.fit) made.r = made.fitted->r;
  }
  if (!q.prefer) return {};
  auto best = find_best_run(p, told_run(q, p.get_model()), *q.prefer);
  if (!best) return best.error();
  made.best = std::move(*best);
  if (made.best) made.r = made.best->how.changed;
  return {};
}

}  // namespace

run told_run(const plan_request& q, const model& m) {
  run r = q.r;
  if (q.tells_ctx && r.n_ctx == 0) r.n_ctx = m.hp.n_ctx_train;
  return r;
}

result<void> refuse_chosen_runs(const plan_request& q, std::string_view why) {
  if (!q.fit.value_or(false) && !q.prefer) return {};
  return error{errc::invalid_argument, fmt::format("{} makes another run of it: leave it out, {}",
                                                   q.prefer ? "--prefer" : "--fit on", why)};
}

result<named_gpus> choose_devices(const plan_request& q, const environment& around) {
  gpu_request named = q.gpus;
  named.no_calibration |= q.buffers_only;
  return find_gpus(named, around, q.buffers_only);
}

result<std::optional<context_limit>> find_context(const plan_request& q, planner& p, run& r) {
  if ((r.n_ctx != 0 || q.tells_ctx) && !q.max_context) return std::optional<context_limit>();
  const auto most = max_context(p, r);
  if (!most) return most.error();
  if (r.n_ctx == 0 && !q.tells_ctx) r.n_ctx = most->n_ctx ? most->n_ctx : n_ctx_multiple;
  return std::optional(*most);
}

result<engine_comparison> compare_engines(const plan_request& q, planner& p) {
  run r = q.r;
  const auto most = find_context(q, p, r);
  if (!most) return most.error();
  return engine_comparison::of(p, std::move(r), *most);
}

result<budget> budget_of(const plan_request& q, planner& p) {
  run r = q.r;
  if (const auto limit = find_context(q, p, r); !limit) return limit.error();
  return p.budget_for(r);
}

result<made_plan> make_plan(const plan_request& q, planner& p,
                            const std::vector<std::string>& gpu_notes) {
  // shapes of the catalogue are held to it by a test
  const model& m = p.get_model();
  const bool is_asked = !m.path.empty() && !is_ollamas_alone(m);
  if (auto asked = is_asked ? check_asked_tensors(m) : result<void>{}; !asked) return asked.error();
  made_plan made{.r = q.r, .b = {}, .judged = {}};
  if (const auto chosen = choose_run(q, p, made); !chosen) return chosen.error();
  auto limit = find_context(q, p, made.r);
  if (!limit) return limit.error();
  made.limit = *limit;
  auto b = p.budget_for(made.r);
  if (!b) return b.error();
  made.b = std::move(*b);
  if (is_ollamas_alone(m)) call_assumed(made.b);
  const auto judged = judge(p, made.r, made.b);
  if (!judged) return judged.error();
  made.judged = *judged;
  add_notes(q, gpu_notes, p.get_model(), made.b);
  if (made.judged.runs() && made.b.fits(estimate::expected))
    made.speeds = speeds_of(p.get_model(), made.r, p.devices(), made.b);
  if (!made.b.fits()) made.changes = what_would_fit(p, made.r);
  for (suggestion& s : made.changes) s.decodes = decode_speed_when_full(p, s.changed);
  return made;
}

std::vector<context_row> limits_by_type(const plan_request& q, planner& p, const made_plan& made) {
  return made.limit && made.b.keeps_kv() ? largest_contexts(p, q.r) : std::vector<context_row>{};
}

}  // namespace vrambudget::request
