// What a run may give up for memory, each in steps, as data: best_run.ipp looks for how far to go on each.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/experts_on_host.hpp"
#include "vrambudget/advise/levers.hpp"
#include "vrambudget/memory/draft.hpp"
#include "vrambudget/model/tensor_purpose.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget::detail {

enum class axis_kind : std::uint8_t {
  context,
  slots,
  window,
  drafts,
  cache,
  ubatch,
  host,
  larger_ubatch,
};
inline constexpr std::size_t n_axes = 8;

/// Step 0 is the best, each further one takes no more of the devices' memory.
struct run_axis {
  /// Changes a run; null: there is one step, which leaves it as it is.
  std::function<void(run&, std::uint32_t)> take = {};
  std::uint32_t last = 0;  ///< step
  /// Last steps of those that are as good as each other by what matters most; the last one is `last`.
  std::vector<std::uint32_t> groups = {0};

  /// `n` steps more that are as good as each other.
  void add_group(std::uint32_t n) {
    if (n == 0) return;
    last += n;
    groups.push_back(last);
  }
};

/// What goes to the host beyond experts and feed-forward tensors.
enum class host_end : std::uint8_t { layers, cache };

/// Which layers' experts go to the host first: `-ncmoe` says it for the first ones, and there may be less to
/// compute on a device where it is the last ones.
enum class expert_layers : std::uint8_t { first, last };

/// The axes of one run of one model.
class run_axes {
 public:
  /// `least`: tokens of a context that is not told. `end`: with the cache, the run has it on the host already.
  run_axes(planner& p, const run& r, std::uint32_t least, host_end end)
      : p_(p), m_(p.get_model()), r_(r), end_(end) {
    add_context(least);
    add_slots();
    add_window();
    add_drafts();
    add_cache();
    add_ubatch();
    if (host_has_its_own(p.devices())) add_host();
  }

  [[nodiscard]] const run_axis& operator[](axis_kind k) const {
    return all_[static_cast<std::size_t>(k)];
  }

  /// The run with a step on each axis.
  [[nodiscard]] run at(const std::array<std::uint32_t, n_axes>& steps) const {
    run r = r_;
    for (std::size_t i = 0; i < n_axes; ++i)
      if (all_[i].take) all_[i].take(r, steps[i]);
    return r;
  }

  /// What computes on the host at a step of axis_kind::host.
  [[nodiscard]] on_host moved_at(std::uint32_t step) const {
    return end_ == host_end::cache   ? on_host::cache
           : step == 0               ? on_host::nothing
           : step <= n_feed_forward_ ? on_host::feed_forward
                                     : on_host::layers;
  }

  [[nodiscard]] bool has_experts() const { return !experts_.empty(); }
  /// Whose experts the steps of axis_kind::host move.
  void move_experts(expert_layers from) { from_ = from; }

 private:
  run_axis& axis(axis_kind k) { return all_[static_cast<std::size_t>(k)]; }

