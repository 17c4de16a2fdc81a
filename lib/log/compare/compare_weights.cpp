// A model's buffers against where its tensors were placed.
#include <algorithm>

#include "comparer.hpp"
#include "vrambudget/memory/adapters.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {

/// The part of the file from the first to the last tensor that stays on the host, in the model's order.
bytes comparer::mapped_range() const {
  const auto placed = place_weights(m_.shape, where_, out_.rebuilt.r);
  if (!placed) return {};
  std::size_t first = m_.shape.tensors.size(), last = 0;
  for (const placed_weight& w : placed->all)
    if (w.backend == where_.host()) {
      first = std::min<std::size_t>(first, w.tensor);
      last = std::max<std::size_t>(last, w.tensor);
    }
  bytes range;
  for (std::size_t i = first; i <= last && i < m_.shape.tensors.size(); ++i)
    range += pad(m_.shape.tensors[i].size, 32);
  return range;
}

void comparer::judge_weights(log_comparison& line, const sum& s) {
  const int backend = backend_of(s.place);
  if (m_.shape.tensors.empty()) {
    line.why = no_tensors;
  } else if (backend < 0) {
    line.why = no_such_place;
  } else if (!out_.planned) {
    line.why = "no plan";
  } else {
    judge(line, of(*out_.planned, backend, term_kind::weights));
    if (line.verdict == verdict::equal) return;
    if (s.place.mapped) {
      if (const bytes range = mapped_range(); line.logged->prints(range)) return judge(line, range);
      line.verdict = verdict::not_comparable;
      line.why = "a mapped range of the file, which depends on the order of its tensors";
    } else if (!m_.types_known()) {
      line.verdict = verdict::not_comparable;
      line.why = "the types of its tensors are not in the log: give the model's file";
    } else if (s.place.kind == buffer_place::device) {
      excuse_backend(line, false);
    }
  }
}

void comparer::compare_weights() {
  const log_context& c = log_.contexts[out_.context];
  if (c.model >= log_.models.size()) return;
  for (const sum& s : sums(log_.models[c.model].buffers, log_term::weights, false))
    judge_weights(add("weights", s), s);
}

/// Pairs of matrices by device, as place_adapters() puts them. A log has nothing of control vectors.
void comparer::compare_adapters() {
  const log_context& c = log_.contexts[out_.context];
  if (c.model >= log_.models.size()) return;
  const model& m = m_.shape;
  const auto placed = place_weights(m, where_, out_.rebuilt.r);
  const auto pairs = placed ? place_adapters(m, *placed, where_) : placed.error();
  for (const sum& s : sums(log_.models[c.model].buffers, log_term::adapters, false)) {
    log_comparison& line = add(std::string(name(term_kind::adapters)), s);
    const int backend = backend_of(s.place);
    if (backend < 0)
      line.why = no_such_place;
    else if (!pairs)
      line.why = pairs.error().message;
    else if (pairs->loras.empty())
      line.why = options_.adapted_by
                     ? "adapters on cards that share tensors (-sm tensor, -sm row) are not modelled"
                     : "its adapters are not here: --lora FILE counts them";
    else
      judge(line, pairs->pairs_on(backend));
  }
}

}  // namespace vrambudget
