// The search for changes; see what_would_fit.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/memory/draft.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

namespace detail {

/// Tries changes of one run, a kind after the other.
class change_search {
 public:
  change_search(planner& p, const run& r) : p_(p), r_(r) {}

  std::vector<suggestion> take() {
    try_cache_types();
    if (sequences(r_) > 1) {
      run one = r_;
      one.n_parallel = 1;
      one.kv_unified.reset();
      one.n_ctx = trained_part(r_.n_ctx);
      keep_if_fits(
          {change_kind::n_parallel, one, 0, sequences(r_), one.n_ctx != r_.n_ctx ? one.n_ctx : 0});
    }
    try_no_draft();
    try_no_pipelining();
    for (std::uint32_t ub = r_.n_ubatch / 2; ub >= 64; ub /= 2) {
      run smaller = r_;
      smaller.n_ubatch = ub;
      if (keep_if_fits({change_kind::n_ubatch, smaller, 0, 0})) break;
    }
    try_context();
    if (moves_to_host()) try_host();
    return std::move(found_);
  }

 private:
  /// Tokens of one slot that was never meant to be longer than what the model was trained for.
  [[nodiscard]] std::uint32_t trained_part(std::uint32_t n_ctx) const {
    const std::uint32_t trained = p_.get_model().hp.n_ctx_train;
    const std::uint32_t of_a_slot = unified(r_) ? n_ctx : n_ctx / sequences(r_);
    return trained > 0 && of_a_slot <= trained ? std::min(n_ctx, trained) : n_ctx;
  }

  /// Whether the host has memory of its own.
  [[nodiscard]] bool moves_to_host() const {
    const std::vector<device>& all = p_.devices();
    return !all.empty() &&
           std::none_of(all.begin(), all.end(), [](const device& d) { return d.unified; });
  }

  void try_host() {
    const std::uint32_t n_layer = p_.get_model().hp.n_layer_all;
    if (p_.get_model().hp.moe.n_expert > 0 && !r_.cpu_moe)
      try_on_host(change_kind::n_cpu_moe, n_layer,
                  [](run& r, std::uint32_t n) { r.n_cpu_moe = n; });
    try_on_host(change_kind::n_gpu_layers, n_layer + 1, [n_layer](run& r, std::uint32_t n) {
      r.n_gpu_layers = static_cast<std::int32_t>(n_layer + 1 - n);
    });
  }

  /// What goes to the host may not fit there, but it leaves the devices.
  [[nodiscard]] bool fits_devices(const run& r) {
    const result<budget> b = p_.budget_for(r);
    return b && b->fits_devices();
  }

  bool keep_if_fits(suggestion s) {
    const result<budget> b = p_.budget_for(s.changed);
    if (!b || !b->fits()) return false;
    s.spare = bytes::max();
    for (const device_budget& d : b->devices) s.spare = std::min(s.spare, d.spare());
    if (b->devices.empty()) s.spare = b->host.spare().value_or(bytes{});
    s.host = b->host.needed();
    found_.push_back(std::move(s));
    return true;
  }

  void try_cache_types() {
    for (const ggml_type t : {ggml_type::q8_0, ggml_type::q4_0}) {
      if (row_size(t, 256) >= row_size(r_.type_k, 256) &&
          row_size(t, 256) >= row_size(r_.type_v, 256))
        continue;
      run smaller = r_;
      smaller.type_k = smaller.type_v = t;
      if (keep_if_fits({change_kind::cache_types, smaller, 0, 0})) return;
    }
  }

  void try_no_draft() {
    const auto drafts = drafting_of(p_.get_model(), p_.draft_model(), r_);
    if (!drafts || !drafts->by) return;
    run alone = r_;
    alone.spec_types = {spec_type::none};
    keep_if_fits(
        {drafts->own_model ? change_kind::no_draft_model : change_kind::no_draft, alone, 0, 0});
  }

  void try_no_pipelining() {
    const result<budget> b = p_.budget_for(r_);
    if (b && b->pipelining == pipelining::used)
      keep_if_fits({change_kind::no_pipelining, without_pipelining(r_), 0, 0, {}});
  }

  void try_context() {
    const std::uint64_t n_caches = unified(r_) ? 1 : sequences(r_);
    const std::uint64_t trained = p_.get_model().hp.n_ctx_train * n_caches;
    const auto limit = static_cast<std::uint32_t>(
        trained > 0 ? std::min<std::uint64_t>(r_.n_ctx, trained) : r_.n_ctx);
    const result<context_limit> most = max_context(p_, r_, limit);
    if (!most || most->n_ctx == 0) return;
    run shorter = r_;
    shorter.n_ctx = most->n_ctx;
    keep_if_fits({change_kind::n_ctx, shorter, 0, 0});
  }

  /// As few layers as it takes, up to `most`, if more of them never take more.
  template <class Move>
  void try_on_host(change_kind kind, std::uint32_t most, Move&& move) {
    const auto with = [&](std::uint32_t n) {
      run moved = r_;
      move(moved, n);
      return moved;
    };
    if (most == 0 || !fits_devices(with(most))) return;
    std::uint32_t too_few = 0, enough = most;
    while (too_few + 1 < enough) {
      const std::uint32_t n = too_few + (enough - too_few) / 2;
      (fits_devices(with(n)) ? enough : too_few) = n;
    }
    keep_if_fits({kind, with(enough), enough, 0});
  }

  planner& p_;
  const run& r_;
  std::vector<suggestion> found_;
};

}  // namespace detail

std::vector<suggestion> what_would_fit(planner& p, const run& r) {
  return detail::change_search(p, r).take();
}

}  // namespace vrambudget
