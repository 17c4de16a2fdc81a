// Plans all known models and sorts them.
#include "vrambudget/catalogue/ranked_models.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "names.hpp"
#include "vrambudget/hub/hub.hpp"

namespace vrambudget {
namespace {

std::string without_quantization(const std::string& name, const std::string& quantization) {
  const std::size_t n = quantization.size() + 1;
  return name.size() > n && detail::folded(name).ends_with(detail::folded(quantization))
             ? name.substr(0, name.size() - n)
             : name;
}

std::string model_name(const stored_model& s) {
  return without_quantization(s.name, quantization_of(s.name + ".gguf"));
}

bool is_of_family(const std::string& family, const std::string& name, const model& m) {
  const std::string key = detail::folded(family);
  return detail::folded(name).find(key) != std::string::npos ||
         detail::folded(m.architecture).find(key) != std::string::npos;
}

/// A model on its own; nothing where the engine refuses it, or it is of another family.
using maybe_ranked = std::optional<ranked_model>;

maybe_ranked plan_as(ranked_model r, const model& m, const ranking_question& q) {
  auto planned = plan_candidate(q, m);
  if (!planned) return std::nullopt;
  r.planned = std::move(*planned);
  return r;
}

maybe_ranked plan_stored(const stored_model& s, const ranking_question& q,
                         const known_models& among) {
  if (!among.read) return std::nullopt;
  const result<model> m = among.read(s);
  if (!m) return std::nullopt;  // a file on this disk that is no model
  const std::string name = model_name(s);
  if (!is_of_family(among.family, name, *m)) return std::nullopt;
  return plan_as({name, quantization_of(s.name + ".gguf"), s.path, nullptr, false, {}}, *m, q);
}

/// A file of a model and what its tensors take.
struct sized_file {
  const catalogued_file* file = nullptr;
  const model* shape = nullptr;
  bytes data;
};

/// All files of a model, the largest first.
std::vector<sized_file> by_size(const catalogued_files& all,
                                const std::map<const catalogued_model*, model>& shapes) {
  std::vector<sized_file> files;
  for (const catalogued_file& f : all.files)
    if (const auto shape = shapes.find(f.shape); shape != shapes.end())
      if (const auto data = data_of(shape->second, f)) files.push_back({&f, &shape->second, *data});
  std::stable_sort(files.begin(), files.end(),
                   [](const sized_file& a, const sized_file& b) { return a.data > b.data; });
  return files;
}

/// The model's largest file that fits, else its smallest.
maybe_ranked plan_catalogued(const catalogued_files& all, const ranking_question& q,
                             const known_models& among) {
  std::map<const catalogued_model*, model> shapes;
  for (const catalogued_file& f : all.files)
    if (!shapes.contains(f.shape))
      if (auto shape = read_shape(*f.shape)) shapes[f.shape] = std::move(*shape);
  if (shapes.empty() || !is_of_family(among.family, all.name, shapes.begin()->second))
    return std::nullopt;
  std::optional<model> chosen;
  const sized_file* best = nullptr;
  const std::vector<sized_file> files = by_size(all, shapes);
  for (const sized_file& f : files) {
    auto m = as_file(*f.shape, *f.file);
    if (!m) continue;
    best = &f;
    chosen = std::move(*m);
    if (fits(q, *chosen)) break;
  }
  if (best == nullptr) return std::nullopt;
  const catalogued_file& file = *best->file;
  const bool is_scaled = !file.is_own() && file.published && best->data == file.published->size;
  return plan_as({all.name, file.quantization, {}, &file, is_scaled, {}}, *chosen, q);
}

}  // namespace

std::vector<ranked_model> rank_models(const ranking_question& q, const known_models& among,
                                      const sweep_runner& run_all) {
  std::vector<const stored_model*> stored;
  std::set<std::string> paths;
  for (const stored_model& s : among.on_disk)
    if (paths.insert(s.path).second && !among.without.contains(model_name(s))) stored.push_back(&s);
  std::vector<const catalogued_files*> catalogue;
  for (const catalogued_files& f : all_catalogued_files())
    if (!among.without.contains(f.name)) catalogue.push_back(&f);

  std::vector<maybe_ranked> planned(stored.size() + catalogue.size());
  run_all(
      planned.size(),
      [&](std::size_t i) {
        planned[i] = i < stored.size() ? plan_stored(*stored[i], q, among)
                                       : plan_catalogued(*catalogue[i - stored.size()], q, among);
      },
      [] { return true; });
  std::vector<ranked_model> all;
  for (maybe_ranked& r : planned)
    if (r) all.push_back(std::move(*r));
  std::stable_sort(all.begin(), all.end(), [](const ranked_model& a, const ranked_model& b) {
    return is_better(a.planned, a.on_disk(), b.planned, b.on_disk());
  });
  return all;
}

result<void> check_ranking(const ranking_question& q) {
  const auto first = read_shape(catalogued_models().front());
  if (!first) return first.error();
  const auto planned = plan_candidate(q, *first);
  return planned ? result<void>() : planned.error();
}

std::set<std::string> names_that_fit(const std::vector<ranked_model>& all) {
  std::set<std::string> names;
  for (const ranked_model& r : all)
    if (r.planned.fits) names.insert(r.name);
  return names;
}

std::size_t more_with_q8_0(const ranking_question& q, known_models among,
                           const std::vector<ranked_model>& ranked, const sweep_runner& run_all) {
  if (q.base.type_k != ggml_type::f16 || q.base.type_v != ggml_type::f16) return 0;
  ranking_question smaller = q;
  smaller.base.type_k = smaller.base.type_v = ggml_type::q8_0;
  among.without = names_that_fit(ranked);
  return names_that_fit(rank_models(smaller, among, run_all)).size();
}

}  // namespace vrambudget
