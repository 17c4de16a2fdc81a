// Where a log's layers lay, from the sizes it prints per device.
#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/engine/context.hpp"
#include "vrambudget/log/rebuild.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {
namespace {

/// What one device holds of one kind, added over its lines.
struct printed {
  log_size size;
  bool any = false;

  void add(const log_size& s) {
    size.mib += s.mib;
    size.decimals = any ? std::min(size.decimals, s.decimals) : s.decimals;
    size.cut |= s.cut;
    size.parts = any ? size.parts + 1 : 1;
    any = true;
  }
  /// Whether `b` could be it; nothing printed is nothing held.
  [[nodiscard]] bool is(bytes b) const { return any ? size.prints(b) : b.count == 0; }
};

/// All devices' and, last, the host's.
std::vector<printed> add_up(const std::vector<log_buffer>& buffers, log_term term,
                            const rebuilt_run& run) {
  std::vector<printed> all(run.devices.size() + 1);
  for (const log_buffer& b : buffers) {
    if (b.term != term) continue;
    const buffer_place p = place_of_buffer(b.device);
    if (p.kind == buffer_place::host && !p.mapped) all.back().add(b.size);
    if (p.kind == buffer_place::device && p.backend == run.backend && p.index < run.devices.size())
      all[p.index].add(b.size);
  }
  return all;
}

struct layer_bytes {
  bytes kv, states;
};

/// What each layer keeps on a device.
std::vector<layer_bytes> bytes_of_layers(const model& m, const context_params& c) {
  const std::uint32_t n = m.hp.n_layer_all;
  const placement all(1, std::vector<int>(n, 0), 0, true, split_mode::layer);
  const memory_layout layout = layout_of(m, c, all);
  std::vector<layer_bytes> out(n);
  for (const kv_cache& k : layout.caches)
    for (const kv_layer& l : k.layers) {
      kv_cache one = k;
      one.layers = {l};
      if (l.il < n) out[l.il].kv += kv_cache_bytes(one, 0, 1);
    }
  if (layout.recurrent)
    for (const recurrent_layer& l : layout.recurrent->layers) {
      recurrent_state one = *layout.recurrent;
      one.layers = {l};
      if (l.il < n) out[l.il].states += recurrent_state_bytes(one, 0, 1);
    }
  return out;
}

/// Finds the borders between devices, and the host's layers before them.
class border_search {
 public:
  border_search(std::vector<layer_bytes> layers, std::vector<printed> kv, std::vector<printed> rs)
      : layers_(std::move(layers)), kv_(std::move(kv)), rs_(std::move(rs)) {
    // a kind of which no device is named says nothing
    const auto none = [](const std::vector<printed>& all) {
      return std::none_of(all.begin(), all.end(), [](const printed& p) { return p.any; });
    };
    for (layer_bytes& l : layers_) {
      if (none(kv_)) l.kv = {};
      if (none(rs_)) l.states = {};
    }
  }

  /// Each answer: the first layer on a device, then the end of each device's layers.
  [[nodiscard]] std::vector<std::vector<std::size_t>> from(std::size_t start) {
    found_.clear();
    steps_ = 0;
    layer_bytes host;
    for (std::size_t il = 0; il < start; ++il) add(host, layers_[il]);
    if (!kv_.back().is(host.kv) || !rs_.back().is(host.states)) return {};
    std::vector<std::size_t> ends{start};
    extend(ends);
    return found_;
  }

 private:
  static void add(layer_bytes& sum, const layer_bytes& l) {
    sum.kv += l.kv;
    sum.states += l.states;
  }
  void extend(std::vector<std::size_t>& ends) {
    const std::size_t d = ends.size() - 1, n_devices = kv_.size() - 1;
    if (d == n_devices) {
      if (ends.back() == layers_.size()) found_.push_back(ends);
      return;
    }
    layer_bytes sum;
    for (std::size_t end = ends.back(); end <= layers_.size(); ++end) {
      if (end > ends.back()) add(sum, layers_[end - 1]);
      if (++steps_ > 200000 || found_.size() >= 200) return;
      if (!kv_[d].is(sum.kv) || !rs_[d].is(sum.states)) continue;
      ends.push_back(end);
      extend(ends);
      ends.pop_back();
    }
  }