  void add_context(std::uint32_t least) {
    if (r_.n_ctx != 0) return;
    const std::uint32_t n_caches = unified(r_) ? 1 : sequences(r_);
    const std::uint32_t grid = n_ctx_multiple * n_caches;
    const std::uint64_t most = std::uint64_t{std::max(m_.hp.n_ctx_train, least)} * n_caches;
    const auto highest = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::max<std::uint64_t>(most / grid, 1), UINT32_MAX / grid));
    const std::uint32_t lowest = std::clamp<std::uint32_t>(least / n_ctx_multiple, 1, highest);
    run_axis& a = axis(axis_kind::context);
    a.take = [grid, highest](run& r, std::uint32_t step) { r.n_ctx = (highest - step) * grid; };
    a.last = highest - lowest;
    a.groups = {a.last};
  }

  /// One step more, which `lighter` makes, if it makes one.
  void add_lever(axis_kind k, std::optional<run> (*lighter)(const run&, const model&)) {
    if (!lighter(r_, m_)) return;
    axis(k).take = [this, lighter](run& r, std::uint32_t step) {
      if (step == 0) return;
      if (auto changed = lighter(r, m_)) r = std::move(*changed);
    };
    axis(k).add_group(1);
  }

  void add_slots() { add_lever(axis_kind::slots, with_one_slot); }
  void add_window() { add_lever(axis_kind::window, without_swa_full); }

  void add_drafts() {
    const auto drafts = drafting_of(m_, p_.draft_model(), r_);
    if (!drafts || !drafts->by) return;
    axis(axis_kind::drafts).take = [](run& r, std::uint32_t step) {
      if (step > 0) r.spec_types = {spec_type::none};
    };
    axis(axis_kind::drafts).add_group(1);
  }

  /// Types that the engine takes for this model: as told, of eight bits, of four, and K of eight with V of four between
  /// them. Where it takes no such V, K alone is in these.
  void add_cache() {
    std::vector<std::pair<ggml_type, ggml_type>> types{{r_.type_k, r_.type_v}};
    std::size_t n_whole = 1;  // of eight bits and more
    const auto add = [&](const std::optional<run>& smaller) {
      if (!smaller || *smaller == r_ || !caches_in(*smaller)) return false;
      types.emplace_back(smaller->type_k, smaller->type_v);
      if (!has_few_bits(*smaller)) n_whole = types.size();
      return true;
    };
    const auto eight = with_cache_type<ggml_type::q8_0>(r_, m_);
    if (eight && !add(eight)) {
      for (const ggml_type k : {ggml_type::q8_0, ggml_type::q4_0}) add(with_pair(k, r_.type_v));
    } else {
      if (reads_pairs(p_.devices())) add(with_pair(ggml_type::q8_0, ggml_type::q4_0));
      add(with_cache_type<ggml_type::q4_0>(r_, m_));
    }
    run_axis& a = axis(axis_kind::cache);
    a.groups = {static_cast<std::uint32_t>(n_whole - 1)};
    a.last = static_cast<std::uint32_t>(types.size() - 1);
    if (a.groups.back() != a.last) a.groups.push_back(a.last);
    a.take = [types = std::move(types)](run& r, std::uint32_t step) {
      r.type_k = types[step].first;
      r.type_v = types[step].second;
    };
  }

  /// With other types of K and V, if none is larger.
  [[nodiscard]] std::optional<run> with_pair(ggml_type k, ggml_type v) const {
    constexpr std::uint64_t row = 256;
    if (row_size(k, row) > row_size(r_.type_k, row) || row_size(v, row) > row_size(r_.type_v, row))
      return std::nullopt;
    run smaller = r_;
    smaller.type_k = k;
    smaller.type_v = v;
    return smaller;
  }

  /// Whether the engine takes the run, and caches something per token.
  [[nodiscard]] bool caches_in(run r) {
    r.n_ctx = n_ctx_multiple;
    r.n_parallel = 1;
    const auto b = p_.budget_for(r);
    return b && b->keeps_kv();
  }

  void add_ubatch() {
    run_axis& smaller = axis(axis_kind::ubatch);
    std::uint32_t n = 0;
    for (std::uint32_t ub = r_.n_ubatch; ub / 2 >= usual_least_ubatch; ub /= 2) ++n;
    smaller.take = [](run& r, std::uint32_t step) { r.n_ubatch >>= step; };
    for (std::uint32_t i = 0; i < n; ++i) smaller.add_group(1);
  }

  /// Experts of more and more layers, or what is dense of them; then whole layers besides.
  void add_host() {
    const std::uint32_t n_layer = m_.hp.n_layer_all;
    const std::uint32_t on_devices =
        r_.n_gpu_layers < 0 ? n_layer + 1
                            : std::min(static_cast<std::uint32_t>(r_.n_gpu_layers), n_layer + 1);
    if (m_.hp.moe.n_expert > 0)
      n_feed_forward_ = static_cast<std::uint32_t>(find_layers_with_experts());
    else if (dense_frees_memory())
      n_feed_forward_ = n_layer - r_.n_cpu_ffn;
    run_axis& a = axis(axis_kind::host);
    a.add_group(n_feed_forward_);
    if (end_ == host_end::layers)
      a.add_group(on_devices);
    else
      a.groups = {a.last};  // with the cache there it is as bad as it gets
    a.take = [this, on_devices, n = n_feed_forward_](run& r, std::uint32_t step) {
      if (step > 0 && n > 0) to_host(r, std::min(step, n));
      if (step > n) r.n_gpu_layers = static_cast<std::int32_t>(on_devices - (step - n));
    };
    add_larger_ubatch();
  }

  /// Whether feed-forward tensors of all layers are more than those that the host is told to have.
  [[nodiscard]] bool dense_frees_memory() {
    run most = r_;
    most.n_cpu_ffn = m_.hp.n_layer_all;
    return r_.n_cpu_ffn < most.n_cpu_ffn && frees_memory(most);
  }

  /// Those whose experts the run that is told leaves on devices.
  std::size_t find_layers_with_experts() {
    if (r_.cpu_moe) return 0;
    for (const model_tensor& t : m_.tensors) {
      const stacked_name n = stack_of(t.name);
      if (n.il < 0 || !stacks_experts(n.rest)) continue;
      const auto il = static_cast<std::uint32_t>(n.il);
      if (il >= r_.n_cpu_moe && il < m_.hp.n_layer()) experts_.push_back(il);
    }
    std::sort(experts_.begin(), experts_.end());
    experts_.erase(std::unique(experts_.begin(), experts_.end()), experts_.end());
    return experts_.size();
  }

  void to_host(run& r, std::uint32_t n) const {
    if (experts_.empty()) {
      r.n_cpu_ffn += n;
    } else if (n == experts_.size()) {
      r.cpu_moe = true;
      r.n_cpu_moe = 0;
    } else if (from_ == expert_layers::first) {
      r.n_cpu_moe = experts_[n - 1] + 1;
    } else {
      r.overrides.push_back(experts_on_host(experts_[experts_.size() - n], experts_.back()));
    }
  }

  /// What the host has of weights is copied to a device for each micro-batch of a prompt: the larger, the fewer.
  void add_larger_ubatch() {
    if (r_.n_ubatch != run{}.n_ubatch || !r_.op_offload) return;
    std::vector<std::uint32_t> sizes;
    for (std::uint32_t ub = std::min(r_.n_batch, 2048u); ub > r_.n_ubatch; ub /= 2)
      sizes.push_back(ub);
    run_axis& a = axis(axis_kind::larger_ubatch);
    const auto n = static_cast<std::uint32_t>(sizes.size());
    for (std::uint32_t i = 0; i < n; ++i) a.add_group(1);
    a.take = [this, sizes = std::move(sizes)](run& r, std::uint32_t step) {
      const bool moved = r.n_gpu_layers != r_.n_gpu_layers || r.n_cpu_moe != r_.n_cpu_moe ||
                         r.cpu_moe != r_.cpu_moe || r.n_cpu_ffn != r_.n_cpu_ffn ||
                         r.overrides != r_.overrides;
      if (step < sizes.size() && moved && r.n_ubatch == r_.n_ubatch) r.n_ubatch = sizes[step];
    };
  }

  /// Whether a run takes less of the devices than the one that was told.
  [[nodiscard]] bool frees_memory(const run& changed) {
    const auto weights = [&](run r) {
      r.n_ctx = n_ctx_multiple;
      r.n_parallel = 1;
      bytes sum;
      if (const auto b = p_.budget_for(r))
        for (const device_budget& d : b->devices) sum += d.of(term_kind::weights);
      return sum;
    };
    return weights(changed) < weights(r_);
  }

  planner& p_;
  const model& m_;
  const run& r_;
  host_end end_;
  expert_layers from_ = expert_layers::first;
  std::vector<std::uint32_t> experts_;  ///< layers
  std::uint32_t n_feed_forward_ = 0;
  std::array<run_axis, n_axes> all_;
};

}  // namespace vrambudget::detail
