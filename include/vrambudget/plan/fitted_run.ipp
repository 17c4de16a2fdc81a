// The engine's fitting, step by step; see fitted_run.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/memory/draft.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/plan/fitted_run.hpp"

namespace vrambudget {
namespace detail {

/// How much of a layer stays on its device.
enum class fit_part : std::uint8_t { attention, up, gate, all_but_experts };

/// What of layer `il` goes elsewhere.
inline std::string overflow_pattern(std::uint32_t il, fit_part stays) {
  constexpr std::array<std::string_view, 4> what = {"ffn_(gate|up|gate_up|down).*",
                                                    "ffn_(gate|gate_up|down).*", "ffn_down.*",
                                                    tensor_override::experts};
  return "blk\\." + std::to_string(il) + "\\." + std::string(what[static_cast<std::size_t>(stays)]);
}

class fitter {
 public:
  fitter(planner& p, const run& r, const fit_wish& w)
      : p_(p),
        w_(w),
        hp_(p.get_model().hp),
        n_layer_(std::max(1u, loads_nextn(r) ? hp_.n_layer_all : hp_.n_layer())),
        n_seq_(sequences(r)),
        n_stream_(unified(r) ? 1 : n_seq_),
        auto_ctx_(r.n_ctx == 0) {
    out_.r = r;
  }

  result<fitted_run> fit() {
    if (out_.r.split_mode == split_mode::tensor) return failed();
    if (auto known = find_devices(); !known) return known.error();
    if (auto_ctx_) out_.r.n_ctx = most_ctx();
    auto full = measure(out_.r);
    if (!full) return full.error();
    available_ = available(*full);
    if (fits(*full)) return std::move(out_);
    const auto done = shrink_context(*full);
    if (!done) return done.error();
    if (*done) return std::move(out_);
    if (placed_by_hand() || n_ == 0) return failed();
    return place();
  }

 private:
  using sizes = std::vector<std::int64_t>;
  using counts = std::vector<std::uint32_t>;

  /// Bytes of one device that a context asks for.
  struct need {
    std::int64_t weights = 0, all = 0, states = 0;
  };
  /// How many layers each device has, and of how many the experts are elsewhere. Where the last device has the output
  /// alone, one less than none are: the engine's numbers of 32 bits wrap, and no layer is meant. The first of those may
  /// keep more, or less, and may leave the rest to another device.
  struct arrangement {
    counts layers, partial;
    std::vector<fit_part> first_keeps;
    std::vector<std::string> first_goes_to;
    sizes needs = {};
  };

  static constexpr std::uint32_t no_less = std::numeric_limits<std::uint32_t>::max();

  result<fitted_run> failed() {
    out_.status = fit_status::failure;
    return std::move(out_);
  }

  // --- what there is

  result<void> find_devices() {
    const bool alone = out_.r.split_mode == split_mode::none;
    for (std::size_t i = 0; i < p_.devices().size(); ++i)
      if (!alone || static_cast<std::int32_t>(i) == out_.r.main_gpu) {
        const device& d = p_.devices()[i];
        const bytes context =
            p_.held_against().buffers_only ? bytes{} : d.driver_context.at(estimate::expected);
        free_.push_back(signed_of(saturating_sub(d.free, context)));
        targets_.push_back(signed_of(
            w_.targets.size() > 1 && i < w_.targets.size() ? w_.targets[i] : w_.targets.front()));
      }
    n_ = free_.size();
    if (n_ > 0) return {};
    if (!p_.held_against().ram)
      return error{errc::invalid_argument,
                   "without a GPU, what is fitted depends on the host's memory: --ram"};
    free_ = {signed_of(*p_.held_against().ram)};
    targets_ = {signed_of(w_.targets.front())};
    return {};
  }
  static std::int64_t signed_of(bytes b) { return static_cast<std::int64_t>(b.count); }

  /// The context that is asked for first if none was told.
  [[nodiscard]] std::uint32_t most_ctx() const {
    const std::uint64_t n = out_.r.profile.rules.fits_by_streams ? n_stream_ : n_seq_;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(hp_.n_ctx_train * n, no_less));
  }
  [[nodiscard]] std::uint32_t least_ctx() const {
    const std::uint64_t least = w_.whole_ctx ? no_less : w_.min_ctx;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(least * n_stream_, no_less));
  }
  [[nodiscard]] bool placed_by_hand() const {
    const run& r = out_.r;
    return r.n_gpu_layers >= 0 || !r.overrides.empty() || r.cpu_moe || r.n_cpu_moe > 0 ||
           r.n_cpu_ffn > 0 ||
           (n_ > 1 && (!r.tensor_split.empty() || r.split_mode == split_mode::row));
  }

