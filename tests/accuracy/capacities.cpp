#include "capacities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "rows.hpp"
#include "spread.hpp"
#include "vrambudget/catalogue/gpus.hpp"

namespace vrambudget::accuracy {
namespace {

/// "535.54.03" and "570+" by their first number; "old" was not told more exactly.
std::optional<std::uint32_t> major_version(const std::string& driver) {
  if (driver == "old") return 550;
  std::uint32_t n = 0;
  const auto [rest, failed] = std::from_chars(driver.data(), driver.data() + driver.size(), n);
  return failed == std::errc{} ? std::optional(n) : std::nullopt;
}

std::string group_of(const gpu_entry& g, operating_system system,
                     std::optional<std::uint32_t> driver) {
  if (system != operating_system::native_linux) return "Windows, WSL2";
  if (g.cc < 700) return "Linux, before Volta";
  if (g.cc < 750) return "Linux, Volta";
  if (driver && *driver < 555) return "Linux, from Turing on, drivers to 550";
  return g.memory < 45_GiB ? "Linux, from Turing on, below 45 GiB"
                           : "Linux, from Turing on, 45 GiB and more";
}

capacity_line line_of(std::string group, const std::vector<capacity_reading>& all,
                      const std::function<bool(const capacity_reading&)>& takes) {
  capacity_line line;
  line.group = std::move(group);
  weighted before, rule, planned;
  for (const capacity_reading& r : all) {
    if (!takes(r)) continue;
    ++line.n;
    before.emplace_back(std::abs(r.whole - r.mib), 1);
    rule.emplace_back(std::abs(r.by_rule - r.mib), 1);
    planned.emplace_back(std::abs(r.planned - r.mib), 1);
  }
  line.before_median = median(before);
  line.before_worst = largest(before);
  line.rule_median = median(rule);
  line.rule_p90 = percentile(rule, 0.9);
  line.rule_worst = largest(rule);
  line.planned_median = median(planned);
  line.planned_worst = largest(planned);
  return line;
}

}  // namespace

std::vector<capacity_reading> read_capacities(const std::string& file) {
  struct seen {
    std::vector<double> mib;
    operating_system system = operating_system::native_linux;
    std::optional<std::uint32_t> driver;
  };
  std::map<std::pair<std::string, std::string>, seen> by_card;
  for (const auto& o : read_lines(file)) {
    const gpu_entry g = find_gpu(text_of(o, "gpu")).value();
    if (g.form == "unified") continue;
    const operating_system system = find_operating_system(text_of(o, "system")).value();
    const auto driver = major_version(text_of(o, "driver"));
    seen& s = by_card[{g.id, group_of(g, system, driver)}];
    s.mib.push_back(o.at("total_mib").to_number<double>());
    s.system = system;
    if (driver) s.driver = driver;
  }
  std::vector<capacity_reading> all;
  for (auto& [of, s] : by_card) {
    gpu_entry g = find_gpu(of.first).value();
    capacity_reading r{of.first, of.second};
    std::sort(s.mib.begin(), s.mib.end());
    r.mib = s.mib[(s.mib.size() - 1) / 2];
    r.whole = in_mib(g.nvml_total.value_or(g.memory));
    r.planned = in_mib(cuda_total_of(g, {s.system}));
    g.cuda_total.reset();
    r.by_rule = in_mib(cuda_total_of(g, {s.system, s.driver}));
    all.push_back(std::move(r));
  }
  return all;
}

std::vector<capacity_line> capacity_lines(const std::vector<capacity_reading>& all) {
  std::vector<capacity_line> lines;
  for (const char* group :
       {"Linux, before Volta", "Linux, Volta", "Linux, from Turing on, drivers to 550",
        "Linux, from Turing on, below 45 GiB", "Linux, from Turing on, 45 GiB and more",
        "Windows, WSL2"})
    lines.push_back(line_of(group, all, [&](const auto& r) { return r.group == group; }));
  lines.push_back(
      line_of("all under Linux", all, [](const auto& r) { return r.group.starts_with("Linux"); }));
  return lines;
}

std::string markdown(const std::vector<capacity_line>& lines) {
  std::string text =
      "| system, cards | cards | nvidia-smi's total: median | worst | by rule: median | 90 % "
      "within "
      "| worst | planned with: median | worst |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const capacity_line& l : lines)
    text +=
        fmt::format("| {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} |\n",
                    l.group, l.n, l.before_median, l.before_worst, l.rule_median, l.rule_p90,
                    l.rule_worst, l.planned_median, l.planned_worst);
  return text;
}

}  // namespace vrambudget::accuracy
