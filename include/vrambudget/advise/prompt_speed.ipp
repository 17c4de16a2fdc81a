// What a prompt takes, and how long that is; see prompt_speed.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "vrambudget/advise/prompt_speed.hpp"
#include "vrambudget/advise/used_parts.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {

namespace detail {

/// Adds up what one prompt computes, device by device.
class prompt_reader {
 public:
  prompt_reader(const model& m, const placement& where, prompt_work& to)
      : m_(m), hp_(m.hp), host_(where.host()), w_(to) {
    w_.operations.resize(where.n_devices());
  }

  void read_weights(const weights& placed) {
    std::array<bytes, n_ggml_type> of_type{};
    for (const placed_weight& p : placed.all) {
      const model_tensor& t = m_.tensors[p.tensor];
      if (!is_multiplied(t)) continue;
      std::uint64_t elements = 1;
      for (const std::int64_t n : t.ne)
        elements *= static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1));
      const used_share share = used_experts(m_, t);
      const bool is_copied = p.backend == host_;
      if (is_copied) w_.copied += t.size;
      add(is_copied ? 0 : p.backend, unit_of(t.type),
          2 * (elements / share.of * share.used) * w_.n_tokens);
      of_type[static_cast<std::size_t>(t.type)] += bytes{t.size.count / share.of} * share.used;
    }
    w_.most =
        static_cast<ggml_type>(std::max_element(of_type.begin(), of_type.end()) - of_type.begin());
  }

  /// False: the host attends.
  [[nodiscard]] bool read_cache(const kv_cache& c) {
    if (c.kind == cache_kind::idx || c.kind == cache_kind::lid) return true;
    const std::uint64_t cells = mean_cells(c.kind);
    for (std::uint32_t il = 0; il < c.layer_index.size(); ++il) {
      const kv_layer* const l = c.find(il);
      if (!l || il >= hp_.n_layer()) continue;
      if (l->backend == host_) return false;
      const std::uint64_t kv_heads = std::max(hp_.n_head_kv(il), 1u);
      const std::uint64_t v = l->v_width ? l->v_width / kv_heads : hp_.mla.n_lora_kv;
      add(l->backend, multiply_unit::sixteen_bits,
          2 * hp_.n_head(il) * (l->k_width / kv_heads + v) * cells * w_.n_tokens);
    }
    return true;
  }

 private:
  /// Matrices of layers that a graph multiplies by, but for convolutions and tables of biases.
  [[nodiscard]] bool is_multiplied(const model_tensor& t) const {
    const stacked_name name = stack_of(t.name);
    const tensor_place place = place_of(m_, name);
    const bool is_matrix = t.ne[0] > 1 && t.ne[1] > 1;
    return is_matrix && place.kind == tensor_class::repeating && !place.per_layer &&
           !is_draft_tensor(m_, name) && name.stack != "enc." &&
           t.name.ends_with(".weight") && t.name.find("conv1d") == t.name.npos &&
           !t.name.ends_with(".conv.weight") && t.name.find("rel_b") == t.name.npos;
  }

  void add(int backend, multiply_unit u, std::uint64_t n) {
    if (w_.operations.empty()) return;
    w_.operations[static_cast<std::size_t>(backend)][static_cast<std::size_t>(u)] += n;
  }

  /// The mean over the prompt's tokens, from as many of them as tell it.
  [[nodiscard]] std::uint64_t mean_cells(cache_kind kind) const {
    constexpr std::uint64_t most_samples = 4096;
    const std::uint64_t step = std::max<std::uint64_t>(w_.n_tokens / most_samples, 1);
    std::uint64_t sum = 0, n = 0;
    for (std::uint64_t at = step / 2; at < w_.n_tokens; at += step, ++n)
      sum += attended_cells(m_, w_.depth + at).of(kind);
    return n ? sum / n : 0;
  }

  const model& m_;
  const hparams& hp_;
  int host_;
  prompt_work& w_;
};

}  // namespace detail

