// How graphs of a context are simulated; see compute_buffer.hpp.
#pragma once

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "vrambudget/arch/description.hpp"
#include "vrambudget/backends/cpu/scratch.hpp"
#include "vrambudget/memory/compute_buffer.hpp"
#include "vrambudget/memory/graph_scratch.hpp"

namespace vrambudget {

graph_planner::graph_planner(const model& m, const placement& place, const weights& placed,
                             std::span<const device> devices, const run& r,
                             const tensor_slicer* slicer)
    : model_(m),
      place_(place),
      weights_(m.hp.n_layer_all),
      n_tensors_(placed.all.size()),
      rules_(r.profile.rules),
      op_offload_(r.op_offload),
      may_pipeline_(devices.size() > 1 && place.full_offload() &&
                    place.mode() == split_mode::layer && !has_overrides(r)),
      cpu_variant_(r.cpu.value_or(usual_cpu_beside(place))),
      draws_pools_(knows_scratch(devices)),
      tells_projection_(orders_by_address(devices)),
      cpu_(host_buffers_of(devices)),
      host_tail_(host_tail_of(devices)) {
  const int n_backends = place.host() + 1;
  cards_ = drawing(devices);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    devices_.push_back(backend_of(devices[i], place.backend_of(i), n_backends, rules_));
    if (!slicer) backends_.push_back(devices_.back().get());
  }
  if (slicer) {
    std::vector<const ggml::backend*> cards;
    for (const auto& d : devices_) cards.push_back(d.get());
    backends_.push_back(&meta_.emplace(std::move(cards)));
    slicer_.emplace(*slicer, m);
    for (const placed_weight& w : placed.all)
      if (w.backend != place.host()) slicer_->add(m.tensors[w.tensor]);
  }
  backends_.push_back(&cpu_);
  for (const placed_weight& w : placed.all)
    add_weight(m.tensors[w.tensor], w, m.tensors[w.tensor].name);
}

void graph_planner::borrow_from(const model& target, const weights& placed,
                                const placement& where) {
  const placed_weight *embeddings = nullptr, *output = nullptr;
  for (const placed_weight& w : placed.all) {
    const std::string& name = target.tensors[w.tensor].name;
    if (name == "token_embd.weight") {
      if (!embeddings) embeddings = &w;
      if (!output || w.backend == where.output_backend()) output = &w;
    }
  }
  for (const placed_weight& w : placed.all)
    if (target.tensors[w.tensor].name == "output.weight") output = &w;
  if (embeddings)
    add_weight(target.tensors[embeddings->tensor], *embeddings, "target.token_embd.weight");
  if (output) add_weight(target.tensors[output->tensor], *output, "target.output.weight");
}

void graph_planner::adapt(const placed_adapters& all, bool apply) {
  n_pairs_ = all.n_pairs();
  for (const placed_lora& l : all.loras) {
    if (!apply || !l.applies) continue;
    is_adapted_ = true;
    for (const placed_pair& p : l.pairs) {
      const auto [stack, il, rest] = stack_of(p.is->of);
      weights_.adapt(il, stack, rest,
                     {weight_tensor(p.is->a, p.backend), weight_tensor(p.is->b, p.backend)});
    }
  }
}

