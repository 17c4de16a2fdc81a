#include "comparer.hpp"

#include <algorithm>
#include <map>

#include "causes.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

namespace {

constexpr std::string_view names_of_terms[] = {"weights", "kv_cache", "recurrent_state",
                                               "compute_buffer", "output_buffer"};

std::string term_name(log_term t, bool draft) {
  const auto n = std::string(names_of_terms[static_cast<std::size_t>(t)]);
  return draft ? "draft_" + n : n;
}

/// The layout's cache that a log's cache means; null: none or several.
const kv_cache* cache_named(const memory_layout& layout, const std::string& logged) {
  const kv_cache* found = nullptr;
  for (const kv_cache& c : layout.caches) {
    const bool is = logged.empty() || logged == "base"
                        ? c.kind == cache_kind::base || c.kind == cache_kind::mla
                    : logged == "idx" ? c.kind == cache_kind::idx || c.kind == cache_kind::lid
                                      : name(c.kind) == logged;
    if (!is) continue;
    if (found) return nullptr;
    found = &c;
  }
  return found;
}

/// Whether the log's lines name each cache of the layout.
bool names_all(const log_context& c, const memory_layout& layout) {
  std::vector<std::string> logged;
  for (const log_buffer& b : c.buffers)
    if (b.term == log_term::kv_cache &&
        std::find(logged.begin(), logged.end(), b.cache) == logged.end())
      logged.push_back(b.cache);
  for (const log_cache& k : c.caches)
    if (!k.recurrent && std::find(logged.begin(), logged.end(), k.cache) == logged.end())
      logged.push_back(k.cache);
  const bool named =
      std::all_of(logged.begin(), logged.end(), [](const std::string& n) { return !n.empty(); });
  const auto n_used = std::count_if(layout.caches.begin(), layout.caches.end(),
                                    [](const kv_cache& k) { return !k.layers.empty(); });
  return (named || static_cast<std::size_t>(n_used) == logged.size()) &&
         layout.compressors.empty() &&
         std::all_of(logged.begin(), logged.end(),
                     [&](const std::string& n) { return cache_named(layout, n) != nullptr; });
}

std::string another_backend(const std::string& backend) {
  return "a " + backend + " device: its buffers follow rules that are not modelled";
}

}  // namespace

int comparer::backend_of(const buffer_place& p) const {
  const std::size_t n = out_.rebuilt.devices.size();
  if (p.kind == buffer_place::host) return static_cast<int>(n);
  if (p.kind == buffer_place::device && p.backend == out_.rebuilt.backend && p.index < n)
    return static_cast<int>(p.index);
  return -1;
}

bytes comparer::of(const budget& b, int backend, std::string_view term) const {
  const auto d = static_cast<std::size_t>(backend);
  return d < b.devices.size() ? b.devices[d].of(term) : b.host.of(term);
}

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
        l.size.prints(of(*b, backend, "draft_kv_cache")))
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
  if (auto b = p.budget_for(made.r))
    out_.planned = std::move(*b);
  else
    out_.notes.push_back("no compute buffer: " + b.error().message);
  return true;
}

void comparer::compare() {
  out_.model = m_.shape.name;
  out_.architecture = m_.shape.architecture;
  out_.source = m_.source;
  out_.rebuilt = rebuild_run(log_, out_.context, m_.shape, options_);
  if (!plan()) return;
  const log_context& c = log_.contexts[out_.context];
  if (with_model_) compare_weights();
  compare_caches(c, false);
  compare_cache_sizes(c);
  compare_buffers(c, false);
  compare_graph();
  compare_table();
  if (out_.planned && out_.planned->draft && out_.context + 1 < log_.contexts.size()) {
    const log_context& draft = log_.contexts[out_.context + 1];
    compare_caches(draft, true);
    compare_buffers(draft, true);
  }
  set_apart();
  find_missing();
  find_causes();
}

void comparer::compare_weights() {
  const log_context& c = log_.contexts[out_.context];
  if (c.model >= log_.models.size()) return;
  const log_model& lines = log_.models[c.model];
  const bool types_known = m_.source == model_source::file || m_.source == model_source::same_file;
  for (const sum& s : sums(lines.buffers, log_term::weights, false)) {
    log_comparison& line = add("weights", s);
    const int backend = backend_of(s.place);
    if (m_.shape.tensors.empty()) {
      line.why = "the log does not list tensors: give the model's file";
    } else if (backend < 0) {
      line.why = "not a place that is modelled";
    } else if (!out_.planned) {
      line.why = "no plan";
    } else {
      judge(line, of(*out_.planned, backend, "weights"));
      if (line.verdict == verdict::equal) continue;
      if (s.place.mapped) {
        if (const bytes range = mapped_range(); line.logged->prints(range)) {
          judge(line, range);
          continue;
        }
        line.verdict = verdict::not_comparable;
        line.why = "a mapped range of the file, which depends on the order of its tensors";
      } else if (!types_known) {
        line.verdict = verdict::not_comparable;
        line.why = "the types of its tensors are not in the log: give the model's file";
      } else if (s.place.kind == buffer_place::device && out_.rebuilt.backend != "CUDA") {
        line.verdict = verdict::not_comparable;
        line.why = another_backend(out_.rebuilt.backend);
      }
    }
  }
}

