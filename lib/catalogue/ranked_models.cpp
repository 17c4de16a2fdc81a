// Plans all known models and sorts them.
#include "vrambudget/catalogue/ranked_models.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "names.hpp"
#include "vrambudget/catalogue/speeds.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/quantize/quantize.hpp"

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

/// A planned file, with what is known of its speed and quality.
ranked_model described(ranked_model r, const model& m, const ranking_question& q) {
  candidate& c = r.planned;
  if (c.fits && !c.drafts)
    c.speed = decode_speed_at(m, c.planned, q.devices, c.context, c.context.n_ctx_seq);
  r.quality = quality_of(r.name, r.quantization, c.bits_per_weight);
  return r;
}

/// The same question with a smaller cache; nothing where its type was chosen, or nobody asks.
std::optional<ranking_question> with_q8_0(const ranking_question& q, const known_models& among) {
  if (!among.counts_q8_0 || q.base.type_k != ggml_type::f16 || q.base.type_v != ggml_type::f16)
    return std::nullopt;
  ranking_question smaller = q;
  smaller.base.type_k = smaller.base.type_v = ggml_type::q8_0;
  return smaller;
}

/// What is found of one model.
struct found_files {
  std::vector<ranked_model> planned;
  std::string with_q8_0;  ///< its name, if it would fit the devices so and does not without
};

bool fits_devices(const ranked_model& r) {
  return r.planned.fits && r.planned.moved == on_host::nothing;
}

/// A file on the devices alone, else with a part on the host; the devices' own plan if neither fits.
found_files plan_stored(const stored_model& s, const ranking_question& q,
                        const std::optional<ranking_question>& smaller,
                        const known_models& among) {
  if (!among.read) return {};
  const result<model> m = among.read(s);
  if (!m) return {};  // a file on this disk that is no model
  const std::string name = model_name(s);
  if (!is_of_family(among.family, name, *m)) return {};
  std::optional<candidate> planned = plan_if_fits(q, *m);
  found_files found;
  if (!planned && smaller && holds(*smaller, *m)) found.with_q8_0 = name;
  if (!planned) planned = plan_with_host(q, *m);
  if (!planned) {
    auto refused = plan_candidate(q, *m);
    if (!refused) return found;
    planned = std::move(*refused);
  }
  found.planned.push_back(described(
      {name, quantization_of(s.name + ".gguf"), s.path, nullptr, false, std::move(*planned), {}},
      *m, q));
  return found;
}

/// What tables that are looked up, which lie on the host, take in their largest type.
bytes most_of_tables(const model& shape) {
  bytes sum;
  for (const model_tensor& t : shape.tensors)
    if (place_of(shape, stack_of(t.name)).kind == tensor_class::input)
      sum += row_size(ggml_type::f32, static_cast<std::uint64_t>(t.ne[0])) *
             static_cast<std::uint64_t>(t.ne[1]);
  return sum;
}

/// A shape that was read.
struct known_shape {
  explicit known_shape(model read) : m(std::move(read)), in_types(m), tables(most_of_tables(m)) {}
  known_shape(const known_shape&) = delete;
  known_shape& operator=(const known_shape&) = delete;

  model m;
  quantizer in_types;
  bytes tables;  ///< most_of_tables()
};

/// A file of a model and what its tensors take.
struct sized_file {
  const catalogued_file* file = nullptr;
  const known_shape* shape = nullptr;
  bytes data;
};

/// All files of a model, the largest first.
std::vector<sized_file> by_size(const catalogued_files& all,
                                const std::map<const catalogued_model*, known_shape>& shapes) {
  std::vector<sized_file> files;
  for (const catalogued_file& f : all.files)
    if (const auto shape = shapes.find(f.shape); shape != shapes.end())
      if (const auto data = data_of(shape->second.in_types, f))
        files.push_back({&f, &shape->second, *data});
  std::stable_sort(files.begin(), files.end(),
                   [](const sized_file& a, const sized_file& b) { return a.data > b.data; });
  return files;
}

/// Plans the files of a catalogued model.
class file_planner {
 public:
  file_planner(const catalogued_files& all, const ranking_question& q) : all_(all), q_(q) {
    for (const catalogued_file& f : all.files)
      if (!shapes_.contains(f.shape))
        if (auto shape = read_shape(*f.shape)) shapes_.try_emplace(f.shape, std::move(*shape));
  }

  [[nodiscard]] bool is_of_family(const std::string& family) const {
    return !shapes_.empty() && vrambudget::is_of_family(family, all_.name, shapes_.begin()->second.m);
  }

  /// What fits of it: on the devices, and with a part on the host where those have none of enough bits. Neither: the
  /// smallest file.
  [[nodiscard]] found_files take(const std::optional<ranking_question>& smaller,
                                 bool plans_refused) {
    found_files of_model;
    std::vector<ranked_model>& found = of_model.planned;
    const std::vector<sized_file> large_first = by_size(all_, shapes_),
                                  small_first = enough_bits_first(large_first);
    const bool is_large = q_.prefer == preference::quality || q_.prefer == preference::balance;
    const auto& files = is_large ? large_first : small_first;
    const sized_file* smallest = nullptr;
    for (const sized_file& f : files) {
      if (smallest == nullptr || f.data < smallest->data) smallest = &f;
      if (exceeds_devices(f)) continue;
      if (auto planned = plan(f, plan_if_fits)) {
        found.push_back(std::move(*planned));
        break;
      }
    }
    if (found.empty() && smaller && any_holds(large_first, *smaller)) of_model.with_q8_0 = all_.name;
    if (found.empty() || found.front().planned.bits_per_weight < good_bits)
      add_on_host(found, small_first);
    if (found.empty() && smallest != nullptr)
      if (auto refused = plan(*smallest, plans_refused ? planned_anyhow : weighed))
        found.push_back(std::move(*refused));
    return of_model;
  }

