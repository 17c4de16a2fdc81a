#include "totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "contexts.hpp"
#include "rows.hpp"
#include "spread.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/run_line.hpp"

namespace vrambudget::accuracy {
namespace {

namespace json = boost::json;

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

measured_range others_of_row(const total_reading& r) {
  const bool on_linux = r.system == operating_system::native_linux;
  return others_of(r.system, r.draws && !on_linux ? desktop::typical : desktop::none);
}

const driver_context_model& model_for(const total_reading& r, const models_by_rig& without) {
  const auto it = without.find(r.rig);
  return it == without.end() ? without.at("") : it->second;
}

/// Of a run that is not known: what runs of usual micro-batches draw, by the card's size.
bytes pool_of(const total_reading& r) { return r.pool.value_or(from_mib(0.25 * r.threads.low)); }

double difference(bytes a, bytes b) { return in_mib(a) - in_mib(b); }

total_line line_of(std::string group, const std::vector<total_reading>& rows,
                   const models_by_rig& without) {
  std::map<std::string, double> rows_of_rig;
  for (const total_reading& r : rows) rows_of_rig[r.rig] += 1;
  weighted before, off, under;
  for (const total_reading& r : rows) {
    const double weight = 1 / rows_of_rig[r.rig];
    const driver_context_model& m = model_for(r, without);
    before.emplace_back(std::abs(difference(r.planned_before(), r.measured())), weight);
    off.emplace_back(std::abs(difference(r.planned(m, estimate::expected), r.measured())), weight);
    const double missing = difference(r.measured(), r.planned(m, estimate::high));
    under.emplace_back(std::max(0.0, missing / in_mib(r.measured())), weight);
  }
  return {std::move(group),      rows_of_rig.size(),     rows.size(), median(before), median(off),
          percentile(off, 0.95), percentile(under, 0.95)};
}

total_reading read_row(const json::object& o) {
  total_reading r;
  r.rig = text_of(o, "rig");
  r.state = text_of(o, "state");
  const gpu_entry g = find_gpu(text_of(o, "gpu_id")).value();
  r.gpu = g.id;
  r.cc = g.cc;
  r.threads = threads_of(g.cc, g.n_sm.value());
  r.system = find_operating_system(text_of(o, "system")).value();
  r.draws = g.form == "desktop" || g.form == "workstation";
  r.self = from_mib(o.at("self_mib").to_number<double>());
  r.unaccounted = from_mib(o.at("unaccounted_mib").to_number<double>());
  if (o.contains("run"))
    r.pool = planned_pool(text_of(o, "catalogue_model"), g.id, text_of(o, "run"));
  if (const json::value* pool = o.if_contains("pool_mib"))
    r.pool = from_mib(pool->to_number<double>());
  if (const json::value* n = o.if_contains("drafts")) r.n_drafts = n->to_number<std::uint32_t>();
  r.scored = !o.contains("excluded");
  return r;
}

}  // namespace

bytes total_reading::planned(const driver_context_model& m, estimate e) const {
  return self + context_of(m, threads, "").in_use.at(e) + m.draft * n_drafts + pool_of(*this) +
         others_of_row(*this).at(e);
}

bytes total_reading::planned_before() const {
  const bytes context = from_mib(counted_before(gpu_generation(cc)));
  const bytes desktop = system == operating_system::native_linux ? bytes{} : 2276_MiB;
  return self + context + pool.value_or(bytes{}) + desktop;
}

std::vector<total_reading> read_totals(const std::string& file,
                                       std::map<std::string, int>* left_out) {
  std::vector<total_reading> rows;
  for (const json::object& o : read_lines(file)) {
    if (o.contains("excluded")) {
      if (left_out != nullptr) ++(*left_out)[text_of(o, "excluded")];
      if (!o.contains("state")) continue;
    }
    if (o.contains("gpu_id")) rows.push_back(read_row(o));
  }
  return rows;
}

std::vector<total_line> total_lines(const std::vector<total_reading>& rows,
                                    const models_by_rig& without) {
  std::map<std::pair<std::uint32_t, operating_system>, std::vector<total_reading>> groups;
  std::map<std::string_view, std::uint32_t> first;
  std::vector<total_reading> all, on_linux;
  for (const total_reading& r : rows) {
    if (!r.scored) continue;
    groups[{first.try_emplace(gpu_generation(r.cc), r.cc).first->second, r.system}].push_back(r);
    all.push_back(r);
    if (r.system == operating_system::native_linux) on_linux.push_back(r);
  }
  std::vector<total_line> lines;
  for (const auto& [of, some] : groups)
    lines.push_back(
        line_of(fmt::format("{}, {}", gpu_generation(of.first), name(of.second)), some, without));
  lines.push_back(line_of("all, linux", on_linux, without));
  lines.push_back(line_of("all", all, without));
  return lines;
}

std::string markdown(const std::vector<total_line>& lines) {
  std::string text =
      "| generation, system | machines | cards and runs | before: median | now: median | 95 % "
      "within | 95 % under by at most |\n|---|---|---|---|---|---|---|\n";
  for (const total_line& l : lines)
    text += fmt::format("| {} | {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.1f} % |\n", l.group,
                        l.n_rigs, l.n_rows, l.before, l.median, l.p95, 100 * l.under);
  return text;
}

std::map<std::string, samples> samples_of(const std::vector<total_reading>& rows) {
  std::map<std::string, samples> all;
  for (const total_reading& r : rows) {
    if (r.state.empty()) continue;
    const double c = in_mib(r.unaccounted) - (r.state == "used" ? in_mib(r.pool.value()) : 0);
    samples& s = all[r.rig];
    s.low = s.n == 0 ? c : std::min(s.low, c);
    s.high = s.n == 0 ? c : std::max(s.high, c);
    s.threads = r.threads;
    s.gpu = r.gpu;
    ++s.n;
  }
  return all;
}

}  // namespace vrambudget::accuracy