  // --- measuring

  /// The buffers of a run as a projection has them, and those of its draft, which keeps its own placement.
  result<std::vector<need>> measure(const run& r) {
    ++out_.n_measured;
    const auto b = p_.budget_for(r, {}, {.enforced = false, .projected = true});
    if (!b) return b.error();
    std::vector<need> all(std::max<std::size_t>(n_, 1));
    const auto add = [](need& to, const term_list& from) {
      to.weights += signed_of(from.of(term_kind::weights));
      to.states += signed_of(from.of(term_kind::recurrent_state));
      for (const term_kind k : {term_kind::weights, term_kind::kv_cache, term_kind::recurrent_state,
                                term_kind::compute_buffer})
        to.all += signed_of(from.of(k));
    };
    if (n_ == 0) add(all[0], b->host);
    for (std::size_t i = 0; i < n_; ++i) add(all[i], b->devices[i]);
    const auto extra = draft_needs(r.n_ctx);
    if (!extra) return extra.error();
    for (std::size_t i = 0; i < extra->size(); ++i) all[i].all += (*extra)[i];
    return all;
  }

  /// A draft's context, measured with what the user said of placement; 0 where its own file has to borrow.
  result<sizes> draft_needs(std::uint32_t n_ctx) {
    if (drafts_at_ == n_ctx) return draft_needs_;
    run r = out_.r;
    r.n_ctx = n_ctx;
    const model* own = p_.draft_model();
    const bool borrows = own && own->traits->borrows != borrowing::nothing;
    draft_needs_.assign(std::max<std::size_t>(n_, 1), 0);
    drafts_at_ = n_ctx;
    if (borrows || (!own && !loads_nextn(r))) return draft_needs_;
    const auto b = p_.budget_for(r, {}, {.enforced = false, .projected = true});
    if (!b) return b.error();
    for (std::size_t i = 0; i < draft_needs_.size(); ++i) {
      const term_list& from = n_ == 0 ? static_cast<const term_list&>(b->host) : b->devices[i];
      for (const term_kind k : {term_kind::draft_weights, term_kind::draft_kv_cache,
                                term_kind::draft_recurrent_state, term_kind::draft_compute_buffer})
        draft_needs_[i] += signed_of(from.of(k));
    }
    return draft_needs_;
  }

  /// What is free while a context is measured: states are allocated then.
  [[nodiscard]] sizes available(const std::vector<need>& needs) const {
    constexpr std::int64_t page = (2_MiB).count;
    sizes left = free_;
    for (std::size_t i = 0; i < n_; ++i) left[i] -= (needs[i].states + page - 1) / page * page;
    return left;
  }
  [[nodiscard]] bool fits(const std::vector<need>& needs) const {
    for (std::size_t i = 0; i < needs.size(); ++i)
      if (available_[i] - needs[i].all < targets_[i]) return false;
    return true;
  }
  /// n * part / whole, cut towards 0. Where the engine's product would wrap, ours is rounded.
  static std::int64_t share(std::int64_t n, std::int64_t part, std::int64_t whole) {
    std::int64_t product = 0;
    if (!__builtin_mul_overflow(n, part, &product)) return product / whole;
    return static_cast<std::int64_t>(static_cast<double>(n) * static_cast<double>(part) /
                                     static_cast<double>(whole));
  }
  static std::int64_t sum(const sizes& all) {
    return std::accumulate(all.begin(), all.end(), std::int64_t{0});
  }
  static std::int64_t sum_of(const std::vector<need>& all) {
    std::int64_t n = 0;
    for (const need& x : all) n += x.all;
    return n;
  }

  // --- a smaller context

  /// Whether that is all there is to do.
  result<bool> shrink_context(const std::vector<need>& full) {
    const std::uint32_t top = out_.r.n_ctx, low = least_ctx();
    const std::int64_t room = sum(available_) - sum(targets_);
    if (room >= sum_of(full) || !auto_ctx_ || top <= low) return false;
    std::int64_t target = room;
    if (n_ > 1) {  // layers do not divide evenly
      std::int64_t weights = 0;
      for (const need& x : full) weights += x.weights;
      target -= static_cast<std::int64_t>(n_ + 1) * (weights / n_layer_) /
                (hp_.moe.n_expert == 0 ? 2 : 6);
    }
    run r = out_.r;
    r.n_ctx = low;
    const auto at_low = measure(r);
    if (!at_low) return at_low.error();
    out_.r.n_ctx = low;
    const std::int64_t least = sum_of(*at_low), most = sum_of(full);
    if (target <= least || most <= least) return false;
    const std::int64_t n = low + share(top - low, target - least, most - least),
                       grid = std::int64_t{n_ctx_multiple} * n_stream_;
    out_.r.n_ctx = static_cast<std::uint32_t>(std::max<std::int64_t>(n - n % grid, low));
    return n_ <= 1;
  }

