// Where layers and tensors of a run lay, as far as lines say so.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "log/scan.hpp"
#include "rebuilder.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

void rebuilder::choose_placement() {
  run& r = out_.r;
  if (lines_ && lines_->offloaded) {
    r.n_gpu_layers = static_cast<std::int32_t>(std::min(*lines_->offloaded, 1u << 20));
    if (lines_->offloadable && *lines_->offloaded >= *lines_->offloadable) r.n_gpu_layers = -1;
  }
  if (lines_) add_moved(*lines_);
  if (lines_ && !lines_->layer_devices.empty() && out_.devices.size() > 1) {
    std::vector<float> counts(out_.devices.size());
    for (const auto& [il, name] : lines_->layer_devices) {
      const buffer_place p = place_of_buffer(name);
      if (p.kind == buffer_place::device && p.index < counts.size()) counts[p.index] += 1;
    }
    if (std::any_of(counts.begin(), counts.end(), [](float f) { return f > 0; }))
      r.tensor_split = counts;
  }
  const bool all_kv_on_host =
      has_kv_lines() && r.n_gpu_layers < 0 && !out_.devices.empty() &&
      std::all_of(c_.buffers.begin(), c_.buffers.end(), [](const log_buffer& b) {
        return b.term != log_term::kv_cache || place_of_buffer(b.device).kind == buffer_place::host;
      });
  if (all_kv_on_host && lines_ && lines_->offloaded) r.offload_kqv = false;
}

/// Tensors that the log says were sent elsewhere, one rule for all layers of a kind.
void rebuilder::add_moved(const log_model& lines) {
  if (lines.moved.empty()) return;
  std::map<std::pair<std::string, std::string>, std::set<int>> by_kind;  // tensor, buffer; layers
  for (const auto& [tensor, buffer] : lines.moved) {
    const buffer_place p = place_of_buffer(buffer);
    const std::string to =
        p.kind == buffer_place::device && p.index < out_.devices.size()
            ? name(device_id{out_.devices[p.index].backend, static_cast<std::uint32_t>(p.index)})
            : std::string("CPU");
    const auto [il, rest] = layer_of(tensor);
    by_kind[{std::string(rest), to}].insert(il);
  }
  std::vector<tensor_override> rules;
  for (const auto& [kind, layers] : by_kind) {
    std::string escaped, numbers;
    for (const char ch : kind.first)
      escaped += detail::is_word(ch) ? std::string(1, ch) : std::string("\\") + ch;
    if (*layers.begin() < 0) {
      rules.push_back({"^" + escaped + "$", kind.second});
      continue;
    }
    for (const int il : layers) numbers += (numbers.empty() ? "" : "|") + std::to_string(il);
    rules.push_back({"^blk\\.(" + numbers + ")\\." + escaped + "$", kind.second});
  }
  out_.r.overrides = std::move(rules);  // the lines are what the command line came to
  out_.r.cpu_moe = false;
  out_.r.n_cpu_moe = out_.r.n_cpu_ffn = 0;
}

}  // namespace vrambudget
