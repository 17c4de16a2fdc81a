// Reads the embedded data/overheads.json.
#include "vrambudget/catalogue/overheads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cassert>
#include <cmath>
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

double number(const json::object& o, const char* key) { return o.at(key).to_number<double>(); }

double number_or(const json::object& o, const char* key, double absent) {
  return o.contains(key) ? number(o, key) : absent;
}

bytes from_mib(double size) {
  return {static_cast<std::uint64_t>(std::llround(std::max(size, 0.0) * (1 << 20)))};
}

context_end read_bound(const json::value& v) {
  const json::object& o = v.as_object();
  return {number(o, "share"), number(o, "mib"), number_or(o, "mib_per_1024_threads", 0)};
}

driver_context_model read_model() {
  const json::object& o = parsed().at("driver_context").as_object();
  driver_context_model m;
  m.base_mib = number(o, "base_mib");
  m.mib_per_1024_threads = number(o, "mib_per_1024_threads");
  m.fresh_low = read_bound(o.at("fresh").at("low"));
  m.fresh_high = read_bound(o.at("fresh").at("high"));
  m.in_use_low = read_bound(o.at("in_use").at("low"));
  m.in_use_expected = read_bound(o.at("in_use").at("expected"));
  m.in_use_high = read_bound(o.at("in_use").at("high"));
  m.draft = from_mib(number(o, "draft_mib"));
  const json::object& unknown = o.at("unknown_1024_threads").as_object();
  m.unknown = {number(unknown, "low"), number(unknown, "high")};
  return m;
}

/// From `from_cc` on, until the next row.
struct threads_row {
  std::uint32_t from_cc = 0, threads = 0;
};

const std::vector<threads_row>& threads_rows() {
  static const std::vector<threads_row> all = [] {
    std::vector<threads_row> rows;
    for (const json::value& v : parsed().at("driver_context").at("threads_per_sm").as_array())
      rows.push_back({parse_compute_capability(v.at("compute_capability").as_string()),
                      v.at("threads").to_number<std::uint32_t>()});
    return rows;
  }();
  return all;
}

/// What the driver reserves, of the cards and drivers below all that a row names.
struct reserved_row {
  std::optional<std::uint32_t> below_cc, below_driver, below_gib;
  double mib = 0, mib_per_gib = 0, spread_mib = 0;

  [[nodiscard]] bool is_of(std::uint32_t cc, double gib,
                           std::optional<std::uint32_t> driver) const {
    return (!below_cc || cc < *below_cc) && (!below_gib || gib < *below_gib) &&
           (!below_driver || (driver && *driver < *below_driver));
  }
};

const std::vector<reserved_row>& reserved_rows() {
  static const std::vector<reserved_row> all = [] {
    std::vector<reserved_row> rows;
    for (const json::value& v : parsed().at("reserved").as_array()) {
      const json::object& o = v.as_object();
      reserved_row r;
      if (const json::value* cc = o.if_contains("below_compute_capability"))
        r.below_cc = parse_compute_capability(cc->as_string());
      if (const json::value* driver = o.if_contains("below_driver"))
        r.below_driver = driver->to_number<std::uint32_t>();
      if (const json::value* gib = o.if_contains("below_gib"))
        r.below_gib = gib->to_number<std::uint32_t>();
      r.mib = number(o, "mib");
      r.mib_per_gib = number(o, "mib_per_gib");
      r.spread_mib = number(o, "spread_mib");
      rows.push_back(r);
    }
    return rows;
  }();
  return all;
}

struct others_row {
  operating_system system = operating_system::native_linux;
  enum desktop desktop = desktop::none;
  bytes low, expected, high;
};

const std::vector<others_row>& others_rows() {
  static const std::vector<others_row> all = [] {
    std::vector<others_row> rows;
    for (const json::value& v : parsed().at("others").as_array()) {
      const json::object& o = v.as_object();
      rows.push_back({find_operating_system(std::string_view(o.at("system").as_string())).value(),
                      find_desktop(std::string_view(o.at("desktop").as_string())).value(),
                      from_mib(number(o, "low_mib")), from_mib(number(o, "expected_mib")),
                      from_mib(number(o, "high_mib"))});
    }
    return rows;
  }();
  return all;
}

std::string note_of(operating_system system, desktop d) {
  const bool on_linux = system == operating_system::native_linux;
  const char* where = on_linux ? "Linux" : "Windows";
  if (d == desktop::none)
    return fmt::format("no desktop on this card{}", on_linux ? "" : ", only what Windows keeps");
  return fmt::format("a {}desktop under {} on this card",
                     d == desktop::typical ? "" : std::string(name(d)) + " ", where);
}

}  // namespace

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

const driver_context_model& driver_contexts() {
  static const driver_context_model m = read_model();
  return m;
}

std::optional<std::uint32_t> threads_per_sm(std::uint32_t cc) {
  std::optional<std::uint32_t> threads;
  for (const threads_row& r : threads_rows())
    if (r.from_cc <= cc) threads = r.threads;
  return threads;
}

resident_threads threads_of(std::uint32_t cc, std::uint32_t n_sm) {
  const auto threads = threads_per_sm(cc);
  if (!threads || n_sm == 0) return driver_contexts().unknown;
  const double u = static_cast<double>(n_sm) * *threads / 1024;
  return {u, u};
}

modelled_context driver_context_of(resident_threads u) {
  const driver_context_model& m = driver_contexts();
  const std::string base = fmt::format("{} + {} MiB x ", m.base_mib, m.mib_per_1024_threads);
  return context_of(m, u,
                    u.known() ? fmt::format("{}{:.0f} thousand resident threads", base, u.low)
                              : fmt::format("{}{:.0f} to {:.0f} thousand resident threads: its "
                                            "multiprocessors are not known",
                                            base, u.low, u.high));
}

modelled_context driver_context_of(std::uint32_t cc, std::uint32_t n_sm) {
  return driver_context_of(threads_of(cc, n_sm));
}

measured_range reserved_by_driver(std::uint32_t cc, bytes memory,
                                  std::optional<std::uint32_t> driver) {
  const double gib = gib_of(memory);
  for (const reserved_row& r : reserved_rows()) {
    if (!r.is_of(cc, gib, driver)) continue;
    const double mib = r.mib + r.mib_per_gib * gib;
    return {from_mib(mib - r.spread_mib), from_mib(mib), from_mib(mib + r.spread_mib),
            basis::fitted, "kept by the driver"};
  }
  assert(false);  // the last row is of all cards
  return {};
}

measured_range others_of(operating_system system, desktop d) {
  // WSL2 runs beside Windows' desktop, on its driver
  const operating_system host =
      system == operating_system::wsl2 ? operating_system::windows : system;
  for (const others_row& r : others_rows())
    if (r.system == host && r.desktop == d)
      return {r.low, r.expected, r.high, basis::assumed, note_of(host, d)};
  return {};
}

bytes spilled_below_total() {
  return from_mib(number(parsed().at("spilled_below_total").as_object(), "mib"));
}

}  // namespace vrambudget
