// What a token reads, and how long that takes; see speed.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "vrambudget/advise/speed.hpp"
#include "vrambudget/advise/used_parts.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {

namespace detail {

/// Adds up what one token reads, memory by memory.
class decode_reader {
 public:
  decode_reader(const model& m, const placement& where, std::uint64_t depth)
      : m_(m), hp_(m.hp), depth_(depth), cells_(m, depth), reads_(where.n_devices() + 1) {}

  void read_weights(const weights& placed) {
    std::vector<std::uint8_t> seen(m_.tensors.size());
    for (const placed_weight& w : placed.all) {
      const model_tensor& t = m_.tensors[w.tensor];
      const bool first = !std::exchange(seen[w.tensor], std::uint8_t{1});
      const stacked_name name = stack_of(t.name);
      if (is_draft_tensor(m_, name) || name.stack == "enc.") continue;
      const bool is_table = first && place_of(m_, name).kind == tensor_class::input;
      if (is_table) on(w.backend).rows += row_size(t.type, static_cast<std::uint64_t>(t.ne[0]));
      if (!is_table || is_only_output(placed, w)) read_tensor(t, w.backend);
    }
  }

  void read_cache(const kv_cache& c) {
    for (std::uint32_t il = 0; il < c.layer_index.size(); ++il) {
      const kv_layer* const l = c.find(il);
      if (!l || il >= hp_.n_layer()) continue;
      const bool is_index = c.kind == cache_kind::idx || c.kind == cache_kind::lid;
      bytes row = row_size(c.type_k, l->k_width);
      if (!is_index && l->v_width) row += row_size(c.type_v, l->v_width);
      on(l->backend).cache += row * cells_.of(c.kind);
    }
  }

  void read_states(const recurrent_state& s) {
    for (const recurrent_layer& l : s.layers)
      for (const std::uint64_t width : {l.n_embd_r, l.n_embd_s, l.n_embd_ple})
        on(l.backend).states += 2 * row_size(ggml_type::f32, width);
  }

  [[nodiscard]] decode_traffic take() {
    decode_traffic t;
    t.depth = depth_;
    t.host = reads_.back();
    reads_.pop_back();
    t.devices = std::move(reads_);
    const auto most = std::max_element(of_type_.begin(), of_type_.end());
    t.most = static_cast<ggml_type>(most - of_type_.begin());
    return t;
  }

 private:
  decode_reads& on(int backend) { return reads_[static_cast<std::size_t>(backend)]; }

  /// Whether an input is also what the output multiplies by, with no copy for that.
  [[nodiscard]] bool is_only_output(const weights& placed, const placed_weight& w) const {
    if (!ties_output(m_) || m_.tensors[w.tensor].name != "token_embd.weight") return false;
    return std::count_if(placed.all.begin(), placed.all.end(),
                         [&](const placed_weight& o) { return o.tensor == w.tensor; }) == 1;
  }

  void read_tensor(const model_tensor& t, int backend) {
    const bytes read = used_of(t);
    on(backend).weights += read;
    of_type_[static_cast<std::size_t>(t.type)] += read;
  }

  /// A tensor's bytes, of experts those that are used.
  [[nodiscard]] bytes used_of(const model_tensor& t) const {
    const used_share share = used_experts(m_, t);
    return bytes{t.size.count / share.of} * share.used;
  }

  const model& m_;
  const hparams& hp_;
  std::uint64_t depth_;
  attended_cells cells_;
  std::vector<decode_reads> reads_;  ///< by backend, the host's last
  std::array<bytes, n_ggml_type> of_type_{};
};

}  // namespace detail

result<decode_traffic> decode_traffic_of(const model& m, const run& r,
                                         std::span<const device> devices,
                                         const context_params& context, std::uint64_t depth) {
  if (!m.is_known())
    return error{errc::unsupported,
                 "what a token reads of architecture '" + m.architecture + "' is not known"};
  if (m.traits->memory == memory_kind::nothing || !m.hp.attn.causal)
    return error{errc::unsupported, "architecture '" + m.architecture + "' does not decode"};
  const auto used = devices_of(r, devices);
  if (!used) return used.error();
  const bool shares = r.split_mode == split_mode::row || r.split_mode == split_mode::tensor;
  if (shares && used->size() > 1)
    return error{errc::unsupported, "what GPUs read that share tensors is not modelled"};
  const auto where = place_layers(r, *used, m.hp.n_layer_all);
  if (!where) return where.error();
  const auto placed = place_weights(m, *where, r, devices.size());
  if (!placed) return placed.error();

  detail::decode_reader reader(m, *where, depth);
  reader.read_weights(*placed);
  const memory_layout layout = layout_of(m, context, *where);
  for (const kv_cache& c : layout.caches) reader.read_cache(c);
  if (layout.recurrent) reader.read_states(*layout.recurrent);
  return reader.take();
}

std::optional<decode_speed> decode_speed_of(decode_traffic t, std::span<const device_rate> rates) {
  decode_speed s;
  double device_seconds = 0;
  expected_speed seconds;
  seconds.n = std::numeric_limits<std::uint32_t>::max();
  bool has_shares = true;
  for (std::size_t i = 0; i < t.devices.size(); ++i) {
    const bytes read = t.devices[i].all();
    s.bandwidth_bytes_per_s.push_back(0);
    if (read.count == 0) continue;
    if (i >= rates.size() || !rates[i].bandwidth_bytes_per_s) return std::nullopt;
    s.bandwidth_bytes_per_s.back() = *rates[i].bandwidth_bytes_per_s;
    const double least =
        static_cast<double>(read.count) / static_cast<double>(*rates[i].bandwidth_bytes_per_s);
    device_seconds += least;
    const auto& share = rates[i].share;
    has_shares = has_shares && share;
    if (!has_shares) continue;
    seconds.low += least / share->low;
    seconds.median += least / share->median;
    seconds.high += least / share->high;
    seconds.n = std::min(seconds.n, share->n);
    if (seconds.of.find(share->of) == std::string::npos)
      seconds.of += (seconds.of.empty() ? "" : "; ") + share->of;
  }
  if (device_seconds == 0) return std::nullopt;
  constexpr auto low = static_cast<double>(host_rate::low_bytes_per_s);
  constexpr auto high = static_cast<double>(host_rate::high_bytes_per_s);
  const auto of_host = static_cast<double>(t.host.all().count);
  s.most = 1 / (device_seconds + of_host / high);
  if (has_shares)
    s.expected = {1 / (seconds.low + of_host / low),
                  1 / (seconds.median + of_host / std::sqrt(low * high)),
                  1 / (seconds.high + of_host / high), seconds.n, std::move(seconds.of)};
  if (t.host.computes()) s.most_basis = s.expected_basis = basis::assumed;
  s.traffic = std::move(t);
  return s;
}

}  // namespace vrambudget
