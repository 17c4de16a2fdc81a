// Plans many models on all cores and sorts them.
#include "ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "model_sources.hpp"
#include "names.hpp"
#include "vrambudget/io/hub.hpp"
#include "vrambudget/io/model_catalogue.hpp"
#include "vrambudget/io/published_files.hpp"
#include "vrambudget/plan/solve.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

constexpr std::uint32_t usual_ctx = 8192;
constexpr double good_bits = 4.0;  // fewer bits per weight than this lose too much to come first

/// A model to be planned: one of three kinds.
struct source {
  const stored_model* stored = nullptr;
  const catalogued_model* catalogued = nullptr;
  const published_file* published = nullptr;  ///< a file of the catalogued model's shape
};

/// A model that was planned.
struct candidate {
  source from;
  std::string name, architecture, quantization;
  std::uint64_t n_params = 0;
  double bits_per_weight = 0;
  std::uint32_t n_ctx_train = 0, n_ctx = 0;
  bytes weights, used, spare;
  bool is_planned = false, fits = false;
  basis compute = basis::exact;  ///< of its compute buffer, the weakest of all devices
  context_limit largest;

  [[nodiscard]] bool on_disk() const { return from.stored != nullptr; }
  [[nodiscard]] bool is_scaled() const { return from.published != nullptr; }
  [[nodiscard]] auto rank() const {
    return std::tuple(fits, on_disk(), bits_per_weight >= good_bits, n_params, bits_per_weight);
  }
};

std::string without_quantization(const std::string& name, const std::string& quantization) {
  const std::size_t n = quantization.size() + 1;
  return name.size() > n && detail::folded(name).ends_with(detail::folded(quantization))
             ? name.substr(0, name.size() - n)
             : name;
}

/// Makes the tensors take as much as the published file, header included, so rather too much.
void scale(model& m, bytes size) {
  const double ratio =
      static_cast<double>(size.count) / static_cast<double>(m.tensor_bytes().count);
  for (model_tensor& t : m.tensors)
    t.size = bytes{static_cast<std::uint64_t>(static_cast<double>(t.size.count) * ratio) + 1};
}

model read(const source& s, candidate& c) {
  if (s.stored != nullptr) {
    model m = read_stored(*s.stored);
    c.quantization = quantization_of(s.stored->name + ".gguf");
    c.name = without_quantization(s.stored->name, c.quantization);
    return m;
  }
  model m = read_catalogued(*s.catalogued);
  c.name = without_quantization(s.catalogued->name, s.catalogued->quantization);
  c.quantization = s.published ? s.published->quantization : s.catalogued->quantization;
  if (s.published) scale(m, s.published->size);
  return m;
}

bool is_of_family(const candidate& c, const std::string& family) {
  const std::string key = detail::folded(family);
  return detail::folded(c.name).find(key) != std::string::npos ||
         detail::folded(c.architecture).find(key) != std::string::npos;
}

candidate planned(const source& s, const plan_request& q, const std::vector<device>& devices,
                  const limits& l) try {
  candidate c;
  c.from = s;
  const model m = read(s, c);
  c.architecture = m.architecture;
  if (!is_of_family(c, q.family)) return c;
  c.n_params = m.n_params;
  c.bits_per_weight = m.bits_per_weight();
  c.n_ctx_train = m.hp.n_ctx_train;
  c.weights = m.tensor_bytes();
  planner p(m, devices, l);
  run r = q.r;
  if (r.n_ctx == 0) r.n_ctx = q.min_ctx ? q.min_ctx : std::min(usual_ctx, m.hp.n_ctx_train);
  c.n_ctx = r.n_ctx;
  const result<budget> b = p.budget_for(r);
  if (!b) return c;  // the engine refuses this run for this model
  c.is_planned = true;
  c.spare = bytes::max();
  for (const device_budget& d : b->devices) {
    c.used += d.used();
    for (const term& t : d.terms)
      if (t.name == "compute_buffer") c.compute = std::max(c.compute, t.basis);
    c.spare = std::min(c.spare, d.spare());
  }
  const std::uint32_t wanted = std::max(r.n_ctx, q.min_ctx);
  if (!b->fits() || wanted > c.n_ctx_train) return c;
  const result<context_limit> most = max_context(p, r);
  if (!most || most->n_ctx < wanted) return c;
  c.largest = *most;
  c.fits = true;
  return c;
} catch (const failure&) {
  return {};  // a file on this disk that is no model
}

std::vector<source> all_sources() {
  std::vector<source> all;
  std::set<std::string> paths;
  for (const stored_model& s : models_on_disk())
    if (paths.insert(s.path).second) all.push_back({&s, nullptr, nullptr});
  for (const catalogued_model& c : catalogued_models()) {
    all.push_back({nullptr, &c, nullptr});
    for (const published_file& f : published_files())
      if (f.shape == c.id && f.quantization != c.quantization) all.push_back({nullptr, &c, &f});
  }
  return all;
}

