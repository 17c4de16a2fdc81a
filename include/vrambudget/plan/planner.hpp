// Budgets for one model on some devices. Kept for many runs, it reuses placements and graph memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/compute_buffer.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/output_buffer.hpp"
#include "vrambudget/memory/overhead.hpp"
#include "vrambudget/memory/placement.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/explain.hpp"

namespace vrambudget {

/// What a budget is held against.
struct limits {
  bytes reserve;              ///< kept free on every device, `--reserve`
  bool buffers_only = false;  ///< count the engine's own buffers and nothing else, `--buffers-only`
};

/// Plans runs of one model on one set of devices. The model must outlive it.
class planner {
 public:
  planner(const model& m, std::vector<device> devices, limits l = {})
      : model_(m), devices_(std::move(devices)), limits_(l) {}

  [[nodiscard]] const model& get_model() const { return model_; }

  /// Every byte of a run.
  ///
  /// Errors:   invalid_argument  the engine refuses the run
  ///           overflow          a size needs more than 64 bits
  /// Accuracy: each term by its own basis
  [[nodiscard]] result<budget> budget_for(const run& r) {
    auto context = effective_context(r, model_.hp);
    if (!context) return context.error();
    if (auto e = place(r); !e.message.empty()) return e;
    placed& p = *placed_;
    const memory_layout layout = layout_of(model_.architecture, model_.hp, *context, p.where);

    budget b;
    b.n_gpu_layers = p.where.n_offloaded();
    auto compute = p.graphs.plan(*context, layout);
    enum basis compute_basis = basis::exact;
    if (!compute && compute.error().code == errc::unsupported) {
      compute = bounded_compute(*context, p);
      compute_basis = basis::bound;
      b.notes.push_back(unknown_note());
    }
    if (!compute) return compute.error();
    context->flash_attn = compute->flash_attn;
    context->fa_auto = false;
    b.context = *context;
    b.prompt = compute->prompt;
    b.generation = compute->generation;

    const explainer why(model_, *context, layout, p.where);
    const auto cache_basis = model_.is_known() ? basis::exact : basis::assumed;
    for (std::size_t i = 0; i < p.devices.size(); ++i)
      b.devices.push_back(
          device_terms(i, *compute, compute_basis, cache_basis, layout, p, why, *context));
    const int host = p.where.host();
    b.host.add(
        {"weights", p.placed_weights.on(host), basis::exact, why.weights(p.placed_weights, host)});
    b.host.add({"kv_cache", kv_cache_bytes(layout, host, host), cache_basis, why.kv_cache(host)});
    if (layout.recurrent)
      b.host.add({"recurrent_state", recurrent_state_bytes(*layout.recurrent, host, host),
                  cache_basis, why.recurrent_state(host)});
    b.host.add({"compute_buffer", compute->host, compute_basis, why.compute_buffer(*compute)});
    b.host.add({"output_buffer", output_buffer_bytes(model_.hp, *context), basis::exact,
                why.output_buffer()});
    if (b.host.used().overflowed() ||
        std::any_of(b.devices.begin(), b.devices.end(),
                    [](const device_budget& d) { return d.used().overflowed(); }))
      return error{errc::overflow, "a size of this run needs more than 64 bits"};
    return b;
  }

 private:
  /// What depends on where tensors go, and not on the context.
  struct placed {
    placed(const model& m, std::vector<device> d, placement w, weights pw, const run& r)
        : devices(std::move(d)),
          where(std::move(w)),
          placed_weights(std::move(pw)),
          made_for(r),
          graphs(m, where, placed_weights, devices, r) {}
    std::vector<device> devices;
    placement where;
    weights placed_weights;
    run made_for;
    graph_planner graphs;
  };

  static bool same_place(const run& a, const run& b) {
    const auto same_overrides = [&] {
      return std::equal(a.overrides.begin(), a.overrides.end(), b.overrides.begin(),
                        b.overrides.end(), [](const tensor_override& x, const tensor_override& y) {
                          return x.pattern == y.pattern && x.buffer == y.buffer;
                        });
    };
    return a.n_gpu_layers == b.n_gpu_layers && a.split_mode == b.split_mode &&
           a.main_gpu == b.main_gpu && a.tensor_split == b.tensor_split && a.cpu_moe == b.cpu_moe &&
           a.n_cpu_moe == b.n_cpu_moe && a.n_cpu_ffn == b.n_cpu_ffn &&
           a.op_offload == b.op_offload && same_overrides();
  }

  /// Places the model's tensors for `r` unless they lie so already.
  error place(const run& r) {
    if (placed_ && same_place(placed_->made_for, r)) return {};
    auto used = devices_of(r, devices_);
    if (!used) return used.error();
    auto where = place_layers(r, *used, model_.hp.n_layer_all);
    if (!where) return where.error();
    auto pw = place_weights(model_, *where, r);
    if (!pw) return pw.error();
    placed_ =
        std::make_unique<placed>(model_, std::move(*used), std::move(*where), std::move(*pw), r);
    return {};
  }

