// How a projector's encoders are planned; see projector_budget.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

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

inline encoder_budget budget_of(const projector& p, const encoder& e, const projector_run& r,
                                const image_range& range, const device* on,
                                const engine_rules& rules, error& failed) {
  encoder_budget b;
  b.kind = vrambudget::name(e.kind);
  b.type = e.type_name;
  const encoder_input small = warmup_input(e, range), large = largest_input(e, range);
  b.warmup = {small.nx, small.ny};
  b.largest = {large.nx, large.ny};
  const std::uint32_t cc = on ? on->cc : 0;
  encoder_planner planner(p, e, on, r, rules);
  auto loaded = planner.reserve(small);
  if (!loaded && loaded.error().code == errc::unsupported) {
    b.basis = basis::bound;
    for (const model_tensor& t : p.tensors) b.weights += weight_size(t, on != nullptr);
    b.warmup.compute = encoder_ceiling(e, small);
    b.largest.compute = std::max(b.warmup.compute, encoder_ceiling(e, large));
    b.warmup.host = b.largest.host = bytes{64} * static_cast<std::uint64_t>(large.nx * large.ny);
    if (!on) b.warmup.host += b.warmup.compute, b.largest.host += b.largest.compute;
    return b;
  }
  if (!loaded) return failed = loaded.error(), b;
  const auto take = [](image_need& to, const encoder_buffers& from) {
    to.compute = from.device;
    to.host = from.host;
    to.n_tokens = static_cast<std::uint64_t>(from.n_tokens);
  };
  b.weights = planner.weights();
  b.flash_attn = loaded->flash_attn;
  b.n_embd = static_cast<std::uint64_t>(loaded->n_embd_out);
  b.graph = loaded->graph;
  take(b.warmup, *loaded);
  bytes pool = on ? pool_bytes(loaded->pool, cc) : bytes{};
  for (encoder_input in : largest_inputs(e, range)) {
    auto worst = planner.reserve(in);
    if (worst && planner.batches() && worst->n_tokens > 0 &&
        worst->n_tokens * 2 <= most_batched_tokens) {
      in.n_batch = most_batched_tokens / worst->n_tokens;
      const std::int64_t n_tokens = worst->n_tokens;
      worst = planner.reserve(in);
      if (worst) worst->n_tokens = n_tokens;
    }
    if (!worst) return failed = worst.error(), b;
    const bytes before = b.largest.compute + b.largest.host;
    if (worst->device + worst->host > before) {
      b.largest = {in.nx, in.ny};
      b.largest.n_images = in.n_batch;
      take(b.largest, *worst);
    }
    if (on) pool = std::max(pool, pool_bytes(worst->pool, cc));
  }
  b.pool = pool;
  if (!r.warmup) b.warmup.compute = b.warmup.host = bytes{};
  return b;
}

}  // namespace detail

result<projector_budget> plan_projector(const projector& p, const projector_run& r,
                                        const device* on, const engine_rules& rules) {
  projector_budget all;
  all.name = p.name;
  all.on_device = on != nullptr;
  for (const encoder& e : p.encoders) {
    const auto range = image_range_of(e, r);
    if (!range) return range.error();
    error failed;
    all.encoders.push_back(detail::budget_of(p, e, r, *range, on, rules, failed));
    if (!failed.message.empty()) return failed;
  }
  const encoder_budget& first = all.encoders.front();
  for (const encoder_budget& e : all.encoders)
    if (e.n_embd != first.n_embd && e.n_embd > 0 && first.n_embd > 0)
      return error{errc::invalid_argument, "the engine refuses this projector: its " + first.kind +
                                               " encoder gives " + std::to_string(first.n_embd) +
                                               " values a token, its " + e.kind + " encoder " +
                                               std::to_string(e.n_embd)};
  return all;
}

void add_encoder(const encoder_budget& e, bool on_device, bool with_pool, term_list& at,
                 budget& b) {
  const auto size = [](const image_need& n) {
    const std::string images = n.n_images > 1 ? std::to_string(n.n_images) + " at once of " : "";
    return images + std::to_string(n.nx) + " x " + std::to_string(n.ny);
  };
  const std::string what = e.kind + " encoder " + e.type;
  const std::string reserved = what + ": reserved when it is loaded, for " + size(e.warmup);
  const std::string grown = what + ": more once an input of " + size(e.largest) + " came";
  at.grow({"projector_weights", e.weights, e.basis, what});
  if (on_device) {
    at.grow({"projector_compute", e.warmup.compute, e.basis, reserved});
    at.grow(
        {"projector_growth", saturating_sub(e.largest.compute, e.warmup.compute), e.basis, grown});
    if (with_pool)
      at.grow({"pool", e.pool, basis::bound,
               std::to_string(e.pool.count) + " of the " + what + "'s own"});
  }
  b.host.grow({"projector_compute", e.warmup.host, e.basis, reserved});
  b.host.grow({"projector_growth", saturating_sub(e.largest.host, e.warmup.host), e.basis, grown});
  if (const projector_type* t = find_projector_type(e.type); t && t->max_frames == however_long)
    b.notes.push_back(what + " is given sound of any length at once: more than " +
                      std::to_string(e.largest.nx) + " frames take more than is counted here");
  if (e.basis != basis::exact)
    b.notes.push_back("projector type '" + e.type +
                      "' is not described: all tensors of its file are counted, and a ceiling for "
                      "its compute buffer");
}

}  // namespace vrambudget
