// Fits measurements and finds them again.
#include "vrambudget/machine/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vrambudget/machine/driver_context_fit.hpp"

namespace vrambudget {
namespace {

std::string in_mib(bytes b) {
  return fmt::format("{:.1f} MiB", static_cast<double>(b.count) / (1 << 20));
}

std::string last_date(const calibrated_device& d) {
  std::string last;
  for (const calibration_measurement& m : d.measurements) last = std::max(last, m.date);
  return last;
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

measured_range context_range(const calibrated_device& d, std::string_view driver, bytes growth) {
  const calibrated_context& f = d.fit;
  const bytes half = saturating_sub(f.high, f.context);
  const char* sure = f.n_measurements > 1 ? "with 95 % confidence" : "as it was read";
  std::string note = fmt::format(
      "calibrated from {} {}{} of this card on {}, {}", f.n_measurements,
      f.of_runs ? "measured run" : "measured context", f.n_measurements == 1 ? "" : "s", f.date,
      half.count > 0 ? fmt::format("+-{} {}", in_mib(half), sure) : "spread unknown");
  const bool other = !driver.empty() && !d.driver.empty() && d.driver != driver;
  if (other) note += fmt::format("; by driver {}, this one is {}", d.driver, driver);
  if (!f.of_runs) note += "; and the most that one grew by in use on another machine";
  const bytes high = f.of_runs ? f.high : f.high + growth;
  return {f.low, f.context, high, other ? basis::assumed : basis::fitted, std::move(note)};
}

}  // namespace vrambudget