  // --- layers

  [[nodiscard]] static std::uint32_t total(const counts& n) {
    return std::accumulate(n.begin(), n.end(), 0u);
  }
  [[nodiscard]] bool has_experts() const { return hp_.moe.n_expert > 0; }
  /// The last device has the output as well, which has no experts. Of none it is one less, as in the engine.
  [[nodiscard]] std::uint32_t without_output(std::size_t i, std::uint32_t n) const {
    return i + 1 == n_ ? n - 1 : n;
  }

  [[nodiscard]] run run_of(const arrangement& a) const {
    run r = out_.r;
    r.n_gpu_layers = static_cast<std::int32_t>(total(a.layers));
    if (n_ > 1) r.tensor_split.assign(a.layers.begin(), a.layers.end());
    std::uint32_t il = n_layer_ + 1 - total(a.layers);
    for (std::size_t i = 0; i < n_; ++i) {
      const std::uint32_t first = il + whole_layers(a, i), end = first + a.partial[i];
      for (il = first; il < end; ++il) {
        tensor_override o;
        o.pattern = overflow_pattern(il, il == first ? a.first_keeps[i] : fit_part::all_but_experts);
        o.buffer = il == first ? a.first_goes_to[i] : "CPU";
        r.overrides.push_back(std::move(o));
      }
      il = end;
    }
    return r;
  }
  result<void> measure(arrangement& a) {
    const auto needs = measure(run_of(a));
    if (!needs) return needs.error();
    a.needs.clear();
    for (const need& x : *needs) a.needs.push_back(x.all);
    return {};
  }

  /// The next number to try between what fits on device `i` and what does not, which is `delta` more: where
  /// a straight line would meet the goal.
  [[nodiscard]] std::uint32_t next_step(std::uint32_t delta, std::size_t i, const arrangement& low,
                                        const arrangement& high) const {
    const std::int64_t rise = high.needs[i] - low.needs[i];
    const std::int64_t step = rise == 0 ? 1 : share(delta, goals_[i] - low.needs[i], rise);
    return std::clamp<std::uint32_t>(static_cast<std::uint32_t>(step), 1, delta - 1);
  }

  result<fitted_run> place() {
    goals_.clear();
    for (std::size_t i = 0; i < n_; ++i) goals_.push_back(available_[i] - targets_[i]);
    std::int64_t surplus = 0;
    if (has_experts()) {
      run r = out_.r;
      tensor_override o;
      o.pattern = "blk\\.\\d+\\." + std::string(tensor_override::experts);
      o.buffer = "CPU";
      r.overrides.push_back(std::move(o));
      const auto dense = measure(r);
      if (!dense) return dense.error();
      surplus = sum(available(*dense)) - sum_of(*dense) - sum(targets_);
    }
    arrangement a{counts(n_, 0), counts(n_, 0), std::vector(n_, fit_part::all_but_experts),
                  std::vector<std::string>(n_, "CPU")};
    if (auto ok = measure(a); !ok) return ok.error();
    if (auto ok = fill_back_to_front(a); !ok) return ok.error();
    if (has_experts() && surplus > 0)
      if (auto ok = return_experts(a); !ok) return ok.error();
    out_.r = run_of(a);
    out_.moved = true;
    return std::move(out_);
  }

  /// As many layers as each device takes, from the last one on; of experts none but where all fits.
  result<void> fill_back_to_front(arrangement& low) {
    for (std::size_t i = n_; i-- > 0;) {
      std::uint32_t rest = n_layer_ + 1;
      for (std::size_t j = i + 1; j < n_; ++j) rest -= low.layers[j];
      if (rest == 0) continue;
      arrangement high = low;
      high.layers[i] = rest;
      if (has_experts()) high.partial[i] = without_output(i, rest);
      if (auto ok = measure(high); !ok) return ok;
      if (high.needs[i] <= goals_[i]) {
        low = std::move(high);
        continue;
      }
      while (high.layers[i] - low.layers[i] > 1) {
        const std::uint32_t step = next_step(high.layers[i] - low.layers[i], i, low, high);
        arrangement tried = low;
        tried.layers[i] += step;
        if (has_experts())
          tried.partial[i] += i + 1 == n_ && tried.partial[i] == 0 ? step - 1 : step;
        if (auto ok = measure(tried); !ok) return ok;
        (tried.needs[i] <= goals_[i] ? low : high) = std::move(tried);
      }
    }
    return {};
  }

