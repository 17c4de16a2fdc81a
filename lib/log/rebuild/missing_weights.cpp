#include "missing_weights.hpp"

#include <cmath>
#include <string_view>

#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/model/name_pattern.hpp"

namespace vrambudget {
namespace {

constexpr movable_tensors by_layer[] = {{"ffn_.*_exps\\.", "experts"}, {"ffn_", "FFN tensors"}};
/// Tensors of all layers that are sent there besides.
constexpr std::string_view everywhere[] = {"", "attn_", "(attn|ssm)_"};

/// The layers among `mine`, one after the other, whose bytes together fit; the first such; empty: none.
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

}  // namespace

double missing_weights::off_mib(const weights& w) const {
  double sum = 0;
  for (std::size_t d = 0; d < n_devices_; ++d)
    if (const bytes here = w.on(static_cast<int>(d)); logged_[d].any && !logged_[d].is(here))
      sum += std::abs(logged_[d].size.difference(here));
  return sum;
}

/// Bytes of each layer's tensors that match.
std::vector<bytes> missing_weights::matching_bytes(std::string_view pattern) const {
  const auto expression = name_pattern::compile("^" + std::string(pattern));
  std::vector<bytes> all(m_.hp.n_layer_all);
  for (const model_tensor& t : m_.tensors) {
    const auto [il, rest] = layer_of(t.name);
    if (il < 0 || static_cast<std::size_t>(il) >= all.size()) continue;
    if (expression && expression->is_in(rest))
      all[static_cast<std::size_t>(il)] += weight_size(t, cuda::buffers);
  }
  return all;
}

/// Layers whose bytes, `each`, are what their device has more than was printed.
std::vector<std::size_t> missing_weights::layers_to_move(const weights& now,
                                                         const std::vector<bytes>& each) const {
  std::vector<std::size_t> moved;
  for (std::size_t d = 0; d < n_devices_; ++d) {
    const bytes here = now.on(static_cast<int>(d));
    if (!logged_[d].any || logged_[d].is(here)) continue;
    std::vector<std::size_t> mine;
    for (std::size_t il = 0; il < each.size(); ++il)
      if (each[il].count &&
          where_.layer_backend(static_cast<std::uint32_t>(il)) == static_cast<int>(d))
        mine.push_back(il);
    const std::vector<std::size_t> found = window(mine, each, [&](bytes sum) {
      return sum <= here && logged_[d].is(saturating_sub(here, sum));
    });
    moved.insert(moved.end(), found.begin(), found.end());
  }
  return moved;
}

/// Sends tensors of a kind to the host where they are missing; whether all is as printed then.
bool missing_weights::move(const movable_tensors& kind, const weights& now, run& r,
                           std::size_t& n_moved) const {
  const std::vector<std::size_t> layers = layers_to_move(now, matching_bytes(kind.pattern));
  std::string numbers;
  for (const std::size_t il : layers) numbers += (numbers.empty() ? "" : "|") + std::to_string(il);
  if (!numbers.empty())
    r.overrides.push_back({"^blk\\.(" + numbers + ")\\." + std::string(kind.pattern), "CPU"});
  n_moved = layers.size();
  if (r.overrides.empty()) return false;
  const auto after = placed(r);
  return after && off_mib(*after) == 0;
}

std::optional<explained_run> missing_weights::explained(const run& r) const {
  for (const std::string_view besides : everywhere) {
    run base = r;
    if (!besides.empty())
      base.overrides.push_back({"^blk\\.\\d+\\." + std::string(besides), "CPU"});
    const auto now = placed(base);
    if (!now) return std::nullopt;
    for (const movable_tensors& kind : by_layer) {
      explained_run a{base, {}};
      std::size_t n_moved = 0;
      if (!move(kind, *now, a.r, n_moved)) continue;
      a.note = "weights on the devices lack the " + std::string(kind.says) + " of " +
               std::to_string(n_moved) + " layers" +
               (besides.empty() ? "" : " and what attention has") + ": which layers is a guess";
      return a;
    }
  }
  return std::nullopt;
}

}  // namespace vrambudget
