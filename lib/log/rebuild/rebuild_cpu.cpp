// For which CPU the host's weights were repacked, if they were.
#include <algorithm>
#include <array>
#include <optional>

#include "rebuilder.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {
namespace {

/// What is printed of buffers that weights are repacked in; nothing: there are none.
std::optional<log_size> repacked_size(const log_model& lines) {
  std::optional<log_size> sum;
  for (const log_buffer& b : lines.buffers) {
    if (b.term != log_term::weights || !place_of_buffer(b.device).repacked) continue;
    if (sum)
      sum->mib += b.size.mib, ++sum->parts;
    else
      sum = b.size;
  }
  return sum;
}

/// Of variants that repack the same types the first.
constexpr std::array kinds_of_cpu = {usual_cpu, *find_cpu_variant("skylakex"), usual_apple_cpu,
                                     *find_cpu_variant("sapphirerapids")};

}  // namespace

void rebuilder::choose_cpu() {
  run& r = out_.r;
  if (!log_.cpu.empty() && !r.cpu)
    if (const cpu_variant* const v = find_cpu_variant(log_.cpu)) r.cpu = *v;
  if (!lines_ || lines_->buffers.empty()) return;
  const auto logged = repacked_size(*lines_);
  if (!logged) {
    r.repack = false;  // or nothing that is repacked
    return;
  }
  // a GPU's buffers of the host come first, but for what it can't read
  const auto explains = [&](const run& tried) {
    const auto where = place_layers(tried, out_.devices, m_.hp.n_layer_all);
    const auto placed = where ? place_weights(m_, *where, tried) : where.error();
    return placed && logged->prints(placed->on(where->host(), true));
  };
  for (const bool no_host : {r.no_host, true})
    for (const cpu_variant& v : kinds_of_cpu) {
      run tried = r;
      tried.no_host = no_host;
      if (!r.cpu) tried.cpu = v;
      if (!explains(tried)) continue;
      r = std::move(tried);
      return;
    }
}

}  // namespace vrambudget