  std::vector<layer_bytes> layers_;
  std::vector<printed> kv_, rs_;
  std::vector<std::vector<std::size_t>> found_;
  std::size_t steps_ = 0;
};

/// A placement and how far its weights are from the log's.
struct candidate {
  run r;
  double off_mib = 0;
  std::string note;
};

/// Tensors that people send to the host layer by layer, as a pattern behind "blk.N.".
struct movable {
  std::string_view pattern;
  const char* says;
};
constexpr movable by_layer[] = {{"ffn_.*_exps\\.", "experts"}, {"ffn_", "FFN tensors"}};
/// Tensors of all layers that are sent there besides.
constexpr std::string_view everywhere[] = {"", "attn_", "(attn|ssm)_"};

/// Bytes of each layer's tensors that match.
std::vector<bytes> matching_bytes(const model& m, const std::string& pattern) {
  const std::regex expression("^" + pattern);
  std::vector<bytes> all(m.hp.n_layer_all);
  for (const model_tensor& t : m.tensors) {
    const auto [il, rest] = layer_of(t.name);
    if (il < 0 || static_cast<std::size_t>(il) >= all.size()) continue;
    if (std::regex_search(std::string(rest), expression))
      all[static_cast<std::size_t>(il)] += weight_size(t, true);
  }
  return all;
}

/// The layers of a device that together have `lacks` bytes, from its first layer on; empty: none.
template <class Fits>
std::vector<std::size_t> window(const std::vector<std::size_t>& mine,
                                const std::vector<bytes>& each, Fits&& fits) {
  for (std::size_t first = 0; first < mine.size(); ++first) {
    bytes sum;
    for (std::size_t end = first; end < mine.size(); ++end) {
      sum += each[mine[end]];
      if (fits(sum))
        return {mine.begin() + static_cast<long>(first), mine.begin() + static_cast<long>(end) + 1};
    }
  }
  return {};
}

/// Holds the weights of `c.r` against the log's; if devices have less, looks for layers whose experts
/// or whole FFNs are what each lacks, with attention on the host or not.
void explain_weights(const model& m, const rebuilt_run& run, const std::vector<printed>& logged,
                     candidate& c) {
  const auto where = place_layers(c.r, run.devices, m.hp.n_layer_all);
  if (!where) return;
  const auto off = [&](const weights& w) {
    double sum = 0;
    for (std::size_t d = 0; d < run.devices.size(); ++d)
      if (const bytes here = w.on(static_cast<int>(d)); logged[d].any && !logged[d].is(here))
        sum += std::abs(logged[d].size.difference(here));
    return sum;
  };
  const auto placed = place_weights(m, *where, c.r);
  if (!placed) return;
  c.off_mib = off(*placed);
  if (c.off_mib == 0 || !c.r.overrides.empty() || c.r.cpu_moe || c.r.n_cpu_moe > 0) return;
  for (const std::string_view besides : everywhere)
    for (const movable& kind : by_layer) {
      vrambudget::run r = c.r;
      if (!besides.empty()) r.overrides.push_back({"^blk\\.\\d+\\." + std::string(besides), "CPU"});
      const auto rest = place_weights(m, *where, r);
      if (!rest) return;
      const std::vector<bytes> each = matching_bytes(m, std::string(kind.pattern));
      std::string moved;
      std::size_t n_moved = 0;
      for (std::size_t d = 0; d < run.devices.size(); ++d) {
        const bytes here = rest->on(static_cast<int>(d));
        if (!logged[d].any || logged[d].is(here)) continue;
        std::vector<std::size_t> mine;
        for (std::size_t il = 0; il < each.size(); ++il)
          if (each[il].count &&
              where->layer_backend(static_cast<std::uint32_t>(il)) == static_cast<int>(d))
            mine.push_back(il);
        for (const std::size_t il : window(mine, each, [&](bytes sum) {
               return sum <= here && logged[d].is(saturating_sub(here, sum));
             })) {
          moved += (moved.empty() ? "" : "|") + std::to_string(il);
          ++n_moved;
        }
      }
      if (!moved.empty())
        r.overrides.push_back({"^blk\\.(" + moved + ")\\." + std::string(kind.pattern), "CPU"});
      if (r.overrides.empty()) continue;
      const auto after = place_weights(m, *where, r);
      if (!after || off(*after) > 0) continue;
      c.r = std::move(r);
      c.off_mib = 0;
      c.note = "weights on the devices lack the " + std::string(kind.says) + " of " +
               std::to_string(n_moved) + " layers" +
               (besides.empty() ? "" : " and what attention has") + ": which layers is a guess";
      return;
    }
}

}  // namespace