void comparer::compare_caches(const log_context& c, bool draft) {
  const bool by_cache = !draft && names_all(c, *layout_);
  for (const sum& s : sums(c.buffers, log_term::kv_cache, by_cache)) {
    log_comparison& line = add(term_name(log_term::kv_cache, draft), s);
    const int backend = backend_of(s.place);
    if (backend < 0)
      line.why = "not a place that is modelled";
    else if (draft)
      judge(line, of(*out_.planned, backend, "draft_kv_cache"));
    else if (by_cache)
      judge(line, kv_cache_bytes(*cache_named(*layout_, s.cache), backend, where_.host()));
    else
      judge(line, kv_cache_bytes(*layout_, backend, where_.host()));
  }
  for (const sum& s : sums(c.buffers, log_term::recurrent_state, false)) {
    log_comparison& line = add(term_name(log_term::recurrent_state, draft), s);
    const int backend = backend_of(s.place);
    if (backend < 0)
      line.why = "not a place that is modelled";
    else if (!layout_->recurrent)
      line.why = "this model keeps no recurrent states";
    else if (draft)
      judge(line, of(*out_.planned, backend, "draft_recurrent_state"));
    else
      judge(line, recurrent_state_bytes(*layout_->recurrent, backend, where_.host()));
  }
}

void comparer::compare_cache_sizes(const log_context& c) {
  const int n = where_.host() + 1;
  const bool by_cache = names_all(c, *layout_);
  for (const log_cache& k : c.caches) {
    const sum all{"", k.cache, k.size, {}};
    if (k.recurrent) {
      if (!layout_->recurrent) continue;
      bytes total;
      for (int b = 0; b < n; ++b)
        total += recurrent_state_bytes(*layout_->recurrent, b, where_.host());
      judge(add("recurrent_state", all), total);
      if (k.n_cell)
        count("recurrent_cells", "", k.size.line, *k.n_cell, layout_->recurrent->n_cell);
      continue;
    }
    if (!by_cache) {
      add("kv_cache", all).why = "several caches that the lines do not tell apart";
      continue;
    }
    const kv_cache& mine = *cache_named(*layout_, k.cache);
    bytes total;
    for (int b = 0; b < n; ++b) total += kv_cache_bytes(mine, b, where_.host());
    judge(add("kv_cache", all), total);
    if (k.n_cell) count("kv_cells", k.cache, k.size.line, *k.n_cell, mine.n_cell);
    if (k.n_layer) count("kv_layers", k.cache, k.size.line, *k.n_layer, mine.layers.size());
  }
}

void comparer::compare_buffers(const log_context& c, bool draft) {
  for (const log_term t : {log_term::output, log_term::compute}) {
    std::vector<sum> all = sums(c.buffers, t, false);
    // two kinds of host memory together are what the plan counts as one
    const auto on_host = [](const sum& s) { return s.place.kind == buffer_place::host; };
    if (std::count_if(all.begin(), all.end(), on_host) > 1) {
      const auto first = std::find_if(all.begin(), all.end(), on_host);
      for (auto it = first + 1; it != all.end();) {
        if (!on_host(*it)) {
          ++it;
          continue;
        }
        first->device += "+" + it->device;
        first->size.mib += it->size.mib;
        ++first->size.parts;
        it = all.erase(it);
      }
    }
    for (const sum& s : all) {
      log_comparison& line = add(term_name(t, draft), s);
      const int backend = backend_of(s.place);
      if (backend < 0)
        line.why = "not a place that is modelled";
      else if (!out_.planned)
        line.why = "the log does not list tensors: give the model's file";
      else if (t == log_term::output && s.size.mib == 0)
        line.why = "no output buffer yet";
      else
        judge(line, of(*out_.planned, backend, term_name(t, draft)));
      if (line.verdict == verdict::differs && out_.rebuilt.backend != "CUDA" &&
          out_.rebuilt.backend != "ROCm" && t == log_term::compute) {
        line.verdict = verdict::not_comparable;
        line.why = another_backend(out_.rebuilt.backend);
      }
    }
  }
}

