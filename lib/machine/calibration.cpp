// Fits measurements and finds them again.
#include "vrambudget/machine/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vrambudget/machine/driver_context_fit.hpp"

namespace vrambudget {
namespace {

std::string in_mib(bytes b) {
  return fmt::format("{:.1f} MiB", mib_of(b));
}

std::string last_date(const calibrated_device& d) {
  std::string last;
  for (const calibration_measurement& m : d.measurements) last = std::max(last, m.date);
  return last;
}

using ends = std::pair<bytes, bytes>;

/// Around one reading, which may itself be off by its resolution.
ends spread_of_one(const calibrated_context& f, const modelled_context& m) {
  const bytes below = f.of_runs ? saturating_sub(m.in_use.expected, m.in_use.low)
                                : saturating_sub(m.fresh.expected, m.fresh.low);
  const bytes above =
      saturating_sub(m.in_use.high, f.of_runs ? m.in_use.expected : m.fresh.expected);
  return {saturating_sub(f.low, below), f.high + above};
}

ends spread_of_many(const calibrated_context& f, const modelled_context& m) {
  return {f.low, f.of_runs ? f.high : f.high + m.most_growth};
}

}  // namespace

result<void> refit(calibrated_device& d) {
  const bool of_runs =
      std::any_of(d.measurements.begin(), d.measurements.end(),
                  [](const calibration_measurement& m) { return m.is_of_a_run(); });
  std::vector<context_measurement> rows;
  for (const calibration_measurement& m : d.measurements) {
    if (m.is_of_a_run() != of_runs) continue;
    if (m.used <= m.buffers)
      return error{errc::invalid_argument,
                   fmt::format("{} were measured, but the engine's buffers alone are {}: that was "
                               "another run, or not the process on this card",
                               in_mib(m.used), in_mib(m.buffers))};
    rows.push_back({saturating_sub(m.used, m.buffers), m.pool, m.resolution});
  }
  const auto fit = fit_driver_context(rows);
  if (!fit) return fit.error();
  d.fit = {fit->context,          fit->low, fit->high, fit->pool_share,
           fit->pool_share_error, fit->n,   of_runs,   last_date(d)};
  return {};
}

result<void> add_measurement(calibration& all, const calibrated_device& key,
                             calibration_measurement m) {
  const auto is_key = [&](const calibrated_device& d) {
    return d.gpu == key.gpu && d.system == key.system && d.driver == key.driver;
  };
  auto at = std::find_if(all.devices.begin(), all.devices.end(), is_key);
  calibrated_device changed =
      at == all.devices.end() ? calibrated_device{key.gpu, key.system, key.driver, {}, {}} : *at;
  if (std::find(changed.measurements.begin(), changed.measurements.end(), m) !=
      changed.measurements.end())
    return {};
  changed.measurements.push_back(std::move(m));
  if (auto fitted = refit(changed); !fitted) return fitted;
  if (at == all.devices.end())
    all.devices.push_back(std::move(changed));
  else
    *at = std::move(changed);
  return {};
}

double residual(const calibrated_context& fit, const calibration_measurement& m) {
  const auto size = [](bytes b) { return static_cast<double>(b.count); };
  return size(m.used) - size(m.buffers) - fit.pool_share * size(m.pool) - size(fit.context);
}

const calibrated_device* find_calibration(const calibration& all, std::string_view gpu,
                                          operating_system system, std::string_view driver) {
  const calibrated_device* best = nullptr;
  for (const calibrated_device& d : all.devices) {
    if (d.gpu != gpu || d.system != system) continue;
    if (!driver.empty() && d.driver == driver) return &d;
    if (best == nullptr || d.fit.date >= best->fit.date) best = &d;
  }
  return best;
}

measured_range context_range(const calibrated_device& d, std::string_view driver,
                             const modelled_context& modelled) {
  const calibrated_context& f = d.fit;
  const bool one = f.n_measurements == 1;
  std::string note =
      fmt::format("calibrated from {} {}{} of this card on {}", f.n_measurements,
                  f.of_runs ? "measured run" : "measured context", one ? "" : "s", f.date);
  note +=
      one ? ", with the spread of all cards"
          : fmt::format(", +-{} with 95 % confidence", in_mib(saturating_sub(f.high, f.context)));
  const bool other = !driver.empty() && !d.driver.empty() && d.driver != driver;
  if (other) note += fmt::format("; by driver {}, this one is {}", d.driver, driver);
  if (!f.of_runs) note += "; and what grows in use";
  const auto [low, high] = one ? spread_of_one(f, modelled) : spread_of_many(f, modelled);
  const bytes expected = f.of_runs ? f.context : f.context + modelled.growth;
  return {low, expected, high, other ? basis::assumed : basis::fitted, std::move(note)};
}

}  // namespace vrambudget