result<prompt_work> prompt_work_of(const model& m, const run& r, std::span<const device> devices,
                                   const context_params& context, std::uint64_t n_tokens,
                                   std::uint64_t depth) {
  if (!m.is_known())
    return error{errc::unsupported,
                 "what a prompt of architecture '" + m.architecture + "' takes is not known"};
  if (m.traits->memory == memory_kind::nothing || !m.hp.attn.causal)
    return error{errc::unsupported, "architecture '" + m.architecture + "' does not decode"};
  if (std::any_of(m.tensors.begin(), m.tensors.end(),
                  [](const model_tensor& t) { return stack_of(t.name).stack == "enc."; }))
    return error{errc::unsupported, "an encoder reads the prompts of '" + m.architecture + "'"};
  const auto used = devices_of(r, devices);
  if (!used) return used.error();
  const bool shares = r.split_mode == split_mode::row || r.split_mode == split_mode::tensor;
  if (shares && used->size() > 1)
    return error{errc::unsupported, "what GPUs compute that share tensors is not modelled"};
  const auto where = place_layers(r, *used, m.hp.n_layer_all);
  if (!where) return where.error();
  const auto placed = place_weights(m, *where, r, devices.size());
  if (!placed) return placed.error();

  prompt_work w{.depth = depth,
                .n_tokens = n_tokens,
                .n_ubatch = context.n_ubatch,
                .operations = {},
                .copied = {}};
  w.has_experts = m.hp.moe.n_expert > 0;
  detail::prompt_reader reader(m, *where, w);
  reader.read_weights(*placed);
  const memory_layout layout = layout_of(m, context, *where);
  bool attends = w.copied.count == 0 || r.op_offload;
  for (const kv_cache& c : layout.caches) attends = attends && reader.read_cache(c);
  if (layout.recurrent)
    for (const recurrent_layer& l : layout.recurrent->layers)
      attends = attends && l.backend != where->host();
  if (!attends || used->empty())
    return error{errc::unsupported, "how fast the host computes a prompt is not known"};
  return w;
}

std::optional<prompt_speed> prompt_speed_of(prompt_work w, std::span<const compute_rate> rates,
                                            bool pipelined) {
  double all_devices = 0, slowest = 0, slowest_high = 0;
  expected_speed seconds;
  seconds.n = std::numeric_limits<std::uint32_t>::max();
  bool has_shares = true;
  for (std::size_t i = 0; i < w.operations.size(); ++i) {
    double least = 0, of_sixteen = 0;
    for (std::size_t u = 0; u < n_multiply_units; ++u) {
      const auto n = static_cast<double>(w.operations[i][u]);
      if (n == 0) continue;
      constexpr auto sixteen = static_cast<std::size_t>(multiply_unit::sixteen_bits);
      if (i >= rates.size() || rates[i].operations_per_s[u] == 0) return std::nullopt;
      least += n / static_cast<double>(rates[i].operations_per_s[u]);
      of_sixteen += n / static_cast<double>(rates[i].operations_per_s[sixteen]);
    }
    if (least == 0) continue;
    all_devices += least;
    slowest = std::max(slowest, least);
    const auto& share = rates[i].share;
    has_shares = has_shares && share;
    if (!has_shares) continue;
    seconds.low += of_sixteen / share->low;
    seconds.median += of_sixteen / share->median;
    seconds.high += of_sixteen / share->high;
    slowest_high = std::max(slowest_high, of_sixteen / share->high);
    seconds.n = std::min(seconds.n, share->n);
    if (seconds.of.find(share->of) == std::string::npos)
      seconds.of += (seconds.of.empty() ? "" : "; ") + share->of;
  }
  if (all_devices == 0) return std::nullopt;
  constexpr auto low = static_cast<double>(link_rate::low_bytes_per_s);
  constexpr auto high = static_cast<double>(link_rate::high_bytes_per_s);
  const auto n_tokens = static_cast<double>(w.n_tokens);
  const double copied = static_cast<double>(w.copied.count) * static_cast<double>(w.n_ubatches());
  prompt_speed s;
  s.most = n_tokens / ((pipelined ? slowest : all_devices) + copied / high);
  if (has_shares) {
    if (pipelined) seconds.high = slowest_high;
    s.expected = {n_tokens / (seconds.low + copied / low),
                  n_tokens / (seconds.median + copied / std::sqrt(low * high)),
                  n_tokens / (seconds.high + copied / high), seconds.n, std::move(seconds.of)};
  }
  if (w.copied.count > 0) s.most_basis = s.expected_basis = basis::assumed;
  s.work = std::move(w);
  return s;
}

}  // namespace vrambudget
