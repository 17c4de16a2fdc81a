#include "accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "catalogue/compute_capability.hpp"
#include "vrambudget/request/run_line.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget::accuracy {
namespace {

namespace json = boost::json;

double mib_of(bytes b) { return static_cast<double>(b.count) / (1 << 20); }

bytes from_mib(const json::value& v) {
  return {static_cast<std::uint64_t>(std::llround(v.to_number<double>() * (1 << 20)))};
}

/// The pool of a run of a catalogued model on one of its cards.
bytes planned_pool(const std::string& model_id, const std::string& gpu, const std::string& flags) {
  static std::map<std::string, bytes> known;
  const std::string key = model_id + ' ' + gpu + ' ' + flags;
  if (const auto it = known.find(key); it != known.end()) return it->second;
  const model m = read_shape(find_model(model_id).value()).value();
  std::istringstream words(flags);
  std::vector<std::string> args;
  for (std::string w; words >> w;) args.push_back(w);
  const run r = request::parse_run(args).value();
  const budget b = plan(m, r, {to_device(find_gpu(gpu).value())}).value();
  return known[key] = b.devices.front().of(term_kind::pool);
}

double share_over(const row& r, bytes predicted) {
  return mib_of(predicted) / mib_of(r.measured()) - 1;
}

std::vector<measured_rig> without(const std::string& rig) {
  std::vector<measured_rig> rest;
  for (const measured_rig& r : measured_rigs())
    if (r.id != rig) rest.push_back(r);
  return rest;
}

table_line line_of(std::string name, const std::vector<row>& rows) {
  std::map<std::string, double> rows_of_rig;
  for (const row& r : rows) rows_of_rig[r.rig] += 1;
  std::vector<std::pair<double, double>> off, under, held_out;
  for (const row& r : rows) {
    const double weight = 1 / rows_of_rig[r.rig];
    const double over = share_over(r, r.predicted(measured_rigs()));
    off.emplace_back(std::abs(over), weight);
    under.emplace_back(std::max(0.0, -over), weight);
    held_out.emplace_back(std::max(0.0, -share_over(r, r.predicted(without(r.rig)))), weight);
  }
  return {std::move(name),           rows_of_rig.size(),    rows.size(),
          percentile(off, 0.5),      percentile(off, 0.95), percentile(under, 0.95),
          percentile(held_out, 0.95)};
}

}  // namespace

bytes row::predicted(std::span<const measured_rig> rigs) const {
  bytes sum = self + driver_context_of(cc, system, std::nullopt, rigs).high;
  if (draws && system != operating_system::native_linux) sum += desktop_of(system).high;
  return sum + pool.value_or(bytes{});
}

std::optional<double> row::context_mib() const {
  if (state.empty()) return std::nullopt;
  return mib_of(unaccounted) - (state == "used" ? mib_of(pool.value()) : 0);
}

std::vector<row> read_rows(const std::string& file, std::map<std::string, int>* left_out) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file + ": cannot be read");
  std::vector<row> rows;
  for (std::string line; std::getline(in, line);) {
    const json::value parsed = json::parse(line);
    const json::object& o = parsed.as_object();
    if (const json::value* why = o.if_contains("excluded")) {
      if (left_out != nullptr) ++(*left_out)[std::string(why->as_string())];
      if (!o.contains("state")) continue;
    }
    const auto text = [&](const char* key) {
      const json::value* v = o.if_contains(key);
      return v == nullptr ? std::string() : std::string(v->as_string());
    };
    row r;
    r.rig = text("rig");
    r.state = text("state");
    r.cc = parse_compute_capability(text("compute_capability"));
    r.system = find_operating_system(text("system")).value();
    r.draws = text("class") == "desktop" || text("class") == "laptop";
    r.self = from_mib(o.at("self_mib"));
    r.unaccounted = from_mib(o.at("unaccounted_mib"));
    if (o.contains("run"))
      r.pool = planned_pool(text("catalogue_model"), text("gpu_id"), text("run"));
    r.scored = !o.contains("excluded");
    rows.push_back(std::move(r));
  }
  return rows;
}

std::vector<table_line> table_of(const std::vector<row>& rows) {
  std::map<std::uint32_t, std::vector<row>> by_generation;  // by their first compute capability
  std::map<std::string_view, std::uint32_t> first;
  std::vector<row> all;
  for (const row& r : rows) {
    if (!r.scored) continue;
    const std::uint32_t key = first.try_emplace(gpu_generation(r.cc), r.cc).first->second;
    by_generation[key].push_back(r);
    all.push_back(r);
  }
  std::vector<table_line> lines;
  for (const auto& [cc, some] : by_generation)
    lines.push_back(line_of(std::string(gpu_generation(cc)), some));
  lines.push_back(line_of("all", all));
  return lines;
}

std::string markdown(const std::vector<table_line>& lines) {
  std::string text =
      "| generation | rigs | cards and runs | median error | 95 % of errors within | 95 % under by "
      "at "
      "most | the same, from other rigs only |\n|---|---|---|---|---|---|---|\n";
  for (const table_line& l : lines)
    text += fmt::format("| {} | {} | {} | {:.1f} % | {:.1f} % | {:.1f} % | {:.1f} % |\n",
                        l.generation, l.n_rigs, l.n_rows, 100 * l.median, 100 * l.p95,
                        100 * l.under, 100 * l.held_out);
  return text;
}

std::map<std::string, samples> samples_of(const std::vector<row>& rows) {
  std::map<std::string, samples> all;
  for (const row& r : rows)
    if (const auto c = r.context_mib()) {
      samples& s = all[r.rig];
      s.low = s.n == 0 ? *c : std::min(s.low, *c);
      s.high = s.n == 0 ? *c : std::max(s.high, *c);
      ++s.n;
    }
  return all;
}

double percentile(std::vector<std::pair<double, double>> all, double share) {
  std::sort(all.begin(), all.end());
  double whole = 0, sum = 0;
  for (const auto& [value, weight] : all) whole += weight;
  for (const auto& [value, weight] : all)
    if ((sum += weight) >= share * whole * (1 - 1e-12)) return value;
  return all.empty() ? 0 : all.back().first;
}

}  // namespace vrambudget::accuracy