void fit_placement(const log_context& c, const log_model& lines, const model& m, rebuilt_run& out) {
  const auto params = effective_context(out.r, m.hp);
  if (!params || out.devices.empty()) return;
  const auto kv = add_up(c.buffers, log_term::kv_cache, out);
  const auto rs = add_up(c.buffers, log_term::recurrent_state, out);
  const auto weights = add_up(lines.buffers, log_term::weights, out);
  const auto any = [](const std::vector<printed>& all) {
    return std::any_of(all.begin(), all.end(), [](const printed& p) { return p.any; });
  };

  std::vector<candidate> candidates{{out.r, 0, {}}};
  const auto fits = [&](const placement& where) {
    const memory_layout layout = layout_of(m, *params, where);
    for (std::size_t d = 0; d <= out.devices.size(); ++d) {
      const int b = static_cast<int>(d);
      if (any(kv) && !kv[d].is(kv_cache_bytes(layout, b, where.host()))) return false;
      if (layout.recurrent && any(rs) &&
          !rs[d].is(recurrent_state_bytes(*layout.recurrent, b, where.host())))
        return false;
    }
    return true;
  };
  const auto where = place_layers(out.r, out.devices, m.hp.n_layer_all);
  if ((any(kv) || any(rs)) && out.r.offload_kqv && where && !fits(*where)) {
    border_search search(bytes_of_layers(m, *params), kv, rs);
    const std::size_t n = m.hp.n_layer_all + 1u;
    const bool known = lines.offloaded.has_value();
    const std::size_t given =
        out.r.n_gpu_layers < 0
            ? n
            : std::min<std::size_t>(n, static_cast<std::size_t>(out.r.n_gpu_layers));
    for (std::size_t start = 0; start < n; ++start) {
      if (known && start != n - given) continue;
      for (const auto& ends : search.from(start)) {
        candidate next{out.r, 0, {}};
        next.r.n_gpu_layers = start == 0 ? -1 : static_cast<std::int32_t>(n - start);
        next.r.tensor_split.clear();
        if (out.devices.size() > 1) {
          for (std::size_t d = 0; d + 1 < ends.size(); ++d)
            next.r.tensor_split.push_back(static_cast<float>(ends[d + 1] - ends[d]));
          next.r.tensor_split.back() += 1;  // the output
        }
        next.note = out.devices.size() > 1 ? "layers are split so that the caches fit"
                                           : "as many layers on the GPU as the caches tell";
        candidates.push_back(std::move(next));
      }
    }
    if (candidates.size() > 1) candidates.erase(candidates.begin());
  }
  if (!m.tensors.empty() && any(weights))
    for (candidate& each : candidates) {
      const std::string split = each.note;
      each.note.clear();
      explain_weights(m, out, weights, each);
      if (!split.empty()) each.note = split + (each.note.empty() ? "" : "; " + each.note);
    }
  auto best = std::min_element(
      candidates.begin(), candidates.end(),
      [](const candidate& a, const candidate& b) { return a.off_mib < b.off_mib; });
  out.r = std::move(best->r);
  if (!best->note.empty()) out.assumed.push_back(std::move(best->note));
}

}  // namespace vrambudget