result<compute_buffers> graph_planner::plan(context_params cp, const memory_layout& memory,
                                            const graph_observer& seen) {
  const bool nextn = is_nextn(cp);
  const arch::description* d = arch::find_description(*model_.traits);
  if (!d || (nextn && !d->build_nextn))
    return error{errc::unsupported, std::string("no graph description for ") +
                                        (nextn ? "NextN layers of " : "") + "architecture '" +
                                        model_.architecture + "'"};
  const std::int64_t n_seqs = cp.n_seq_max;
  ggml::scheduler sched(backends_, n_copies(cp), op_offload_, rules_.copies_unread_inputs);

  const arch::ubatch one_each{n_seqs, n_seqs, n_seqs};
  if (const auto ok = split(sched, *d, cp, memory, one_each); !ok) return ok.error();
  for (const auto& [op, enabled] : probed_ops(cp)) {
    if (!*enabled || stays_on_layers(op)) continue;
    *enabled = false;
    if (const auto ok = split(sched, *d, cp, memory, one_each); !ok) return ok.error();
  }
  if (!cp.flash_attn && is_quantized(cp.type_v))
    return error{errc::invalid_argument, "a quantized V cache (" +
                                             std::string(traits(cp.type_v).name) +
                                             ") needs flash attention, which is off here"};

  reserved_.assign(backends_.size(), {});
  compute_buffers out;
  out.flash_attn = cp.flash_attn;
  out.device.resize(cards_.size());
  out.pool.resize(cards_.size());
  if (cp.projected) {
    set_projecting(true);
    const auto ok = split(sched, *d, cp, memory, prompt_of(cp), false);
    if (ok) out.prompt = reserve(sched, out, false);
    set_projecting(false);
    if (!ok) return ok.error();
    out.adapter_growth.resize(out.device.size());
    out.growth.resize(out.device.size());
    out.at_first = out.device;
    return out;
  }
  out.attends_on_host = cp.flash_attn && !stays_on_layers(ggml::op::flash_attn_ext);
  out.pool_elsewhere.assign(elsewhere_.size(), out.pool);
  if (const auto ok = reserve_all(sched, out, *d, cp, memory, seen); !ok) return ok.error();
  out.pipelined = n_copies(cp) > 1;
  out.adapter_growth.resize(out.device.size());
  out.growth.resize(out.device.size());
  if (is_adapted_ && cp.kind == context_kind::model) {
    weights_.apply(true);
    const auto ok = add_adapters(out, *d, cp, memory, seen);
    weights_.apply(false);
    if (!ok) return ok.error();
  }
  if (d->traits.grows_with_positions)
    if (const auto ok = add_growth(sched, out, *d, cp, memory, {one_each, prompt_of(cp)}); !ok)
      return ok.error();
  if (tells_projection_) tell_projection(out);
  return out;
}

void graph_planner::set_projecting(bool on, bool same_graph) {
  for (const auto& device : devices_) device->project(on, same_graph);
}

result<void> graph_planner::add_projection(ggml::scheduler& sched, compute_buffers& out,
                                           const arch::description& d, const context_params& cp,
                                           const memory_layout& memory) {
  if (sched.splits().size() > splits_of_one) {
    set_projecting(true);
    const auto ok = split(sched, d, cp, memory, prompt_of(cp), false);
    if (ok) sched.plan_buffers(graph_);
    set_projecting(false);
    if (!ok) return ok;
  } else if (std::any_of(devices_.begin(), devices_.end(),
                         [](const auto& device) { return device->orders_otherwise(); })) {
    set_projecting(true, true);
    sched.plan_again(graph_, built_);
    set_projecting(false);
  }
  const auto size_of = [&](int b) { return bytes{sched.buffer_size(static_cast<std::size_t>(b))}; };
  out.projected.clear();
  for (std::size_t i = 0; i < out.device.size(); ++i)
    out.projected.push_back(size_of(place_.backend_of(i)));
  out.projected_on_host = size_of(place_.host());
  return {};
}

void graph_planner::tell_projection(compute_buffers& out) {
  for (std::size_t i = 0; i < out.device.size(); ++i) {
    out.growth[i] += saturating_sub(out.device[i], out.projected[i]);
    out.device[i] = out.projected[i];
  }
  out.at_first = out.device;
  out.growth_on_host = saturating_sub(out.host, out.projected_on_host);
  out.host = out.projected_on_host;
}

arch::ubatch graph_planner::prompt_of(const context_params& cp) {
  const std::int64_t n_seqs = cp.n_seq_max, n_tokens = std::min(cp.n_ctx, cp.n_ubatch);
  return {(n_tokens + n_seqs - 1) / n_seqs * n_seqs, n_seqs,
          std::min<std::int64_t>(n_tokens, cp.n_outputs_max)};
}