 private:
  /// Whether its smallest file holds what is wanted.
  [[nodiscard]] bool any_holds(const std::vector<sized_file>& large_first,
                               const ranking_question& q) const {
    if (large_first.empty() || exceeds_devices(large_first.back())) return false;
    const sized_file& smallest = large_first.back();
    const result<model> m = as_file(smallest.shape->in_types, *smallest.file);
    return m && holds(q, *m);
  }

  static std::optional<candidate> planned_anyhow(const ranking_question& q, const model& m) {
    auto c = plan_candidate(q, m);
    return c ? std::optional(std::move(*c)) : std::nullopt;
  }
  static std::optional<candidate> weighed(const ranking_question& q, const model& m) {
    candidate c{.architecture = m.architecture,
                .n_params = m.n_params,
                .bits_per_weight = m.bits_per_weight(),
                .n_ctx_train = m.hp.n_ctx_train,
                .n_ctx = q.run_of(m).n_ctx,
                .weights = m.tensor_bytes(),
                .used = m.tensor_bytes(),
                .spare = {},
                .host = {},
                .types = m.types_basis};
    c.note = m.types_note;
    return c;
  }

  /// Whether a file is larger than all that lies on devices, and tables that stay on the host, can be.
  [[nodiscard]] bool exceeds_devices(const sized_file& f) const {
    if (!may_use_host(q_.base, q_.devices)) return false;
    return f.data > usable_together(q_.devices, q_.held_against.reserve) + f.shape->tables;
  }

  [[nodiscard]] static double bits(const sized_file& f) {
    return static_cast<double>(f.data.count) * 8 / static_cast<double>(f.shape->m.n_params);
  }
  /// The smallest of enough bits, which are faster and leave more room, and then the others.
  static std::vector<sized_file> enough_bits_first(std::vector<sized_file> files) {
    const auto few = std::stable_partition(
        files.begin(), files.end(), [](const sized_file& f) { return bits(f) >= good_bits; });
    std::reverse(files.begin(), few);
    return files;
  }

  /// The smallest file of enough bits, as each bit more is read from the host; if that is too large, the largest of
  /// fewer.
  void add_on_host(std::vector<ranked_model>& found, const std::vector<sized_file>& small_first) {
    if (!q_.may_use_host()) return;
    const bool has_few = !found.empty();
    const bytes all = usable_together(q_.devices, q_.held_against.reserve) + *q_.held_against.ram;
    for (const sized_file& f : small_first) {
      if (f.data > all) continue;
      const bool is_few = bits(f) < good_bits;
      if (has_few && is_few) return;
      if (!is_few && &f != &small_first.front()) continue;
      if (auto planned = plan(f, plan_with_host)) {
        found.push_back(std::move(*planned));
        return;
      }
    }
  }

  template <class How>
  [[nodiscard]] std::optional<ranked_model> plan(const sized_file& f, How how) {
    const result<model> m = as_file(f.shape->in_types, *f.file);
    if (!m) return std::nullopt;
    std::optional<candidate> planned = how(q_, *m);
    if (!planned) return std::nullopt;
    const bool is_scaled =
        !f.file->is_own() && f.file->published && f.data == f.file->published->size;
    return described(
        {all_.name, f.file->quantization, {}, f.file, is_scaled, std::move(*planned), {}}, *m, q_);
  }

  const catalogued_files& all_;
  const ranking_question& q_;
  std::map<const catalogued_model*, known_shape> shapes_;
};

}  // namespace

ranking rank_models(const ranking_question& q, const known_models& among,
                    const sweep_runner& run_all) {
  std::vector<const stored_model*> stored;
  std::set<std::string> paths;
  for (const stored_model& s : among.on_disk)
    if (paths.insert(s.path).second && !among.without.contains(model_name(s))) stored.push_back(&s);
  std::vector<const catalogued_files*> catalogue;
  for (const catalogued_files& f : all_catalogued_files())
    if (!among.without.contains(f.name)) catalogue.push_back(&f);

  const auto smaller = with_q8_0(q, among);
  std::vector<found_files> found(stored.size() + catalogue.size());
  run_all(
      found.size(),
      [&](std::size_t i) {
        if (i < stored.size())
          found[i] = plan_stored(*stored[i], q, smaller, among);
        else if (file_planner files(*catalogue[i - stored.size()], q);
                 files.is_of_family(among.family))
          found[i] = files.take(smaller, among.plans_refused);
      },
      [] { return true; });
  ranking all;
  std::set<std::string> more;
  for (found_files& f : found) {
    std::move(f.planned.begin(), f.planned.end(), std::back_inserter(all.models));
    if (!f.with_q8_0.empty()) more.insert(f.with_q8_0);
  }
  for (const std::string& name : names_that_fit(all.models)) more.erase(name);
  all.more_with_q8_0 = more.size();
  std::stable_sort(all.models.begin(), all.models.end(),
                   [&](const ranked_model& a, const ranked_model& b) {
                     return is_better(a.planned, a.on_disk(), b.planned, b.on_disk(), q.prefer);
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
    if (fits_devices(r)) names.insert(r.name);
  return names;
}

std::set<std::string> names_that_run(const std::vector<ranked_model>& all) {
  std::set<std::string> names;
  for (const ranked_model& r : all)
    if (r.planned.fits) names.insert(r.name);
  return names;
}

}  // namespace vrambudget
