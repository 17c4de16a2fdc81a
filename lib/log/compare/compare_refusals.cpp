// Memory that a device refused: what it was for, whether the plan has it as large, and what would run.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "comparer.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

/// What the engine has asked a device for before it comes to `term`.
bytes before(const term_list& d, term_kind term) {
  bytes sum;
  for (const term_kind k : {term_kind::weights, term_kind::kv_cache, term_kind::recurrent_state}) {
    if (k == term) break;
    sum += d.of(k);
  }
  return sum;
}

}  // namespace

bool comparer::gave_up_pipelining() const {
  return std::any_of(log_.refused.begin(), log_.refused.end(),
                     [&](const log_refusal& r) { return r.retried && r.context == out_.context; });
}

void comparer::compare_refusals() {
  for (const log_refusal& r : log_.refused) {
    if (r.context != out_.context) continue;
    const term_kind term = kind_of(r.term, false);
    log_comparison& line =
        add(term_name(r.term, false), {r.device, "", r.size, place_of_buffer(r.device)});
    line.why = r.retried ? "refused, and tried again without pipelining" : "refused";
    const int backend = backend_of(place_of_buffer(r.device));
    if (backend < 0 || !pipelined_) continue;
    judge(line, of(*pipelined_, backend, term));
    if (!r.retried) tell_what_runs(r, backend);
  }
}

void comparer::tell_what_runs(const log_refusal& r, int backend) {
  const term_kind term = kind_of(r.term, false);
  const auto i = static_cast<std::size_t>(backend);
  std::string note =
      fmt::format("{} of {} was refused on {}", name(term),
                  in_mib(bytes{static_cast<std::uint64_t>(r.size.mib * 0x1p20)}), r.device);
  if (i < pipelined_->devices.size())
    if (const bytes lay = before(pipelined_->devices[i], term); lay.count > 0)
      note += fmt::format(", where {} lay already", in_mib(lay));
  planner p(m_.shape, out_.rebuilt.devices);
  if (const auto most = max_context(p, out_.rebuilt.r); most && term != term_kind::weights)
    note += most->n_ctx ? fmt::format("; the largest context that runs there has {} tokens",
                                      grouped(most->n_ctx))
                        : "; no context runs there";
  out_.notes.push_back(std::move(note));
}

}  // namespace vrambudget
