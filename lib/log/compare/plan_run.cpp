// The plan that a context's lines are held against.
#include <utility>

#include "comparer.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// A draft whose types the log leaves out has the default ones, unless the main cache's fit its size.
void comparer::choose_draft_types() {
  rebuilt_run& made = out_.rebuilt;
  if (made.draft_types_known || made.r.spec_types.empty() ||
      out_.context + 1 >= log_.contexts.size())
    return;
  planner p(m_.shape, made.devices, {{}, true});
  run same = made.r;
  same.draft_type_k = made.r.type_k;
  same.draft_type_v = made.r.type_v;
  const auto b = p.budget_for(same);
  if (!b) return;
  for (const log_buffer& l : log_.contexts[out_.context + 1].buffers)
    if (const int backend = backend_of(place_of_buffer(l.device));
        l.term == log_term::kv_cache && backend >= 0 &&
        l.size.prints(of(*b, backend, term_kind::draft_kv_cache)))
      made.r = same;
}

bool comparer::plan() {
  const model& m = m_.shape;
  rebuilt_run& made = out_.rebuilt;
  const auto params = effective_context(made.r, m.hp);
  if (!params) {
    out_.notes.push_back("the engine refuses this run: " + params.error().message);
    return false;
  }
  const auto where = place_layers(made.r, made.devices, m.hp.n_layer_all);
  if (!where) {
    out_.notes.push_back(where.error().message);
    return false;
  }
  where_ = *where;
  layout_ = layout_of(m, *params, where_);
  if (m.tensors.empty()) return true;
  choose_draft_types();
  planner p(m, made.devices, {{}, true});
  auto b = p.budget_for(made.r, {}, {.enforced = false});
  if (!b) {
    out_.notes.push_back("no compute buffer: " + b.error().message);
    return true;
  }
  pipelined_ = std::move(*b);
  if (gave_up_pipelining())
    if (auto again = p.budget_for(without_pipelining(made.r), {}, {.enforced = false}))
      out_.planned = std::move(*again);
  if (!out_.planned) out_.planned = pipelined_;
  return true;
}

}  // namespace vrambudget
