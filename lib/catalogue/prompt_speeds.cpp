// Reads the embedded data/prompt_shares.json.
#include "vrambudget/catalogue/prompt_speeds.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <string>

#include "catalogue/compute_capability.hpp"
#include "catalogue/embedded.hpp"
#include "catalogue/share_table.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/speeds.hpp"
#include "vrambudget/memory/place_layers.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

/// Of one multiprocessor.
struct unit_row {
  std::uint32_t cc = 0;
  std::array<std::uint64_t, n_multiply_units> operations_per_clock = {};
  std::uint64_t clock_hz = 0;
};

struct compute_table {
  std::vector<unit_row> units;
  std::set<std::string> without;  ///< ids of cards that have not those of their generation
  std::vector<share_row> shares;
  std::uint64_t least_operations = 0;  ///< a token, that were measured
};

const compute_table& rates() {
  static const compute_table all = [] {
    compute_table t;
    const json::value parsed = json::parse(detail::prompt_shares_json().front().text);
    for (const json::value& row : parsed.at("units").as_array()) {
      const auto number = [&](const char* key) { return row.at(key).to_number<std::uint64_t>(); };
      t.units.push_back({parse_compute_capability(row.at("compute_capability").as_string()),
                         {number("four_bits"), number("eight_bits"), number("sixteen_bits")},
                         number("clock_hz")});
    }
    for (const json::value& id : parsed.at("without_units").as_array())
      t.without.emplace(id.as_string());
    t.least_operations = parsed.at("least_operations_per_token").to_number<std::uint64_t>();
    t.shares = read_share_rows(parsed.at("shares").as_array());
    return t;
  }();
  return all;
}

}  // namespace

std::string_view units_of(const device& d) {
  return d.cc >= 700 ? memory_of(d) : d.cc == 610 ? "dp4a" : "";
}

compute_rate compute_rate_of(const device& d, const prompt_work& w) {
  compute_rate rate;
  const gpu_entry* const g = entry_of(d);
  const auto& units = rates().units;
  const auto u =
      std::find_if(units.begin(), units.end(), [&](const unit_row& x) { return x.cc == d.cc; });
  if (!g || u == units.end() || rates().without.contains(g->id)) return rate;
  for (std::size_t i = 0; i < n_multiply_units; ++i)
    rate.operations_per_s[i] = d.n_sm * u->operations_per_clock[i] * u->clock_hz;
  const bool is_measured = d.backend == backend_kind::cuda && g->form != "laptop" &&
                           w.operations_per_token() >= rates().least_operations &&
                           (!w.has_experts || w.copied.count > 0 || d.unified);
  if (is_measured) rate.share = find_share(rates().shares, units_of(d), d, weight_class_of(w.most));
  return rate;
}

std::vector<prompt_speed> prompt_speeds_of(const model& m, const run& r,
                                           std::span<const device> devices, const budget& b) {
  if (b.draft) return {};
  const auto used = devices_of(r, devices);
  if (!used) return {};
  std::vector<std::uint64_t> lengths = {std::min(b.context.n_batch, b.context.n_ctx_seq)};
  if (b.context.n_ctx_seq > lengths.front()) lengths.push_back(b.context.n_ctx_seq);
  std::vector<prompt_speed> all;
  for (const std::uint64_t n_tokens : lengths) {
    auto work = prompt_work_of(m, r, devices, b.context, n_tokens);
    if (!work) return {};
    std::vector<compute_rate> rates;
    for (const device& d : *used) rates.push_back(compute_rate_of(d, *work));
    const bool pipelined = b.pipelining == pipelining::used;
    auto speed = prompt_speed_of(std::move(*work), rates, pipelined);
    if (!speed) return {};
    all.push_back(std::move(*speed));
  }
  return all;
}

run_speeds speeds_of(const model& m, const run& r, std::span<const device> devices,
                     const budget& b) {
  return {decode_speeds_of(m, r, devices, b), prompt_speeds_of(m, r, devices, b)};
}

}  // namespace vrambudget
