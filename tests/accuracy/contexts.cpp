#include "contexts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "rows.hpp"
#include "spread.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"

namespace vrambudget::accuracy {
namespace {

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

context_line line_of(std::string name, const std::vector<context_reading>& some,
                     const std::vector<context_reading>& all) {
  context_line line;
  line.generation = std::move(name);
  line.n_readings = some.size();
  std::set<std::string> rigs;
  weighted before, after;
  for (const context_reading& r : some) {
    rigs.insert(r.rig);
    std::vector<context_reading> others;
    for (const context_reading& o : all)
      if (o.rig != r.rig) others.push_back(o);
    const modelled_context c = context_of(fitted_to(others), {r.u, r.u}, "");
    before.emplace_back(std::abs(counted_before(gpu_generation(r.cc)) - r.mib), 1);
    after.emplace_back(std::abs(in_mib(c.fresh.expected) - r.mib), 1);
    line.within += in_mib(c.fresh.low) <= r.mib && r.mib <= in_mib(c.fresh.high);
  }
  line.n_rigs = rigs.size();
  line.before_median = median(before);
  line.before_worst = largest(before);
  line.median = median(after);
  line.p90 = percentile(after, 0.9);
  line.worst = largest(after);
  return line;
}

}  // namespace

std::vector<context_reading> read_contexts(const std::string& file) {
  std::map<std::pair<std::string, std::string>, std::vector<double>> values;
  for (const auto& o : read_lines(file))
    if (o.contains("context_mib"))
      values[{text_of(o, "rig"), text_of(o, "gpu")}].push_back(
          o.at("context_mib").to_number<double>());
  std::vector<context_reading> all;
  for (const auto& [of, mib] : values) {
    const gpu_entry g = find_gpu(of.second).value();
    all.push_back({of.first, g.id, g.cc, threads_of(g.cc, g.n_sm.value()).low, middle(mib)});
  }
  return all;
}

std::vector<context_in_use> read_contexts_in_use(const std::string& file) {
  std::vector<context_in_use> all;
  for (const auto& o : read_lines(file)) {
    if (!o.contains("in_use_low_mib")) continue;
    const gpu_entry g = find_gpu(text_of(o, "gpu")).value();
    all.push_back({text_of(o, "rig"), g.id, o.at("in_use_low_mib").to_number<double>(),
                   o.at("in_use_high_mib").to_number<double>(),
                   driver_context_of(g.cc, g.n_sm.value()).in_use});
  }
  return all;
}

driver_context_model fitted_to(const std::vector<context_reading>& readings) {
  // minimal sum of ((base + slope u) / measured - 1)^2: normal equations of two unknowns
  double xx = 0, xz = 0, zz = 0, x = 0, z = 0;
  for (const context_reading& r : readings) {
    const double one = 1 / r.mib, u = r.u / r.mib;
    xx += one * one;
    xz += one * u;
    zz += u * u;
    x += one;
    z += u;
  }
  const double d = xx * zz - xz * xz;
  driver_context_model m = driver_contexts();
  m.base_mib = (x * zz - z * xz) / d;
  m.mib_per_1024_threads = (xx * z - xz * x) / d;
  return m;
}

double counted_before(std::string_view generation) {
  return generation == "Pascal"   ? 380.6
         : generation == "Ampere" ? 255
         : generation == "Ada"    ? 456
                                  : 753;
}

std::vector<context_line> context_lines(const std::vector<context_reading>& readings) {
  std::map<std::uint32_t, std::vector<context_reading>> by_generation;  // by their least capability
  std::map<std::string_view, std::uint32_t> least;
  for (const context_reading& r : readings) {
    const auto [it, first] = least.try_emplace(gpu_generation(r.cc), r.cc);
    it->second = std::min(it->second, r.cc);
  }
  for (const context_reading& r : readings)
    by_generation[least.at(gpu_generation(r.cc))].push_back(r);
  std::vector<context_line> lines;
  for (const auto& [cc, some] : by_generation)
    lines.push_back(line_of(std::string(gpu_generation(cc)), some, readings));
  lines.push_back(line_of("all", readings, readings));
  return lines;
}

std::string markdown(const std::vector<context_line>& lines) {
  std::string text =
      "| generation | machines | readings | before: median | worst | now: median | 90 % within | "
      "worst | in the range |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const context_line& l : lines)
    text += fmt::format("| {} | {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {} |\n",
                        l.generation, l.n_rigs, l.n_readings, l.before_median, l.before_worst,
                        l.median, l.p90, l.worst, l.within);
  return text;
}

std::string markdown(const std::vector<context_in_use>& rows) {
  std::string text =
      "| machine | card | measured | planned: low | expected | high |\n|---|---|---|---|---|---|\n";
  for (const context_in_use& r : rows)
    text += fmt::format("| {} | {} | {} | {:.0f} | {:.0f} | {:.0f} |\n", r.rig, r.gpu,
                        r.low == r.high ? fmt::format("{:.0f}", r.low)
                                        : fmt::format("{:.0f} to {:.0f}", r.low, r.high),
                        in_mib(r.planned.low), in_mib(r.planned.expected), in_mib(r.planned.high));
  return text;
}

}  // namespace vrambudget::accuracy