result<void> graph_planner::reserve_all(ggml::scheduler& sched, compute_buffers& out,
                                        const arch::description& d, const context_params& cp,
                                        const memory_layout& memory, const graph_observer& seen) {
  const std::int64_t n_seqs = cp.n_seq_max, n_tokens = std::min(cp.n_ctx, cp.n_ubatch);
  const arch::ubatch prompt = prompt_of(cp);
  const bool sequences_differ =
      n_seqs > 1 && !d.traits.prompt_of_one &&
      (!cp.kv_unified || memory.recurrent || cp.embeddings || n_tokens % n_seqs != 0);
  out.generation = !seen && is_dwarfed(sched, n_seqs, n_tokens)
                       ? shape_of(sched)
                       : reserve(sched, out, !sequences_differ);
  if (seen) seen(graph_phase::generation, graph_, sched);
  if (const auto ok = split(sched, d, cp, memory, prompt); !ok) return ok.error();
  set_projecting(false);
  if (tells_projection_) built_ = graph_.nodes();
  out.prompt = reserve(sched, out, !sequences_differ);
  out.at_first.clear();
  for (std::size_t i = 0; i < out.device.size(); ++i)
    out.at_first.push_back(
        bytes{sched.buffer_size(static_cast<std::size_t>(place_.backend_of(i)))});
  if (seen) seen(graph_phase::prompt, graph_, sched);
  if (tells_projection_)
    if (const auto ok = add_projection(sched, out, d, cp, memory); !ok) return ok.error();
  if (d.traits.prompt_of_one && n_seqs > 1) {
    if (const auto ok = split(sched, d, cp, memory, {n_tokens, 1, prompt.n_outputs}); !ok)
      return ok.error();
    reserve(sched, out, true);
  } else if (sequences_differ) {
    memory_layout own = memory;
    for (kv_cache& c : own.caches) c.n_stream = 1;
    const std::int64_t n_of_one = std::min<std::int64_t>(n_tokens, cp.n_ctx_seq);
    draw(sched, out, d, cp, own, {n_of_one, 1, std::min(n_of_one, prompt.n_outputs)});
    if (cp.embeddings) draw(sched, out, d, cp, own, {1, 1, 1});
  }
  return {};
}

result<void> graph_planner::add_adapters(compute_buffers& out, const arch::description& d,
                                         const context_params& cp, const memory_layout& memory,
                                         const graph_observer& seen) {
  compute_buffers applied = out;
  applied.device.assign(out.device.size(), {});
  applied.host = {};
  reserved_.assign(backends_.size(), {});
  ggml::scheduler sched(backends_, n_copies(cp), op_offload_, rules_.copies_unread_inputs);
  const std::int64_t n_seqs = cp.n_seq_max;
  if (const auto ok = split(sched, d, cp, memory, {n_seqs, n_seqs, n_seqs}); !ok) return ok.error();
  if (const auto ok = reserve_all(sched, applied, d, cp, memory, seen); !ok) return ok.error();
  for (std::size_t i = 0; i < out.device.size(); ++i)
    out.adapter_growth[i] = saturating_sub(applied.device[i], out.device[i]);
  out.adapter_growth_on_host = saturating_sub(applied.host, out.host);
  out.pool = std::move(applied.pool);
  out.pool_elsewhere = std::move(applied.pool_elsewhere);
  return {};
}

result<void> graph_planner::add_growth(ggml::scheduler& sched, compute_buffers& out,
                                       const arch::description& d, context_params cp,
                                       const memory_layout& memory,
                                       std::initializer_list<arch::ubatch> batches) {
  compute_buffers full = out;
  cp.n_pos = cp.n_ctx_seq;
  for (const arch::ubatch& ub : batches) {
    if (const auto ok = split(sched, d, cp, memory, ub); !ok) return ok.error();
    reserve(sched, full, true);
  }
  for (std::size_t i = 0; i < out.device.size(); ++i)
    out.growth[i] = saturating_sub(full.device[i], out.device[i] + out.adapter_growth[i]);
  out.pool = std::move(full.pool);
  out.pool_elsewhere = std::move(full.pool_elsewhere);
  return {};
}

result<void> graph_planner::split(ggml::scheduler& sched, const arch::description& d,
                                  const context_params& cp, const memory_layout& memory,
                                  const arch::ubatch& ub, bool tied) {
  graph_.clear();
  weights_.begin_graph();
  const arch::graph_source source{model_.hp, cp, place_, memory, weights_, read_layers_};
  arch::builder b(graph_, source, ub);
  arch::build_graph(d, b, is_nextn(cp));
  if (b.undescribed)
    return error{errc::unsupported, std::string("no graph description for ") + b.undescribed};
  check_table(d, std::min(cp.n_ctx, cp.n_ubatch), memory);
  if (!tied)
    for (ggml::tensor* t : graph_.nodes()) t->backend = -1;
  if (graph_.status()) sched.split_graph(graph_);
  if (const auto built = graph_.status(); !built) {
    error e = in_context("the engine cannot run this", built.error());
    if (const std::uint64_t largest = place_.largest_tensor())
      e.message += "; the device's driver lets a kernel read at most " + std::to_string(largest) +
                   " bytes at once: fewer tokens a slot (-c, -np) or a smaller type of cache (-ctk, "
                   "-ctv)";
    return e;
  }
  return {};
}