void comparer::compare_graph() {
  const log_context& c = log_.contexts[out_.context];
  if (!out_.planned) return;
  const bool same_build = out_.rebuilt.profile_covers &&
                          out_.rebuilt.r.profile.name == engine_profiles.front().name &&
                          out_.rebuilt.backend == "CUDA";
  const auto one = [&](const char* term, const std::optional<logged<log_pair>>& logged,
                       std::uint64_t prompt, std::uint64_t token) {
    if (!logged) return;
    const bool both = logged->value.first != logged->value.second;
    count(term, both ? "prompt" : "", logged->line, logged->value.first, prompt);
    if (both) count(term, "token", logged->line, logged->value.second, token);
    for (std::size_t i = out_.lines.size() - (both ? 2 : 1); i < out_.lines.size(); ++i)
      if (!same_build && out_.lines[i].verdict == verdict::differs) {
        out_.lines[i].verdict = verdict::not_comparable;
        out_.lines[i].why = "graphs of other builds have other nodes";
      }
  };
  one("graph_nodes", c.graph_nodes, out_.planned->prompt.n_nodes, out_.planned->generation.n_nodes);
  one("graph_splits", c.graph_splits, out_.planned->prompt.n_splits,
      out_.planned->generation.n_splits);
}

void comparer::compare_table() {
  if (log_.table.empty() || !out_.planned || out_.context != 0) return;
  for (const log_table_row& row : log_.table) {
    const buffer_place p = place_of_buffer(row.device);
    const int backend = backend_of(p);
    const auto one = [&](const char* term, std::int64_t mib, bytes predicted) {
      log_size size{static_cast<double>(mib), 0, true, row.line, 1};
      log_comparison& line = add(std::string("table_") + term, {row.device, "", size, p});
      if (backend < 0)
        line.why = "not a place that is modelled";
      else
        judge(line, predicted);
      if (line.verdict == verdict::differs && out_.rebuilt.backend != "CUDA" &&
          out_.rebuilt.backend != "ROCm" && std::string_view(term) == "compute") {
        line.verdict = verdict::not_comparable;
        line.why = another_backend(out_.rebuilt.backend);
      }
    };
    if (backend < 0) continue;
    const bool types_known =
        m_.source == model_source::file || m_.source == model_source::same_file;
    if (p.kind == buffer_place::device && types_known)
      one("model", row.model, of(*out_.planned, backend, "weights"));
    one("context", row.context,
        of(*out_.planned, backend, "kv_cache") + of(*out_.planned, backend, "recurrent_state"));
    one("compute", row.compute, of(*out_.planned, backend, "compute_buffer"));
  }
}

/// Differences that mean nothing, since what they depend on is not in the log.
void comparer::set_apart() {
  const rebuilt_run& made = out_.rebuilt;
  const bool types_known = m_.source == model_source::file || m_.source == model_source::same_file;
  for (log_comparison& l : out_.lines) {
    if (l.verdict != verdict::differs) continue;
    const bool compute = l.term.ends_with("compute_buffer") || l.term == "table_compute";
    const bool cache = l.term.find("kv_") != l.term.npos || l.term == "table_context";
    std::string why;
    if (!made.context_known && (compute || cache))
      why = "n_ctx is not in the log";
    else if (!made.kv_types_known && (compute || cache))
      why = "the types of the caches are not in the log";
    else if (!made.ubatch_known && compute)
      why = "n_ubatch is not in the log";
    else if (!types_known && compute && has_overrides(made.r))
      why = "copies of host weights depend on their types: give the model's file";
    if (why.empty()) continue;
    l.verdict = verdict::not_comparable;
    l.why = why;
  }
}

/// Predicted amounts of which the log has no line.
void comparer::find_missing() {
  if (!out_.planned) return;
  const std::size_t n = out_.rebuilt.devices.size();
  for (std::size_t d = 0; d < n; ++d)
    for (const std::string_view term :
         {"weights", "kv_cache", "recurrent_state", "compute_buffer"}) {
      const bytes here =
          out_.planned->devices.size() > d ? out_.planned->devices[d].of(term) : bytes{};
      if (here.count == 0 || (term == "weights" && !with_model_)) continue;
      const bool has =
          std::any_of(out_.lines.begin(), out_.lines.end(), [&](const log_comparison& l) {
            if (l.term != term) return false;
            if (l.device.empty()) return true;
            const buffer_place p = place_of_buffer(l.device);
            return p.kind == buffer_place::unknown ||
                   (p.kind == buffer_place::device && p.index == d);
          });
      if (has) continue;
      log_comparison& l = out_.lines.emplace_back();
      l.term = term;
      l.device = out_.rebuilt.backend + std::to_string(d);
      l.predicted = here;
      l.verdict = verdict::not_logged;
    }
}

void comparer::find_causes() { explain_differences(m_, out_); }

}  // namespace vrambudget
