// How a projector's encoders are planned; see projector_budget.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/arch/encoders/input.hpp"
#include "vrambudget/memory/encoder_buffers.hpp"
#include "vrambudget/memory/pool.hpp"
#include "vrambudget/plan/projector_budget.hpp"

namespace vrambudget {

namespace detail {

/// A ceiling for an encoder whose graph is not described, over one image as large as may be: every layer's
/// branches at once, scores of attention without a kernel for it, and the image in windows.
inline bytes encoder_ceiling(const encoder& e, const encoder_input& in) {
  const encoder_hparams& hp = e.hp;
  const std::uint64_t nx = static_cast<std::uint64_t>(in.nx),
                      ny = static_cast<std::uint64_t>(in.ny);
  const std::uint64_t patch = std::max<std::uint32_t>(1, hp.patch_size);
  const std::uint64_t n = e.kind == modality::audio ? nx : (nx / patch + 1) * (ny / patch + 1) + 1;
  bytes sum = bytes{4} * n * (16 * std::uint64_t{hp.n_embd} + 4 * std::uint64_t{hp.n_ff});
  sum += bytes{8} * n * n * std::max<std::uint32_t>(1, hp.n_head);
  sum += bytes{8} * n * std::max(hp.projection_dim, hp.n_embd) + bytes{64} * nx * ny;
  return sum;
}

/// What an encoder takes whose graph is not described: all tensors, and ceilings.
inline void take_ceilings(encoder_budget& b, const projector& p, const encoder& e,
                          const encoder_input& small, const encoder_input& large,
                          const device* on) {
  b.basis = basis::bound;
  const ggml::buffer_type in = on ? buffers_of(*on) : cpu::buffers;
  for (const model_tensor& t : p.tensors) b.weights += weight_size(t, in);
  b.warmup.compute = encoder_ceiling(e, small);
  b.largest.compute = std::max(b.warmup.compute, encoder_ceiling(e, large));
  b.warmup.host = b.largest.host = bytes{64} * static_cast<std::uint64_t>(large.nx * large.ny);
  if (!on) b.warmup.host += b.warmup.compute, b.largest.host += b.largest.compute;
}

inline void take_buffers(image_need& to, const encoder_buffers& from) {
  to.compute = from.device;
  to.host = from.host;
  to.n_tokens = static_cast<std::uint64_t>(from.n_tokens);
}

/// Makes room for an input, and for as many at once as the engine takes; `in` says how many then.
inline result<encoder_buffers> reserve_batch(encoder_planner& planner, encoder_input& in) {
  auto one = planner.reserve(in);
  if (!one || !planner.batches() || one->n_tokens <= 0 || one->n_tokens * 2 > most_batched_tokens)
    return one;
  in.n_batch = most_batched_tokens / one->n_tokens;
  auto all = planner.reserve(in);
  if (all) all->n_tokens = one->n_tokens;
  return all;
}

/// What it is after the largest inputs.
inline result<void> take_largest(encoder_budget& b, encoder_planner& planner,
                                 std::vector<encoder_input> inputs, const device* on) {
  for (encoder_input& in : inputs) {
    const auto worst = reserve_batch(planner, in);
    if (!worst) return worst.error();
    if (worst->device + worst->host > b.largest.compute + b.largest.host) {
      b.largest = {in.nx, in.ny};
      b.largest.n_images = in.n_batch;
      take_buffers(b.largest, *worst);
    }
    if (on) b.pool = std::max(b.pool, pool_bytes(worst->pool, on->cc));
  }
  return {};
}

inline result<encoder_budget> plan_encoder(const projector& p, const encoder& e,
                                           const projector_run& r, const device* on,
                                           const engine_rules& rules) {
  const auto range = image_range_of(e, r);
  if (!range) return range.error();
  encoder_budget b;
  b.kind = e.kind;
  b.type = e.type_name;
  const encoder_input small = warmup_input(e, *range, r, rules);
  const encoder_input large = largest_input(e, *range, small);
  b.warmup = {small.nx, small.ny};
  b.largest = {large.nx, large.ny};
  encoder_planner planner(p, e, on, r, rules);
  const auto loaded = planner.reserve(small);
  if (!loaded && loaded.error().code == errc::unsupported) {
    take_ceilings(b, p, e, small, large, on);
    return b;
  }
  if (!loaded) return loaded.error();
  b.weights = planner.weights();
  b.flash_attn = loaded->flash_attn;
  b.n_embd = static_cast<std::uint64_t>(loaded->n_embd_out);
  b.graph = loaded->graph;
  take_buffers(b.warmup, *loaded);
  if (on) b.pool = pool_bytes(loaded->pool, on->cc);
  if (auto taken = take_largest(b, planner, largest_inputs(e, *range, small), on); !taken)
    return taken.error();
  if (!r.warmup) b.warmup.compute = b.warmup.host = bytes{};
  return b;
}

}  // namespace detail

result<projector_budget> plan_projector(const projector& p, const projector_run& r,
                                        const device* on, const engine_rules& rules) {
  projector_budget all;
  all.name = p.name;
  for (const encoder& e : p.encoders) {
    auto planned = detail::plan_encoder(p, e, r, on, rules);
    if (!planned) return planned.error();
    all.encoders.push_back(std::move(*planned));
  }
  const encoder_budget& first = all.encoders.front();
  for (const encoder_budget& e : all.encoders)
    if (e.n_embd != first.n_embd && e.n_embd > 0 && first.n_embd > 0)
      return error{errc::invalid_argument,
                   std::string("the engine refuses this projector: its ") + name(first.kind) +
                       " encoder gives " + std::to_string(first.n_embd) + " values a token, its " +
                       name(e.kind) + " encoder " + std::to_string(e.n_embd)};
  return all;
}

namespace detail {

inline std::vector<explanation> explain(const encoder_budget& e, why::encoder_part p,
                                        const image_need& n = {}) {
  return {why::encoder{e.kind, e.type, p, n.nx, n.ny, n.n_images,
                       p == why::encoder_part::pool ? e.pool : bytes{}}};
}

}  // namespace detail

void add_encoder(const encoder_budget& e, std::optional<std::size_t> device, budget& b) {
  using part = why::encoder_part;
  const auto reserved = detail::explain(e, part::reserved, e.warmup);
  term_list& at = device ? static_cast<term_list&>(b.devices[*device]) : b.host;
  at.grow({term_kind::projector_weights, e.weights, e.basis, detail::explain(e, part::tensors)});
  if (device) {
    at.grow({term_kind::projector_compute, e.warmup.compute, e.basis, reserved});
    b.ask({term_kind::projector_weights, *device, e.weights});
    b.ask({term_kind::projector_compute, *device, e.warmup.compute});
  }
  b.host.grow({term_kind::projector_compute, e.warmup.host, e.basis, reserved});
  if (const projector_type* t = find_projector_type(e.type); t && t->max_frames == however_long)
    b.notes.push_back(
        {note_kind::endless_sound, std::string(name(e.kind)) + " encoder " + e.type, e.largest.nx});
  if (e.basis != basis::exact) b.notes.push_back({note_kind::undescribed_projector, e.type});
}

void add_encoder_use(const encoder_budget& e, std::optional<std::size_t> device, bool told,
                     budget& b) {
  using part = why::encoder_part;
  const auto grown = detail::explain(e, part::growth, e.largest);
  if (device) {
    term_list& at = b.devices[*device];
    at.grow({term_kind::projector_growth, saturating_sub(e.largest.compute, e.warmup.compute),
             e.basis, grown});
    if (e.largest.compute > e.warmup.compute)
      b.ask({term_kind::projector_growth, *device, e.largest.compute, e.warmup.compute});
    const bool is_bound = b.devices[*device].gpu.backend == backend_kind::cuda;
    if (told)
      at.grow({term_kind::pool, e.pool, is_bound ? basis::bound : basis::assumed,
               detail::explain(e, part::pool)});
    b.ask({term_kind::pool, *device, e.pool});
  }
  b.host.grow(
      {term_kind::projector_growth, saturating_sub(e.largest.host, e.warmup.host), e.basis, grown});
}

}  // namespace vrambudget
