#include "vrambudget/log/log_check.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compare/comparer.hpp"

namespace vrambudget {

std::size_t log_check::count(verdict v) const {
  std::size_t n = 0;
  for (const checked_context& c : contexts)
    n += static_cast<std::size_t>(std::count_if(
        c.lines.begin(), c.lines.end(), [v](const log_comparison& l) { return l.verdict == v; }));
  return n;
}

namespace {

/// Whether all buffers of weights are the host's, some of them in the order of a CPU's instructions.
bool is_without_gpu(const parsed_log& log) {
  bool repacked = false;
  for (const log_model& m : log.models)
    for (const log_buffer& b : m.buffers) {
      const buffer_place p = place_of_buffer(b.device);
      if (p.kind != buffer_place::host) return false;
      repacked = repacked || p.repacked;
    }
  return repacked;
}

/// What a whole log would have had as well.
std::vector<std::string> missing_of(const parsed_log& log) {
  std::vector<std::string> all;
  const auto miss = [&](bool has, const char* what) {
    if (!has) all.emplace_back(what);
  };
  const auto any_buffer = [&](log_term t) {
    for (const log_model& m : log.models)
      for (const log_buffer& b : m.buffers)
        if (b.term == t) return true;
    for (const log_context& c : log.contexts)
      for (const log_buffer& b : c.buffers)
        if (b.term == t) return true;
    return false;
  };
  miss(!log.build.empty(), "the build");
  miss(!log.devices.empty() || is_without_gpu(log), "the GPUs");
  miss(std::any_of(log.models.begin(), log.models.end(),
                   [](const log_model& m) { return !m.architecture.empty(); }),
       "the model's hyperparameters");
  miss(any_buffer(log_term::weights), "model buffers");
  miss(!log.contexts.empty() && log.contexts[0].n_ctx.has_value(), "the context's parameters");
  miss(any_buffer(log_term::kv_cache) || any_buffer(log_term::recurrent_state), "cache buffers");
  miss(any_buffer(log_term::compute), "compute buffers");
  if (log.ended_inside_line && !all.empty()) all.emplace_back("the end: it stops inside a line");
  return all;
}

/// A log of nothing but a table, or of model lines alone, still has one context to speak of.
void complete(parsed_log& log) {
  if (!log.contexts.empty()) return;
  if (log.models.empty() && log.table.empty()) return;
  log_context& c = log.contexts.emplace_back();
  c.model = log.models.empty() ? 0 : log.models.size() - 1;
}

/// The model of a context: the one given if the log's lines do not contradict it, else theirs.
std::optional<logged_model> model_for(const log_model& lines, const model* given,
                                      std::vector<std::string>& notes) {
  if (given) {
    const auto against = contradiction(*given, lines);
    if (!against) {
      const bool other_types =
          (!lines.type_counts.empty() && !same_types(*given, lines)) || other_size(*given, lines);
      return logged_model{*given, other_types ? model_source::other_types : model_source::file};
    }
    notes.push_back("MODEL is not used here: " + *against);
  }
  auto found = find_logged_model(lines);
  if (found) return std::move(*found);
  notes.push_back(found.error().message);
  return std::nullopt;
}

bool loads_adapters(const log_model& lines) {
  return std::any_of(lines.buffers.begin(), lines.buffers.end(),
                     [](const log_buffer& b) { return b.term == log_term::adapters; });
}
bool shares_tensors(split_mode mode) {
  return mode == split_mode::tensor || mode == split_mode::row;
}

}  // namespace

log_check check_log(parsed_log log, const rebuild_options& options, const model* given) {
  log_check out;
  out.missing = missing_of(log);
  complete(log);
  out.log = std::move(log);
  for (std::size_t i = 0; i < out.log.contexts.size(); ++i) {
    const log_context& c = out.log.contexts[i];
    checked_context checked;
    checked.context = i;
    static const log_model none;
    const log_model& lines = c.model < out.log.models.size() ? out.log.models[c.model] : none;
    if (auto m = model_for(lines, given, checked.notes)) {
      if (loads_adapters(lines) && !shares_tensors(options.base.split_mode))
        m->shape.adapted_by = options.adapted_by;
      const bool first_of_model =
          std::none_of(out.log.contexts.begin(), out.log.contexts.begin() + static_cast<long>(i),
                       [&](const log_context& earlier) { return earlier.model == c.model; });
      comparer(out.log, *m, options, checked, first_of_model).compare();
      if (!checked.rebuilt.r.spec_types.empty() && checked.planned && checked.planned->draft) ++i;
    }
    out.contexts.push_back(std::move(checked));
  }
  return out;
}

}  // namespace vrambudget
