// Differences that mean nothing, and amounts of which a log has no line.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "comparer.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {
namespace {

/// What a difference depends on and is not in the log; nothing: it means something.
std::optional<std::string> not_in_log(const log_comparison& l, const rebuilt_run& made,
                                      bool types_known) {
  const bool compute = l.term.ends_with("compute_buffer") || l.term == "table_compute";
  const bool cache = l.term.find("kv_") != l.term.npos || l.term == "table_context";
  if (!made.context_known && (compute || cache)) return "n_ctx is not in the log";
  if (!made.kv_types_known && (compute || cache))
    return "the types of the caches are not in the log";
  if (!made.ubatch_known && compute) return "n_ubatch is not in the log";
  if (!types_known && compute && has_overrides(made.r))
    return "copies of host weights depend on their types: give the model's file";
  return std::nullopt;
}

}  // namespace

void comparer::set_apart() {
  for (log_comparison& l : out_.lines) {
    if (l.verdict != verdict::differs) continue;
    if (auto why = not_in_log(l, out_.rebuilt, m_.types_known())) {
      l.verdict = verdict::not_comparable;
      l.why = std::move(*why);
    }
  }
}

bool comparer::has_line(std::string_view term, std::size_t device) const {
  return std::any_of(out_.lines.begin(), out_.lines.end(), [&](const log_comparison& l) {
    if (l.term != term) return false;
    if (l.device.empty()) return true;
    const buffer_place p = place_of_buffer(l.device);
    return p.kind == buffer_place::unknown || (p.kind == buffer_place::device && p.index == device);
  });
}

void comparer::find_missing() {
  if (!out_.planned) return;
  const std::vector<device_budget>& planned = out_.planned->devices;
  for (std::size_t d = 0; d < out_.rebuilt.devices.size() && d < planned.size(); ++d)
    for (const term_kind term : {term_kind::weights, term_kind::kv_cache,
                                 term_kind::recurrent_state, term_kind::compute_buffer}) {
      const bytes here = planned[d].of(term);
      if (here.count == 0 || (term == term_kind::weights && !with_model_)) continue;
      if (has_line(name(term), d)) continue;
      log_comparison& l = out_.lines.emplace_back();
      l.term = name(term);
      l.device = out_.rebuilt.backend + std::to_string(d);
      l.predicted = here;
      l.verdict = verdict::not_logged;
    }
}

}  // namespace vrambudget