std::vector<candidate> plan_all(const plan_request& q, const std::vector<device>& devices,
                                const limits& l) {
  const std::vector<source> sources = all_sources();
  std::vector<candidate> all(sources.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < sources.size(); i = next++)
      all[i] = planned(sources[i], q, devices, l);
  };
  std::vector<std::jthread> threads;
  const unsigned n = std::clamp(std::thread::hardware_concurrency(), 1u, 16u);
  for (unsigned i = 1; i < n; ++i) threads.emplace_back(work);
  work();
  threads.clear();  // waits
  std::erase_if(all, [](const candidate& c) { return !c.is_planned; });
  std::stable_sort(all.begin(), all.end(), [](const candidate& a, const candidate& b) {
    return a.fits != b.fits || a.fits ? a.rank() > b.rank() : a.used < b.used;
  });
  return all;
}

/// Of each model its best file that fits, of those on this disk all.
void print_text(const std::vector<candidate>& all, const plan_request& q) {
  std::set<std::string> models, fitting;
  for (const candidate& c : all) {
    models.insert(c.name);
    if (c.fits) fitting.insert(c.name);
  }
  const std::uint32_t wanted = std::max(q.r.n_ctx, q.min_ctx);
  fmt::print(
      "{} of {} known models fit with {}, best first:\n"
      "at least {} bits per weight, most parameters, most bits; of each its best file.\n",
      fitting.size(), models.size(),
      wanted ? grouped(wanted) + " tokens" : "8,192 tokens, or all they know", good_bits);
  std::set<std::string> shown;
  bool is_first = true, was_on_disk = false, has_mark = false;
  for (const candidate& c : all) {
    if (!c.fits) break;
    if (!c.on_disk() && !shown.insert(c.name).second) continue;
    if (is_first || was_on_disk != c.on_disk())
      fmt::print("\n{:<35}{:<13}{:>10}{:>12}{:>11}\n",
                 c.on_disk() ? "On this disk" : "In the catalogue", "file", "weights",
                 "largest ctx", "spare");
    is_first = false;
    was_on_disk = c.on_disk();
    const bool mark = c.is_scaled() || c.compute != basis::exact;
    has_mark = has_mark || mark;
    fmt::print(
        "{}{:<34.33}{:<13.12}{:>10}{:>12}{:>11}\n", mark ? '~' : ' ', c.name,
        c.quantization.empty() ? fmt::format("{:.2f} bits", c.bits_per_weight) : c.quantization,
        in_gib(c.weights), grouped(c.largest.n_ctx), in_gib(c.spare));
  }
  if (has_mark)
    fmt::print(
        "\n~ weights by the published file's size and the shape's proportions, or a compute\n"
        "  buffer that is not exact\n");
}

boost::json::object json_of(const candidate& c) {
  boost::json::object o{{"name", c.name},
                        {"from", c.on_disk() ? "disk" : "catalogue"},
                        {"architecture", c.architecture},
                        {"quantization", c.quantization},
                        {"n_params", c.n_params},
                        {"bits_per_weight", c.bits_per_weight},
                        {"n_ctx_train", c.n_ctx_train},
                        {"n_ctx", c.n_ctx},
                        {"weights_bytes", c.weights.count},
                        {"weights_basis", name(c.is_scaled() ? basis::assumed : basis::exact)},
                        {"compute_basis", name(c.compute)},
                        {"used_bytes", c.used.count},
                        {"fits", c.fits}};
  if (c.fits) {
    o["spare_bytes"] = c.spare.count;
    o["max_context"] = {{"n_ctx", c.largest.n_ctx}, {"bound_by", c.largest.bound_by}};
  }
  if (c.on_disk()) o["path"] = c.from.stored->path;
  if (c.from.catalogued) o["id"] = c.from.catalogued->id;
  if (c.from.published) {
    o["file"] = c.from.published->file;
    o["file_bytes"] = c.from.published->size.count;
    if (!c.from.published->repository.empty()) o["repository"] = c.from.published->repository;
  }
  return o;
}

void print_json(const std::vector<candidate>& all, const plan_request& q) {
  boost::json::array rows;
  for (const candidate& c : all) rows.push_back(json_of(c));
  fmt::print("{}\n", boost::json::serialize(boost::json::object{{"schema", json_schema},
                                                                {"vrambudget", version},
                                                                {"engine", full_name(q.r.profile)},
                                                                {"models", std::move(rows)}}));
}

}  // namespace

int show_ranking(const plan_request& q, const std::vector<device>& devices, const limits& l) {
  const std::vector<candidate> all = plan_all(q, devices, l);
  q.json ? print_json(all, q) : print_text(all, q);
  return std::any_of(all.begin(), all.end(), [](const candidate& c) { return c.fits; })
             ? yes
             : does_not_fit;
}

}  // namespace vrambudget::cli
