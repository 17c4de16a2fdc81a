// Caches and recurrent states against the layout of the context.
#include <algorithm>

#include "comparer.hpp"

namespace vrambudget {
namespace {

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

}  // namespace

void comparer::compare_caches(const log_context& c, bool draft) {
  const bool by_cache = !draft && names_all(c, *layout_);
  for (const sum& s : sums(c.buffers, log_term::kv_cache, by_cache)) {
    log_comparison& line = add(term_name(log_term::kv_cache, draft), s);
    const int backend = backend_of(s.place);
    if (backend < 0)
      line.why = no_such_place;
    else if (draft)
      judge(line, of(*out_.planned, backend, term_kind::draft_kv_cache));
    else if (by_cache)
      judge(line, kv_cache_bytes(*cache_named(*layout_, s.cache), backend,
                                 where_.cache_buffers(backend)));
    else
      judge(line, kv_cache_bytes(*layout_, backend, where_.cache_buffers(backend)));
  }
}

void comparer::compare_states(const log_context& c, bool draft) {
  for (const sum& s : sums(c.buffers, log_term::recurrent_state, false)) {
    log_comparison& line = add(term_name(log_term::recurrent_state, draft), s);
    const int backend = backend_of(s.place);
    if (backend < 0)
      line.why = no_such_place;
    else if (!layout_->recurrent)
      line.why = "this model keeps no recurrent states";
    else if (draft)
      judge(line, of(*out_.planned, backend, term_kind::draft_recurrent_state));
    else
      judge(line,
            recurrent_state_bytes(*layout_->recurrent, backend, where_.cache_buffers(backend)));
  }
}

void comparer::compare_cache_sizes(const log_context& c) {
  const bool by_cache = names_all(c, *layout_);
  for (const log_cache& k : c.caches) {
    if (k.recurrent) {
      compare_state_size(k);
      continue;
    }
    const sum all{"", k.cache, k.size, {}};
    if (!by_cache) {
      add("kv_cache", all).why = "several caches that the lines do not tell apart";
      continue;
    }
    const kv_cache& mine = *cache_named(*layout_, k.cache);
    bytes total;
    for (int b = 0; b <= where_.host(); ++b)
      total += kv_cache_bytes(mine, b, where_.cache_buffers(b));
    judge(add("kv_cache", all), total);
    if (k.n_cell) count("kv_cells", k.cache, k.size.line, *k.n_cell, mine.n_cell);
    if (k.n_layer) count("kv_layers", k.cache, k.size.line, *k.n_layer, mine.layers.size());
  }
}

void comparer::compare_state_size(const log_cache& logged) {
  if (!layout_->recurrent) return;
  bytes total;
  for (int b = 0; b <= where_.host(); ++b)
    total += recurrent_state_bytes(*layout_->recurrent, b, where_.cache_buffers(b));
  judge(add("recurrent_state", {"", logged.cache, logged.size, {}}), total);
  if (logged.n_cell)
    count("recurrent_cells", "", logged.size.line, *logged.n_cell, layout_->recurrent->n_cell);
}

}  // namespace vrambudget
