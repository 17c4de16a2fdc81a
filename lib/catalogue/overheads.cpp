// Reads the embedded data/overheads.json and picks the machines that are like a card.
#include "vrambudget/catalogue/overheads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <vector>

#include "catalogue/compute_capability.hpp"
#include "catalogue/embedded.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

const json::object& parsed() {
  static const json::value all = json::parse(detail::overheads_json().front().text);
  return all.as_object();
}

bytes size_of(const json::object& o, const char* key) {
  return {o.at(key).to_number<std::uint64_t>()};
}

operating_system system_of(const json::object& o) {
  return find_operating_system(std::string_view(o.at("system").as_string())).value();
}

measured_rig read_rig(const json::object& o) {
  measured_rig r;
  r.id = o.at("rig").as_string();
  r.gpu = o.at("gpu").as_string();
  r.cc = parse_compute_capability(o.at("compute_capability").as_string());
  r.system = system_of(o);
  if (const json::value* d = o.if_contains("driver")) r.driver = d->to_number<std::uint32_t>();
  r.n_samples = o.at("samples").to_number<std::uint32_t>();
  r.low = size_of(o, "low_bytes");
  r.high = size_of(o, "high_bytes");
  r.pool_included = o.at("pool_included").as_bool();
  return r;
}

double in_mib(bytes b) { return static_cast<double>(b.count) / (1 << 20); }

bytes between(bytes low, bytes high) { return {low.count + saturating_sub(high, low).count / 2}; }

using group = std::vector<const measured_rig*>;

std::string note_of(const group& rigs, const std::string& alike) {
  std::string list;
  for (const measured_rig* r : rigs)
    list += fmt::format("{}{} ({:.0f} to {:.0f} MiB, {} {}{})", list.empty() ? "" : ", ", r->gpu,
                        in_mib(r->low), in_mib(r->high), r->n_samples,
                        r->n_samples == 1 ? "sample" : "samples",
                        r->pool_included ? ", a pool included" : "");
  return fmt::format("the highest of {} rigs, {}: {}", rigs.size(), alike, list);
}

}  // namespace

std::span<const measured_rig> measured_rigs() {
  static const std::vector<measured_rig> all = [] {
    std::vector<measured_rig> rigs;
    for (const json::value& v : parsed().at("driver_context").as_array())
      rigs.push_back(read_rig(v.as_object()));
    return rigs;
  }();
  return all;
}

std::span<const measured_desktop> measured_desktops() {
  static const std::vector<measured_desktop> all = [] {
    std::vector<measured_desktop> rows;
    for (const json::value& v : parsed().at("desktop").as_array()) {
      const json::object& o = v.as_object();
      rows.push_back({system_of(o), size_of(o, "low_bytes"), size_of(o, "high_bytes"),
                      o.at("samples").to_number<std::uint32_t>()});
    }
    return rows;
  }();
  return all;
}

std::string_view gpu_generation(std::uint32_t cc) {
  if (cc >= 1000) return "Blackwell";
  if (cc >= 900) return "Hopper";
  if (cc >= 890) return "Ada";
  if (cc >= 800) return "Ampere";
  if (cc >= 750) return "Turing";
  if (cc >= 700) return "Volta";
  if (cc >= 600) return "Pascal";
  if (cc >= 500) return "Maxwell";
  return "";
}

measured_range driver_context_of(std::uint32_t cc, operating_system system,
                                 std::optional<std::uint32_t> driver,
                                 std::span<const measured_rig> rigs) {
  const std::string_view generation = gpu_generation(cc);
  const auto same_kind = [&](const measured_rig& r) { return gpu_generation(r.cc) == generation; };
  const auto same_system = [&](const measured_rig& r) { return r.system == system; };
  struct choice {
    std::string alike;
    std::function<bool(const measured_rig&)> takes;
    enum basis basis;
  };
  const choice choices[] = {
      {fmt::format("{} under {} with driver {}", generation, name(system), driver.value_or(0)),
       [&](const measured_rig& r) {
         return driver && r.driver == driver && same_kind(r) && same_system(r);
       },
       basis::fitted},
      {fmt::format("{} under {}", generation, name(system)),
       [&](const measured_rig& r) { return same_kind(r) && same_system(r); }, basis::fitted},
      {fmt::format("{} under any system", generation), same_kind, basis::assumed},
      {fmt::format("any generation under {}", name(system)), same_system, basis::assumed},
      {"any generation under any system", [](const measured_rig&) { return true; }, basis::assumed},
  };
  for (const choice& c : choices) {
    group taken;
    for (const measured_rig& r : rigs)
      if (c.takes(r)) taken.push_back(&r);
    if (taken.size() < 2) continue;
    const auto by_low = [](const auto* a, const auto* b) { return a->low < b->low; };
    const auto by_high = [](const auto* a, const auto* b) { return a->high < b->high; };
    const bytes low = (*std::min_element(taken.begin(), taken.end(), by_low))->low;
    const bytes high = (*std::max_element(taken.begin(), taken.end(), by_high))->high;
    return {low, between(low, high), high, c.basis, note_of(taken, c.alike)};
  }
  return device{}.driver_context;
}

bytes context_growth() {
  bytes most;
  for (const measured_rig& r : measured_rigs())
    if (!r.pool_included) most = std::max(most, saturating_sub(r.high, r.low));
  return most;
}

measured_range desktop_of(operating_system system) {
  for (const measured_desktop& d : measured_desktops())
    if (d.system == system)
      return {
          d.low, between(d.low, d.high), d.high, basis::assumed,
          fmt::format("a desktop under {}, the highest of {} samples", name(system), d.n_samples)};
  return {};
}

}  // namespace vrambudget