graph_shape graph_planner::shape_of(const ggml::scheduler& sched) const {
  return {static_cast<std::uint32_t>(graph_.nodes().size()),
          static_cast<std::uint32_t>(sched.splits().size())};
}

bool graph_planner::is_dwarfed(const ggml::scheduler& sched, std::int64_t n_seqs,
                               std::int64_t n_tokens) const {
  constexpr std::int64_t many = 16;
  return tells_projection_ && sched.splits().size() <= splits_of_one && n_tokens >= many * n_seqs;
}

graph_shape graph_planner::reserve(ggml::scheduler& sched, compute_buffers& out,
                                   bool one_sequence) {
  const graph_shape shape = shape_of(sched);
  sched.plan_buffers(graph_);
  out.decided.add(sched.decided());
  if (slicer_) out.views_host_results |= views_host_results(sched);
  for (std::size_t i = 0; i < out.device.size(); ++i)
    out.device[i] = reserved(sched, place_.backend_of(i), out.decided);
  const auto host = static_cast<int>(backends_.size()) - 1;
  out.host = reserved(sched, host, out.decided);
  out.host += host_tail_ * reserved_[static_cast<std::size_t>(host)].size();
  add_pools(sched, out, one_sequence);
  add_cpu_scratch(sched, out);
  return shape;
}

void graph_planner::add_cpu_scratch(const ggml::scheduler& sched, compute_buffers& out) const {
  cpu::by_threads need = {};
  for (const ggml::split& s : sched.splits()) {
    if (s.backend != place_.host()) continue;
    for (const ggml::tensor* t : std::span(graph_.nodes()).subspan(s.begin, s.end - s.begin))
      cpu::raise_scratch(need, *t, cpu_variant_);
  }
  for (std::size_t i = 0; i < need.size(); ++i)
    out.cpu_scratch[i] = std::max(out.cpu_scratch[i], bytes{need[i]});
}

bytes graph_planner::reserved(const ggml::scheduler& sched, int backend,
                              ggml::decisions& decided) {
  std::vector<std::uint64_t>& held = reserved_[static_cast<std::size_t>(backend)];
  const std::span<const ggml::free_list> pieces = sched.pieces(static_cast<std::size_t>(backend));
  bool grows = false;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    grows |= i >= held.size() || pieces[i].high_water() > held[i];
  if (pieces.size() > 1) decided.add(grows);
  if (grows) {
    held.clear();
    for (const ggml::free_list& p : pieces) held.push_back(p.high_water());
  }
  return bytes{std::accumulate(held.begin(), held.end(), std::uint64_t{0})};
}

bool graph_planner::views_host_results(const ggml::scheduler& sched) const {
  const auto shows_host_result = [&](const ggml::tensor* t) {
    const ggml::tensor* of = t->view_src;
    return of && of->op != ggml::op::none && of->backend == place_.host();
  };
  return std::any_of(sched.splits().begin(), sched.splits().end(), [&](const ggml::split& s) {
    const auto nodes = std::span(graph_.nodes()).subspan(s.begin, s.end - s.begin);
    return s.backend == place_.backend_of(0) &&
           std::any_of(nodes.begin(), nodes.end(), shows_host_result);
  });
}

void graph_planner::draw(ggml::scheduler& sched, compute_buffers& out, const arch::description& d,
                         const context_params& cp, const memory_layout& memory,
                         const arch::ubatch& ub) {
  if (draws_pools_ && split(sched, d, cp, memory, ub)) add_pools(sched, out, true);
}

void graph_planner::add_pools(const ggml::scheduler& sched, compute_buffers& out,
                              bool one_sequence) const {
  if (!draws_pools_) return;
  for (std::size_t i = 0; i < out.pool.size(); ++i) {
    std::deque<sliced_node> slices;
    const auto nodes = nodes_on(i, sched, slices);
    raise_pool(out.pool[i], nodes, cards_[i], rules_, one_sequence);
    for (std::size_t s = 0; s < elsewhere_.size(); ++s)
      raise_pool(out.pool_elsewhere[s][i], nodes, elsewhere_[s][i], rules_, one_sequence);
  }
  if (!slicer_) return;
  const partial_results partial = partial_sums();
  out.partial_sum = std::max(out.partial_sum, partial.largest);
  if (!adds_halves(cards_)) return;
  const auto raise = [&](std::vector<pool_need>& all) {
    for (pool_need& need : all)
      for (bytes* drawn : {&need.scratch, &need.of_whole_batches})
        *drawn = std::max(*drawn, meta::halves_of(partial.added));
  };
  raise(out.pool);
  for (std::vector<pool_need>& set : out.pool_elsewhere) raise(set);
}