  /// Layers whose experts are on the host go to the front devices whole, then one more in part.
  result<void> return_experts(arrangement& low) {
    std::size_t dense = n_;  // the first of the last devices, all of which have layers
    while (dense > 0 && low.layers[dense - 1] > 0) --dense;
    for (std::size_t i = 0; i <= dense && dense < n_; ++i) {
      if (auto ok = return_whole_layers(low, i, dense); !ok) return ok;
      if (dense < n_ && low.layers[dense] > (i + 1 < n_ ? 0u : 1u))
        if (auto ok = return_part_of_one(low, i, dense); !ok) return ok;
    }
    return {};
  }

  [[nodiscard]] std::uint32_t whole_layers(const arrangement& a, std::size_t i) const {
    return a.layers[i] - a.partial[i];
  }

  result<void> return_whole_layers(arrangement& low, std::size_t i, std::size_t& dense) {
    arrangement high = low;
    for (std::size_t j = dense; j < n_; ++j) {
      const std::uint32_t moved = without_output(j, high.layers[j]);
      high.layers[i] += moved;
      high.layers[j] -= moved;
      high.partial[j] = 0;
    }
    if (auto ok = measure(high); !ok) return ok;
    if (high.needs[i] <= goals_[i]) {
      low = std::move(high);
      dense = n_ - 1;
      return {};
    }
    while (whole_layers(high, i) - whole_layers(low, i) > 1) {
      const std::uint32_t step =
          next_step(whole_layers(high, i) - whole_layers(low, i), i, low, high);
      arrangement tried = low;
      std::size_t from = dense;
      for (std::uint32_t n = 0; from < n_; ++from) {
        const std::uint32_t moved = std::min(step - n, tried.partial[from]);
        tried.layers[from] -= moved;
        tried.partial[from] -= moved;
        tried.layers[i] += moved;
        n += moved;
        if (tried.partial[from] > 0) break;
      }
      if (auto ok = measure(tried); !ok) return ok;
      if (tried.needs[i] <= goals_[i]) {
        low = std::move(tried);
        dense = from;
      } else {
        high = std::move(tried);
      }
    }
    return {};
  }

  result<void> return_part_of_one(arrangement& low, std::size_t i, std::size_t& dense) {
    arrangement more = low;
    std::size_t from = dense;
    --more.layers[from];
    --more.partial[from];
    ++more.layers[i];
    ++more.partial[i];
    if (more.partial[from] == 0) ++from;
    if (i + 1 < n_)
      more.first_goes_to[i] =
          name(device_id{p_.devices().front().backend, static_cast<std::uint32_t>(i + 1)});
    std::optional<arrangement> taken;
    const auto attempt = [&](fit_part keeps) -> result<bool> {
      arrangement tried = more;
      tried.first_keeps[i] = keeps;
      if (auto ok = measure(tried); !ok) return ok.error();
      if (tried.needs[i] >= goals_[i] || (i + 1 < n_ && tried.needs[i + 1] >= goals_[i + 1]))
        return false;
      taken = std::move(tried);
      return true;
    };
    const auto half = attempt(fit_part::up);
    if (!half) return half.error();
    if (const auto other = attempt(*half ? fit_part::gate : fit_part::attention); !other)
      return other.error();
    if (taken) {
      low = std::move(*taken);
      dense = from;
    }
    return {};
  }

  planner& p_;
  const fit_wish& w_;
  const hparams& hp_;
  std::uint32_t n_layer_, n_seq_, n_stream_;
  bool auto_ctx_;
  std::size_t n_ = 0;  ///< devices
  sizes free_, targets_, available_, goals_;
  std::optional<std::uint32_t> drafts_at_;
  sizes draft_needs_;
  fitted_run out_;
};

}  // namespace detail

result<fitted_run> fit_run(planner& p, const run& r, const fit_wish& w) {
  return detail::fitter(p, r, w).fit();
}

}  // namespace vrambudget
