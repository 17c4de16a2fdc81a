// Plans many models on all cores and sorts them.
#include "ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <map>
#include <set>
#include <span>
#include <thread>
#include <tuple>
#include <utility>

#include "catalogue/names.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

constexpr std::uint32_t usual_ctx = 8192;
constexpr double good_bits = 4.0;  // fewer bits per weight than this lose too much to come first

/// A model that was planned, or is to be: a stored one, or a catalogued one's file.
struct candidate {
  const stored_model* stored = nullptr;
  const catalogued_file* file = nullptr;
  std::string name, architecture, quantization, note;
  std::uint64_t n_params = 0;
  double bits_per_weight = 0;
  std::uint32_t n_ctx_train = 0, n_ctx = 0;
  bytes weights, used, spare;
  bool is_scaled = false;  ///< its weights are the published file's size
  bool is_planned = false, fits = false;
  basis types = basis::exact, compute = basis::exact;  ///< the weakest of all devices
  context_limit largest;

  [[nodiscard]] bool on_disk() const { return stored != nullptr; }
  [[nodiscard]] bool is_published() const { return file != nullptr && file->published != nullptr; }
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

bool is_of_family(const candidate& c, const std::string& family) {
  const std::string key = detail::folded(family);
  return detail::folded(c.name).find(key) != std::string::npos ||
         detail::folded(c.architecture).find(key) != std::string::npos;
}

/// What all models are planned for.
struct question {
  const plan_request& q;
  const std::vector<device>& devices;
  limits l;
  const std::vector<stored_model>& on_disk;

  [[nodiscard]] run run_of(const model& m) const {
    run r = q.r;
    if (r.n_ctx == 0) r.n_ctx = q.min_ctx ? q.min_ctx : std::min(usual_ctx, m.hp.n_ctx_train);
    return r;
  }
  [[nodiscard]] std::uint32_t wanted(const run& r) const { return std::max(r.n_ctx, q.min_ctx); }

  /// Whether a device has no room for the weights alone: then no plan is needed.
  [[nodiscard]] bool weights_exceed(const model& m) const {
    const run r = run_of(m);
    const auto used = devices_of(r, devices);
    if (!used) return false;
    const auto where = place_layers(r, *used, m.hp.n_layer_all);
    if (!where) return false;
    const auto placed = place_weights(m, *where, r, devices.size());
    for (std::size_t i = 0; placed && i < used->size(); ++i)
      if (placed->on(static_cast<int>(i)) > saturating_sub((*used)[i].free, l.reserve)) return true;
    return false;
  }

