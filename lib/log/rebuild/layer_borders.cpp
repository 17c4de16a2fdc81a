#include "layer_borders.hpp"

#include <utility>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/layout.hpp"

namespace vrambudget {
namespace {

constexpr std::size_t max_steps = 200000, max_answers = 200;

void add(layer_bytes& sum, const layer_bytes& l) {
  sum.kv += l.kv;
  sum.states += l.states;
}

}  // namespace

std::vector<layer_bytes> bytes_of_layers(const model& m, const context_params& c) {
  const std::uint32_t n = m.hp.n_layer_all;
  const placement all({{cuda::buffers}, {cpu::buffers}}, std::vector<int>(n, 0), 0, true,
                      split_mode::layer);
  const memory_layout layout = layout_of(m, c, all);
  std::vector<layer_bytes> out(n);
  for (const kv_cache& k : layout.caches)
    for (const kv_layer& l : k.layers) {
      kv_cache one = k;
      one.layers = {l};
      if (l.il < n) out[l.il].kv += kv_cache_bytes(one, 0, cuda::buffers);
    }
  if (layout.recurrent)
    for (const recurrent_layer& l : layout.recurrent->layers) {
      recurrent_state one = *layout.recurrent;
      one.layers = {l};
      if (l.il < n) out[l.il].states += recurrent_state_bytes(one, 0, cuda::buffers);
    }
  return out;
}

border_search::border_search(std::vector<layer_bytes> layers, printed_sizes kv,
                             printed_sizes states)
    : layers_(std::move(layers)), kv_(std::move(kv)), states_(std::move(states)) {
  for (layer_bytes& l : layers_) {
    if (!any_printed(kv_)) l.kv = {};
    if (!any_printed(states_)) l.states = {};
  }
}

std::vector<std::vector<std::size_t>> border_search::from(std::size_t start) {
  found_.clear();
  steps_ = 0;
  layer_bytes host;
  for (std::size_t il = 0; il < start; ++il) add(host, layers_[il]);
  if (!kv_.back().is(host.kv) || !states_.back().is(host.states)) return {};
  std::vector<std::size_t> ends{start};
  extend(ends);
  return found_;
}

void border_search::extend(std::vector<std::size_t>& ends) {
  const std::size_t d = ends.size() - 1, n_devices = kv_.size() - 1;
  if (d == n_devices) {
    if (ends.back() == layers_.size()) found_.push_back(ends);
    return;
  }
  layer_bytes sum;
  for (std::size_t end = ends.back(); end <= layers_.size(); ++end) {
    if (end > ends.back()) add(sum, layers_[end - 1]);
    if (++steps_ > max_steps || found_.size() >= max_answers) return;
    if (!kv_[d].is(sum.kv) || !states_[d].is(sum.states)) continue;
    ends.push_back(end);
    extend(ends);
    ends.pop_back();
  }
}

}  // namespace vrambudget