bool graph_planner::adds_halves(std::span<const drawing_device> cards) {
  return cards.size() == meta::all_reduce_cards &&
         std::all_of(cards.begin(), cards.end(),
                     [](const drawing_device& d) { return d.card.cc >= meta::all_reduce_from_cc; });
}

std::vector<const ggml::tensor*> graph_planner::nodes_on(std::size_t i,
                                                         const ggml::scheduler& sched,
                                                         std::deque<sliced_node>& slices) const {
  if (!slicer_) return drawing_nodes(graph_, sched, static_cast<int>(i), cards_[i]);
  slices = drawing_slices(*slicer_, graph_, sched, place_.backend_of(i), i);
  std::vector<const ggml::tensor*> nodes;
  for (const sliced_node& s : slices) nodes.push_back(&s.node);
  return nodes;
}

graph_planner::partial_results graph_planner::partial_sums() const {
  partial_results most;
  for (const ggml::tensor* t : graph_.nodes()) {
    if (t->backend != place_.backend_of(0) || slicer_->axis_of(*t) != 0) continue;
    const auto experts = static_cast<std::uint64_t>(t->op == ggml::op::mul_mat_id ? t->ne[1] : 1);
    most.largest = std::max(most.largest, bytes{t->nbytes});
    most.added = std::max(most.added, bytes{t->nbytes / experts});
  }
  return most;
}

void graph_planner::check_table(const arch::description& d, std::uint64_t n_tokens,
                                const memory_layout& memory) {
  constexpr std::uint64_t sizes[] = {1031,   2053,   4099,   8209,    16411,   32771,  65537,
                                     131101, 262147, 524309, 1048583, 2097169, 4194319};
  constexpr std::uint64_t nodes_per_pair = 6;
  const std::uint64_t wanted = std::max<std::uint64_t>({1024, d.traits.nodes_per_token * n_tokens,
                                                        d.traits.nodes_per_tensor * n_tensors_}) +
                               nodes_per_pair * n_pairs_;
  const auto* size = std::lower_bound(std::begin(sizes), std::end(sizes), wanted);
  std::size_t n =
      graph_.nodes().size() + graph_.leafs().size() + graph_.n_weights() + weights_.n_added();
  for (const kv_cache& c : memory.caches)
    for (const kv_layer& l : c.layers) n += l.v_width ? 2 : 1;
  if (memory.recurrent) n += 2 * memory.recurrent->layers.size();
  for (const compressor_state& c : memory.compressors) n += 2 * c.layers.size();
  if (size != std::end(sizes) && n > *size)
    graph_.fail("its graph has " + std::to_string(n) +
                " tensors, and the scheduler's table room for " + std::to_string(*size) +
                "; a cache in f16, -kvu or fewer slots need fewer");
}

std::vector<std::pair<ggml::op, bool*>> graph_planner::probed_ops(context_params& cp) const {
  std::vector<std::pair<ggml::op, bool*>> all;
  if (cp.fa_auto) all.emplace_back(ggml::op::flash_attn_ext, &cp.flash_attn);
  if (model_.hp.hc.mult == 0) return all;  // no hyper-connections, none of their operations
  all.emplace_back(ggml::op::hc_pre, &cp.fused.hc_pre);
  all.emplace_back(ggml::op::hc_comb, &cp.fused.hc_comb);
  all.emplace_back(ggml::op::hc_post, &cp.fused.hc_post);
  return all;
}

bool graph_planner::stays_on_layers(ggml::op op) const {
  return std::all_of(graph_.nodes().begin(), graph_.nodes().end(), [&](const ggml::tensor* t) {
    return t->op != op || t->il < 0 ||
           t->backend == place_.layer_backend(static_cast<std::uint32_t>(t->il));
  });
}

std::uint32_t graph_planner::n_copies(const context_params& cp) const {
  return may_pipeline_ && cp.offload_kqv && cp.pipeline_parallel ? sched_max_copies : 1;
}

void graph_planner::add_weight(const model_tensor& t, const placed_weight& w,
                               std::string_view known_as) {
  const auto [stack, il, rest] = stack_of(known_as);
  weights_.add(il, stack, rest, weight_tensor(t, w.backend, w.layout != cpu::layout::plain));
}

}  // namespace vrambudget