  /// Whether it holds the tokens that are wanted.
  [[nodiscard]] bool fits(const model& m) const {
    if (weights_exceed(m)) return false;
    run r = run_of(m);
    r.n_ctx = wanted(r);
    const result<budget> b = planner(m, devices, l).budget_for(r);
    return b && b->fits();
  }
};

void plan(candidate& c, const model& m, const question& asked) {
  c.architecture = m.architecture;
  if (!is_of_family(c, asked.q.family)) return;
  c.note = m.types_note;
  c.types = m.types_basis;
  c.n_params = m.n_params;
  c.bits_per_weight = m.bits_per_weight();
  c.n_ctx_train = m.hp.n_ctx_train;
  c.weights = m.tensor_bytes();
  planner p(m, asked.devices, asked.l);
  const run r = asked.run_of(m);
  c.n_ctx = r.n_ctx;
  const result<budget> b = p.budget_for(r);
  if (!b) return;  // the engine refuses this run for this model
  c.is_planned = true;
  c.spare = bytes::max();
  for (const device_budget& d : b->devices) {
    c.used += d.used();
    for (const term& t : d.terms)
      if (t.name == "compute_buffer") c.compute = std::max(c.compute, t.basis);
    c.spare = std::min(c.spare, d.spare());
  }
  const std::uint32_t wanted = asked.wanted(r);
  if (!b->fits() || wanted > c.n_ctx_train) return;
  const result<context_limit> most = max_context(p, r);
  if (!most || most->n_ctx < wanted) return;
  c.largest = *most;
  c.fits = true;
}

std::string model_name(const stored_model& s) {
  return without_quantization(s.name, quantization_of(s.name + ".gguf"));
}

candidate planned(const stored_model& s, const question& asked) {
  candidate c;
  c.stored = &s;
  c.quantization = quantization_of(s.name + ".gguf");
  c.name = model_name(s);
  const auto m = read_stored(s);
  if (!m) return {};  // a file on this disk that is no model
  plan(c, *m, asked);
  return c;
}

/// A file of a model and what its tensors take.
struct sized_file {
  const catalogued_file* file = nullptr;
  const model* shape = nullptr;
  bytes data;
};

/// The model's largest file that fits, else its smallest.
candidate planned(const catalogued_files& all, const question& asked) try {
  candidate c;
  c.name = all.name;
  std::map<const catalogued_model*, model> shapes;
  for (const catalogued_file& f : all.files)
    if (!shapes.contains(f.shape)) shapes[f.shape] = value_or_fail(read_shape(*f.shape), our_bug);
  c.architecture = shapes.begin()->second.architecture;
  if (!is_of_family(c, asked.q.family)) return c;
  std::vector<sized_file> files;
  for (const catalogued_file& f : all.files)
    if (const auto data = data_of(shapes[f.shape], f))
      files.push_back({&f, &shapes[f.shape], *data});
  std::stable_sort(files.begin(), files.end(),
                   [](const sized_file& a, const sized_file& b) { return a.data > b.data; });
  model m;
  const sized_file* best = nullptr;
  for (const sized_file& f : files) {
    best = &f;
    m = value_or_fail(as_file(*f.shape, *f.file), our_bug);
    if (asked.fits(m)) break;
  }
  if (best == nullptr) return c;
  c.file = best->file;
  c.quantization = best->file->quantization;
  c.is_scaled =
      !best->file->is_own() && c.is_published() && best->data == best->file->published->size;
  plan(c, m, asked);
  return c;
} catch (const failure&) {
  return {};  // no shape of ours: a test reads them all
}

/// All models but those of `without`, best first.
std::vector<candidate> plan_all(const question& asked, const std::set<std::string>& without = {}) {
  std::vector<const stored_model*> stored;
  std::set<std::string> paths;
  for (const stored_model& s : asked.on_disk)
    if (paths.insert(s.path).second && !without.contains(model_name(s))) stored.push_back(&s);
  std::vector<const catalogued_files*> catalogue;
  for (const catalogued_files& f : all_catalogued_files())
    if (!without.contains(f.name)) catalogue.push_back(&f);
  std::vector<candidate> all(stored.size() + catalogue.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++)
      all[i] = i < stored.size() ? planned(*stored[i], asked)
                                 : planned(*catalogue[i - stored.size()], asked);
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

std::set<std::string> names_that_fit(const std::vector<candidate>& all) {
  std::set<std::string> names;
  for (const candidate& c : all)
    if (c.fits) names.insert(c.name);
  return names;
}

/// How many other models would fit with a smaller KV cache, for those who did not choose its type.
void print_more(const question& asked, const std::set<std::string>& fitting) {
  if (asked.q.r.type_k != ggml_type::f16 || asked.q.r.type_v != ggml_type::f16) return;
  plan_request smaller = asked.q;
  smaller.r.type_k = smaller.r.type_v = ggml_type::q8_0;
  const std::size_t n =
      names_that_fit(plan_all({smaller, asked.devices, asked.l, asked.on_disk}, fitting)).size();
  if (n > 0)
    fmt::print("\n{} more {} with the KV cache in q8_0: -ctk q8_0 -ctv q8_0\n", n,
               n == 1 ? "fits" : "fit");
}

/// Of each model its best file that fits, of those on this disk all.
void print_text(const std::vector<candidate>& all, const question& asked) {
  const plan_request& q = asked.q;
  const std::set<std::string> fitting = names_that_fit(all);
  std::set<std::string> models;
  for (const candidate& c : all) models.insert(c.name);
  const std::uint32_t wanted = std::max(q.r.n_ctx, q.min_ctx);
  fmt::print(
      "{} of {} known models fit with {}, best first:\n"
      "at least {} bits per weight, most parameters, most bits; of each its best file.\n",
      fitting.size(), models.size(),
      wanted ? grouped(wanted) + " tokens" : "8,192 tokens, or all they know", good_bits);
  bool is_first = true, was_on_disk = false, has_mark = false, has_computed = false;
  for (const candidate& c : all) {
    if (!c.fits) break;
    if (is_first || was_on_disk != c.on_disk())
      fmt::print("\n{:<35}{:<13}{:>10}{:>12}{:>11}\n",
                 c.on_disk() ? "On this disk" : "In the catalogue", "file", "weights",
                 "largest ctx", "spare");
    is_first = false;
    was_on_disk = c.on_disk();
    const bool mark = c.is_scaled || c.compute != basis::exact;
    has_mark = has_mark || mark;
    has_computed = has_computed || !c.on_disk();
    fmt::print("{}{:<34.33}{:<13.12}{:>10}{:>12}{:>11}\n", mark ? '~' : ' ', c.name,
               c.quantization.empty() ? fmt::format("{:.2f} bits", c.bits_per_weight)
                                      : c.quantization + (c.is_published() ? " *" : ""),
               in_gib(c.weights), grouped(c.largest.n_ctx), in_gib(c.spare));
  }
  if (has_computed)
    fmt::print(
        "\n* such a file is known (vrambudget models NAME); others are as llama-quantize\n"
        "  would write them, or a shape of the catalogue\n");
  if (has_mark)
    fmt::print(
        "~ weights by the published file's size and the shape's proportions, or a compute\n"
        "  buffer that is not exact\n");
  print_more(asked, fitting);
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
                        {"weights_basis", name(c.types)},
                        {"compute_basis", name(c.compute)},
                        {"used_bytes", c.used.count},
                        {"fits", c.fits}};
  if (c.fits) {
    o["spare_bytes"] = c.spare.count;
    o["max_context"] = {{"n_ctx", c.largest.n_ctx}, {"bound_by", c.largest.bound_by}};
  }
  if (c.on_disk()) o["path"] = c.stored->path;
  if (c.file) o["id"] = c.file->shape->id;
  if (!c.note.empty()) o["note"] = c.note;
  if (c.is_published()) {
    const published_file& f = *c.file->published;
    o["file"] = f.file;
    o["file_bytes"] = f.size.count;
    if (!f.repository.empty()) o["repository"] = f.repository;
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
  model_reader reader = reader_of(q.sources);
  const question asked{q, devices, l, reader.stored()};
  const std::vector<candidate> all = plan_all(asked);
  q.json ? print_json(all, q) : print_text(all, asked);
  return std::any_of(all.begin(), all.end(), [](const candidate& c) { return c.fits; })
             ? yes
             : does_not_fit;
}

}  // namespace vrambudget::cli