  device_budget device_terms(std::size_t i, const compute_buffers& compute,
                             enum basis compute_basis, enum basis cache_basis,
                             const memory_layout& layout, const placed& p, const explainer& why,
                             const context_params& cp) const {
    const int backend = static_cast<int>(i), host = p.where.host();
    device_budget d;
    d.id = device_id(p.made_for, i);
    d.gpu = p.devices[i];
    d.usable = saturating_sub(d.gpu.free, limits_.reserve);
    d.add({"weights", p.placed_weights.on(backend), basis::exact,
           why.weights(p.placed_weights, backend)});
    d.add({"kv_cache", kv_cache_bytes(layout, backend, host), cache_basis, why.kv_cache(backend)});
    if (layout.recurrent)
      d.add({"recurrent_state", recurrent_state_bytes(*layout.recurrent, backend, host),
             cache_basis, why.recurrent_state(backend)});
    d.add({"compute_buffer", compute.device[i], compute_basis, why.compute_buffer(compute)});
    if (!limits_.buffers_only) {
      d.add({"driver_context", driver_context_bytes(d.gpu.cc), basis::assumed,
             "the CUDA context of one process on this generation of GPU"});
      d.add({"pool", pool_bytes(model_, p.placed_weights, backend, d.gpu, cp), basis::bound,
             "scratch of the largest kernel at " + std::to_string(cp.n_ubatch) +
                 " tokens, and cuBLAS's workspace"});
    }
    return d;
  }

  /// A ceiling for graphs that are not described: for every token of a micro-batch what a layer's
  /// branches can keep alive at once, scores or copies of a whole cache, all logits, the states of all
  /// sequences, host weights copied over, and four copies of every input if work is pipelined.
  [[nodiscard]] compute_buffers bounded_compute(const context_params& cp, const placed& p) const {
    const hparams& hp = model_.hp;
    const std::uint64_t nt = std::max(cp.n_ubatch, cp.n_seq_max) + cp.n_seq_max;
    std::uint64_t widest = hp.n_embd, heads = 1, kv_width = 1, experts = 1;
    bytes largest;
    for (const model_tensor& t : model_.tensors) {
      largest = std::max(largest, t.size);
      if (t.ne[1] > 1 && t.ne[1] < hp.n_vocab)
        widest = std::max(
            {widest, static_cast<std::uint64_t>(t.ne[0]), static_cast<std::uint64_t>(t.ne[1])});
    }
    for (std::uint32_t il = 0; il < hp.n_layer_all; ++il) {
      heads = std::max<std::uint64_t>(heads, hp.n_head(il));
      kv_width = std::max<std::uint64_t>(kv_width, hp.n_embd_k_gqa(il) + hp.n_embd_v_gqa(il));
      experts = std::max<std::uint64_t>(experts, hp.n_expert_used(il));
    }
    const std::uint64_t streams =
        std::max<std::uint64_t>({1, hp.dsv4_hc_mult, hp.n_embd_per_layer ? hp.n_layer() : 0});
    const std::uint64_t copies = p.devices.size() > 1 ? engine::sched_max_copies : 1;
    const std::uint64_t rows =
        std::max<std::uint64_t>(cp.n_outputs_max, nt * (cp.embeddings ? 1 : 0));
    bytes sum = bytes{4} * nt * (12 * streams * hp.n_embd_inp() + 8 * widest * (1 + experts));
    sum += bytes{4} * cp.n_ctx * nt * 4 * copies;  // masks and indices
    sum += bytes{8} * nt * kv_width * copies;      // places of a transposed V
    sum += bytes{2} * kv_width * cp.n_ctx * 2;     // copies of a quantized cache
    if (!cp.flash_attn || cp.fa_auto) sum += bytes{8} * cp.n_ctx * nt * heads;
    sum += bytes{8} * (std::uint64_t{hp.n_vocab} + hp.n_embd) * std::max<std::uint64_t>(rows, 1);
    sum += bytes{16} * cp.n_seq_max * (hp.n_embd_r() + hp.n_embd_s());
    sum += bytes{4} * hp.n_embd * nt * 4 * copies;
    compute_buffers out;
    out.flash_attn = cp.flash_attn;
    out.device.assign(p.devices.size(), sum + 2 * largest);
    out.host = sum;
    return out;
  }

  [[nodiscard]] std::string unknown_note() const {
    return model_.is_known()
               ? "the graph of architecture '" + model_.architecture +
                     "' is not described yet: its compute buffer is a bound, the rest is exact"
               : "architecture '" + model_.architecture +
                     "' is unknown: weights are exact, the KV cache follows the standard formula, "
                     "the compute buffer is a bound";
  }

  const model& model_;
  std::vector<device> devices_;
  limits limits_;
  std::unique_ptr<placed> placed_;
};

/// The budget of one run.
[[nodiscard]] inline result<budget> plan(const model& m, const run& r, std::vector<device> devices,
                                         limits l = {}) {
  return planner(m, std::move(devices), l).budget_for(r);
}

}  // namespace vrambudget
