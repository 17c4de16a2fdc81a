#include "comparer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "causes.hpp"

namespace vrambudget {

term_kind kind_of(log_term t, bool draft) {
  using enum term_kind;
  constexpr term_kind own[] = {weights,        kv_cache,      recurrent_state,
                               compute_buffer, output_buffer, adapters};
  constexpr term_kind drafts[] = {draft_weights,        draft_kv_cache,      draft_recurrent_state,
                                  draft_compute_buffer, draft_output_buffer, adapters};
  return (draft ? drafts : own)[static_cast<std::size_t>(t)];
}

std::string term_name(log_term t, bool draft) { return std::string(name(kind_of(t, draft))); }

int comparer::backend_of(const buffer_place& p) const {
  const std::size_t n = out_.rebuilt.devices.size();
  if (p.kind == buffer_place::host) return static_cast<int>(n);
  if (p.kind == buffer_place::device && p.backend == out_.rebuilt.backend && p.index < n)
    return static_cast<int>(p.index);
  return -1;
}

bytes comparer::of(const budget& b, int backend, term_kind term) const {
  const auto d = static_cast<std::size_t>(backend);
  return d < b.devices.size() ? b.devices[d].of(term) : b.host.of(term);
}

std::vector<comparer::sum> comparer::sums(const std::vector<log_buffer>& buffers, log_term term,
                                          bool by_cache) const {
  std::vector<sum> all;
  for (const log_buffer& b : buffers) {
    if (b.term != term) continue;
    const std::string cache = by_cache ? b.cache : "";
    const auto it = std::find_if(all.begin(), all.end(), [&](const sum& s) {
      return s.device == b.device && s.cache == cache;
    });
    if (it == all.end()) {
      all.push_back({b.device, cache, b.size, place_of_buffer(b.device)});
    } else if (term == log_term::compute || term == log_term::output) {
      it->size = b.size;  // reserved again: the last one stays
    } else {
      it->size.mib += b.size.mib;
      ++it->size.parts;
    }
  }
  return all;
}

log_comparison& comparer::add(std::string term, const sum& s) {
  log_comparison& c = out_.lines.emplace_back();
  c.term = std::move(term);
  c.device = s.device;
  c.cache = s.cache;
  c.line = s.size.line;
  c.logged = s.size;
  return c;
}

void comparer::judge(log_comparison& c, bytes predicted) {
  c.predicted = predicted;
  c.verdict = c.logged->prints(predicted) ? verdict::equal : verdict::differs;
}

void comparer::excuse_backend(log_comparison& c, bool with_rocm) const {
  const std::string& backend = out_.rebuilt.backend;
  const bool is_modelled = backend == "Vulkan" || backend == "MTL";
  const bool is_of_release =
      out_.rebuilt.profile_covers && out_.rebuilt.r.profile == default_profile;
  const bool known = backend == "CUDA" || (with_rocm && backend == "ROCm") ||
                     (is_modelled && is_of_release);
  if (c.verdict != verdict::differs || known) return;
  c.verdict = verdict::not_comparable;
  c.why = is_modelled
              ? "a " + backend + " device of another build than " + full_name(default_profile) +
                    ": its buffers follow rules that are not known"
              : "a " + backend + " device: its buffers follow rules that are not modelled";
}

void comparer::excuse_types(log_comparison& c) const {
  const bool copies_weights = where_.n_offloaded() <= m_.shape.hp.n_layer();
  const bool on_device = place_of_buffer(c.device).kind == buffer_place::device;
  if (c.verdict != verdict::differs || m_.types_known() || !copies_weights || !on_device) return;
  c.verdict = verdict::not_comparable;
  c.why = "weights of the host are copied into it, and their types are not in the log: give the model's file";
}

void comparer::count(std::string term, std::string cache, std::size_t line, std::uint64_t logged,
                     std::uint64_t predicted) {
  log_comparison& c = out_.lines.emplace_back();
  c.term = std::move(term);
  c.cache = std::move(cache);
  c.line = line;
  c.logged_count = logged;
  c.predicted_count = predicted;
  c.verdict = logged == predicted ? verdict::equal : verdict::differs;
}

void comparer::compare() {
  out_.model = m_.shape.name;
  out_.architecture = m_.shape.architecture;
  out_.source = m_.source;
  out_.rebuilt = rebuild_run(log_, out_.context, m_.shape, options_);
  if (!plan()) return;
  const log_context& c = log_.contexts[out_.context];
  if (with_model_) compare_weights();
  if (with_model_) compare_adapters();
  compare_caches(c, false);
  compare_states(c, false);
  compare_cache_sizes(c);
  compare_buffers(c, false);
  compare_refusals();
  compare_graph();
  compare_table();
  if (out_.planned && out_.planned->draft && out_.context + 1 < log_.contexts.size()) {
    const log_context& draft = log_.contexts[out_.context + 1];
    compare_caches(draft, true);
    compare_states(draft, true);
    compare_buffers(draft, true);
  }
  set_apart();
  find_missing();
  explain_differences(m_, out_);
}

}  // namespace vrambudget
