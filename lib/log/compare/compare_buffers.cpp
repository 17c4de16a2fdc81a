// Compute and output buffers, graphs, and the table of memory against the plan.
#include <algorithm>

#include "comparer.hpp"

namespace vrambudget {

void comparer::compare_buffers(const log_context& c, bool draft) {
  for (const log_term t : {log_term::output, log_term::compute})
    for (const sum& s : with_host_as_one(sums(c.buffers, t, false))) {
      log_comparison& line = add(term_name(t, draft), s);
      const int backend = backend_of(s.place);
      if (backend < 0)
        line.why = no_such_place;
      else if (!out_.planned)
        line.why = no_tensors;
      else if (t == log_term::output && s.size.mib == 0)
        line.why = "no output buffer yet";
      else
        judge(line, of(*out_.planned, backend, kind_of(t, draft)));
      if (t == log_term::compute) {
        excuse_backend(line, true);
        excuse_types(line);
      }
    }
}

/// Two kinds of host memory together are what the plan counts as one.
std::vector<comparer::sum> comparer::with_host_as_one(std::vector<sum> all) {
  const auto on_host = [](const sum& s) { return s.place.kind == buffer_place::host; };
  const auto first = std::find_if(all.begin(), all.end(), on_host);
  if (first == all.end()) return all;
  for (auto it = first + 1; it != all.end(); ++it) {
    if (!on_host(*it)) continue;
    first->device += "+" + it->device;
    first->size.mib += it->size.mib;
    ++first->size.parts;
  }
  all.erase(std::remove_if(first + 1, all.end(), on_host), all.end());
  return all;
}

void comparer::compare_graph() {
  if (!out_.planned) return;
  const log_context& c = log_.contexts[out_.context];
  const budget& b = *out_.planned;
  compare_pair("graph_nodes", c.graph_nodes, b.prompt.n_nodes, b.generation.n_nodes);
  compare_pair("graph_splits", c.graph_splits, b.prompt.n_splits, b.generation.n_splits);
}

void comparer::compare_pair(const char* term, const std::optional<logged<log_pair>>& logged,
                            std::uint64_t prompt, std::uint64_t token) {
  if (!logged) return;
  const std::size_t before = out_.lines.size();
  const bool both = logged->value.first != logged->value.second;
  count(term, both ? "prompt" : "", logged->line, logged->value.first, prompt);
  if (both) count(term, "token", logged->line, logged->value.second, token);
  const bool claimed = out_.rebuilt.profile_covers && out_.rebuilt.r.profile.claims.graphs &&
                       out_.rebuilt.backend == "CUDA";
  for (std::size_t i = before; i < out_.lines.size(); ++i)
    if (!claimed && out_.lines[i].verdict == verdict::differs) {
      out_.lines[i].verdict = verdict::not_comparable;
      out_.lines[i].why = "graphs of other builds have other nodes";
    }
}

void comparer::compare_table() {
  if (!out_.planned || out_.context != 0) return;
  for (const log_table_row& row : log_.table) {
    const buffer_place place = place_of_buffer(row.device);
    const int backend = backend_of(place);
    if (backend >= 0 && !place.repacked) compare_table_row(row, backend);
  }
}

void comparer::compare_table_row(const log_table_row& row, int backend) {
  const auto one = [&](const char* term, std::int64_t mib, bytes predicted) -> log_comparison& {
    const log_size size{static_cast<double>(mib), 0, true, row.line, 1};
    log_comparison& line = add(term, {row.device, "", size, {}});
    judge(line, predicted);
    return line;
  };
  const auto planned = [&](term_kind term) { return of(*out_.planned, backend, term); };
  if (backend != where_.host() && m_.types_known())
    one("table_model", row.model, planned(term_kind::weights));
  one("table_context", row.context,
      planned(term_kind::kv_cache) + planned(term_kind::recurrent_state));
  excuse_backend(one("table_compute", row.compute, planned(term_kind::compute_buffer)), true);
}

}  // namespace vrambudget
