// Puts shapes, published files and llama-quantize's file types together, and finds them by name.
#include "vrambudget/catalogue/catalogued_file.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "catalogue/dynamic_sizes.hpp"
#include "catalogue/fine_tune.hpp"
#include "catalogue/names.hpp"

namespace vrambudget {
namespace {

std::string model_name(const catalogued_model& m) {
  const std::size_t n = m.quantization.size() + 1;
  return m.name.size() > n && m.name.ends_with("-" + m.quantization)
             ? m.name.substr(0, m.name.size() - n)
             : m.name;
}

bool keeps_its_type(const catalogued_model& m) { return m.quantization == "MXFP4"; }

catalogued_file* file_of(catalogued_files& all, std::string_view quantization) {
  for (catalogued_file& f : all.files)
    if (f.quantization == quantization) return &f;
  return nullptr;
}

void add(catalogued_files& all, const catalogued_model& shape, const std::string& quantization,
         const std::optional<vrambudget::quantization>& types, const published_file* published) {
  if (catalogued_file* known = file_of(all, quantization)) {
    if (known->published == nullptr) known->published = published;
    return;
  }
  if (quantization == shape.quantization)
    all.files.push_back({&shape, shape.name, quantization, std::nullopt, published});
  else
    all.files.push_back({&shape, all.name + "-" + quantization, quantization, types, published});
}

/// A type and all that follows from it.
struct named_quantization {
  std::string name;
  std::optional<quantization> types;
};

std::vector<named_quantization> usual_quantizations() {
  std::vector<named_quantization> all;
  for (const file_type f : usual_file_types)
    all.push_back({std::string(name(f)), find_quantization(name(f))});
  return all;
}

using published_files_by_shape =
    std::unordered_map<std::string_view, std::vector<const published_file*>>;

std::span<const published_file* const> published_of(const catalogued_model& shape) {
  static const published_files_by_shape all = [] {
    published_files_by_shape by_shape;
    for (const published_file& f : published_files()) by_shape[f.shape].push_back(&f);
    return by_shape;
  }();
  const auto known = all.find(shape.id);
  if (known == all.end()) return {};
  return known->second;
}

/// A model by its name and that name folded, with its shapes.
struct family {
  std::string name, key;
  std::vector<const catalogued_model*> shapes;
};

std::span<const family> families() {
  static const std::vector<family> all = [] {
    std::vector<family> out;
    out.reserve(catalogued_models().size());
    std::unordered_map<std::string, std::size_t> known;
    for (const catalogued_model& m : catalogued_models()) {
      const auto [at, is_new] = known.try_emplace(model_name(m), out.size());
      if (is_new) out.push_back({at->first, detail::folded(at->first), {}});
      out[at->second].shapes.push_back(&m);
    }
    return out;
  }();
  return all;
}

/// A model's shapes are its first files; the first one whose types are plain serves for others.
catalogued_files files_of(const family& model) {
  static const std::vector<named_quantization> usual = usual_quantizations();
  std::vector<const catalogued_model*> shapes = model.shapes;
  std::stable_partition(shapes.begin(), shapes.end(), [](const catalogued_model* m) {
    return find_file_type(m->quantization).has_value();
  });
  std::size_t most = shapes.size() + usual.size();
  for (const catalogued_model* shape : shapes) most += published_of(*shape).size();
  catalogued_files all{model.name, {}};
  all.files.reserve(most);
  for (const catalogued_model* shape : model.shapes)
    add(all, *shape, shape->quantization, std::nullopt, nullptr);
  for (const catalogued_model* shape : shapes)
    for (const published_file* f : published_of(*shape))
      add(all, *shape, f->quantization, find_quantization(f->quantization), f);
  if (keeps_its_type(*shapes.front())) return all;
  for (const named_quantization& q : usual) add(all, *shapes.front(), q.name, q.types, nullptr);
  return all;
}

/// The name without what numbers the files of a set, "-00001-of-00003", and without ".gguf".
std::string_view without_number(std::string_view typed) {
  constexpr std::string_view end = ".gguf", pattern = "-00000-of-00000";
  if (typed.ends_with(end)) typed.remove_suffix(end.size());
  if (typed.size() <= pattern.size()) return typed;
  const std::string_view tail = typed.substr(typed.size() - pattern.size());
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '0' ? tail[i] < '0' || tail[i] > '9' : tail[i] != pattern[i]) return typed;
  return typed.substr(0, typed.size() - pattern.size());
}

std::string key_of(std::string_view typed) {
  std::string key = detail::folded(without_number(typed).substr(0, 200));
  if (key.ends_with("gguf")) key.resize(key.size() - 4);
  return key;
}

/// What was typed without words that tell nothing of a model's shape.
std::string without_usual_words(std::string_view typed) {
  constexpr std::string_view ends = "-_ :.";
  // "i1" and "imat": made with an importance matrix, as almost all files are
  constexpr std::array<std::string_view, 10> usual = {"gguf", "it",     "instruct", "chat", "hf",
                                                      "meta", "nvidia", "latest",   "i1",   "imat"};
  std::string out;
  std::string_view left = without_number(typed).substr(0, 200);
  while (!left.empty()) {
    const std::size_t n = std::min(left.find_first_of(ends), left.size());
    const std::string_view word = left.substr(0, n);
    left.remove_prefix(std::min(n + 1, left.size()));
    if (std::find(usual.begin(), usual.end(), detail::folded(word)) == usual.end())
      out.append(word) += '-';
  }
  return out;
}

std::string plain_key(const model_alias& a) { return key_of(without_usual_words(a.name)); }

/// Of "mistralai_Mistral-Small", as some publishers name files, what follows the organization.
std::string_view without_organization(std::string_view typed) {
  const std::size_t n = typed.find('_');
  return n == typed.npos ? typed : typed.substr(n + 1);
}

const family* model_named(std::string_view key) {
  for (const family& model : families())
    if (model.key == key) return &model;
  return nullptr;
}

/// A file of the model in the type that a key ends with; an error where it has no such.
std::optional<result<catalogued_file>> of_any_type(const catalogued_files& model,
                                                   std::string_view type) {
  std::vector<std::string_view> names = {detail::dynamic_label(type)};
  for (const file_type_traits& t : file_type_table) names.push_back(t.name);
  for (const published_recipe& r : recipes_with_q8_0_ends) names.push_back(r.name);
  for (const std::string_view name : names) {
    if (name.empty() || type != detail::folded(name)) continue;
    const catalogued_file& first = model.files.front();
    if (keeps_its_type(*first.shape))
      return error{errc::unsupported, model.name + " was trained in " + first.quantization +
                                          " and is published so: " + first.name};
    const auto usual = std::find_if(model.files.begin(), model.files.end(),
                                    [](const catalogued_file& f) { return f.types.has_value(); });
    const catalogued_model* shape = usual == model.files.end() ? first.shape : usual->shape;
    return catalogued_file{.shape = shape,
                           .name = model.name + "-" + std::string(name),
                           .quantization = std::string(name),
                           .types = find_quantization(name)};
  }
  return std::nullopt;
}

/// The one shape of a model as a file; nothing where it has several.
std::optional<result<catalogued_file>> only_shape(const catalogued_files& model) {
  const catalogued_file* only = nullptr;
  for (const catalogued_file& f : model.files) {
    if (!f.is_own()) continue;
    if (only) return std::nullopt;
    only = &f;
  }
  return only ? std::optional(result<catalogued_file>(*only)) : std::nullopt;
}

/// By its whole name, or by that or an id.
std::optional<catalogued_file> file_named(std::string_view key, bool or_id) {
  for (const family& model : families()) {
    const bool may_be =
        key.starts_with(model.key) ||
        std::any_of(model.shapes.begin(), model.shapes.end(), [&](const auto* m) {
          return detail::folds_to(m->name, key) || (or_id && detail::folds_to(m->id, key));
        });
    if (!may_be) continue;
    for (catalogued_file& f : files_of(model).files)
      if (detail::folds_to(f.name, key) ||
          (or_id && f.is_own() && detail::folds_to(f.shape->id, key)))
        return std::move(f);
  }
  return std::nullopt;
}

/// So, or by a model's name with or without a type.
std::optional<result<catalogued_file>> by_own_name(const std::string& key) {
  if (auto f = file_named(key, true)) return std::move(*f);
  for (const family& model : families()) {
    if (!key.starts_with(model.key)) continue;
    const catalogued_files all = files_of(model);
    auto f = key == model.key ? only_shape(all)
                              : of_any_type(all, std::string_view(key).substr(model.key.size()));
    if (f) return f;
  }
  return std::nullopt;
}

/// The file under the name it was asked for by.
catalogued_file called(catalogued_file f, const model_alias& a) {
  f.alias = a;
  if (!a.is_same) f.name = a.name + "-" + f.quantization;
  return f;
}

catalogued_files files_called(catalogued_files all, const model_alias& a) {
  for (catalogued_file& f : all.files) f = called(std::move(f), a);
  if (!a.is_same) all.name = a.name;
  return all;
}

/// By a further name, the longest that the key begins with.
std::optional<result<catalogued_file>> by_alias(const std::string& key) {
  std::size_t longest = 0;
  std::optional<result<catalogued_file>> found;
  for (const model_alias& a : model_aliases()) {
    const std::string name = plain_key(a);
    if (name.size() <= longest || !key.starts_with(name)) continue;
    auto f = by_own_name(detail::folded(a.model) + key.substr(name.size()));
    if (!f) continue;
    longest = name.size();
    found = *f ? called(std::move(**f), a) : std::move(*f);
  }
  return found;
}

/// The known files of a model whose quantization was begun only, those that most publishers offer first:
/// "qwen38bq4" -> "Qwen3-8B-Q4_K_M". `plain`: the key without usual words.
std::vector<std::string> begun_names(std::string_view key, std::string_view plain) {
  const family* model = nullptr;
  std::string name;
  std::string_view begun;
  std::size_t longest = 0;
  const auto take = [&](const family* m, std::string_view typed, const std::string& own,
                        const std::string& shown) {
    if (m && own.size() > longest && typed.starts_with(own))
      longest = own.size(), model = m, name = shown, begun = typed.substr(longest);
  };
  for (const family& m : families())
    for (const std::string_view typed : {plain, key}) take(&m, typed, m.key, m.name);
  for (const model_alias& a : model_aliases())
    take(model_named(key_of(a.model)), plain, plain_key(a), a.is_same ? a.model : a.name);
  std::vector<std::string> out;
  if (model == nullptr || begun.empty()) return out;
  const auto offer = [&](std::string_view quantization) {
    const std::string whole = name + "-" + std::string(quantization);
    if (detail::folded(quantization).starts_with(begun) &&
        std::find(out.begin(), out.end(), whole) == out.end())
      out.push_back(whole);
  };
  const catalogued_files all = files_of(*model);
  if (!keeps_its_type(*all.files.front().shape))
    for (const file_type f : usual_file_types) offer(vrambudget::name(f));
  for (const catalogued_file& f : all.files) offer(f.quantization);
  return out;
}

std::optional<catalogued_files> files_by_name(std::string_view typed) {
  const std::string key = key_of(typed), plain = key_of(without_usual_words(typed));
  if (const family* model = model_named(key)) return files_of(*model);
  for (const model_alias& a : model_aliases()) {
    const family* model = plain == plain_key(a) ? model_named(key_of(a.model)) : nullptr;
    if (model != nullptr) return files_called(files_of(*model), a);
  }
  if (const family* model = model_named(plain)) return files_of(*model);
  return std::nullopt;
}

/// By a whole name of a file or a model, in any of its spellings.
std::optional<result<catalogued_file>> by_whole_name(std::string_view typed) {
  const std::string key = key_of(typed), plain = key_of(without_usual_words(typed));
  if (auto f = by_own_name(key)) return f;
  if (auto f = by_alias(plain)) return f;
  return plain == key ? std::nullopt : by_own_name(plain);
}

/// By the beginning of a shape's name; else what is alike.
result<catalogued_file> by_beginning(std::string_view typed) {
  result<catalogued_model> known = find_model(typed);
  if (!known)
    if (auto without = find_model(without_usual_words(typed))) known = std::move(without);
  if (!known) {
    std::vector<std::string> begun = begun_names(key_of(typed), key_of(without_usual_words(typed)));
    if (begun.empty()) return known.error();
    begun.resize(std::min<std::size_t>(begun.size(), 3));
    return error{errc::not_found,
                 "model \"" + std::string(typed) +
                     "\" names no whole quantization; nearest: " + detail::joined(begun)};
  }
  for (const family& model : families())
    for (const catalogued_model* shape : model.shapes)
      if (shape->id == known->id)
        for (catalogued_file& f : files_of(model).files)
          if (f.is_own() && f.shape == shape) return std::move(f);
  return error{errc::not_found, "model \"" + known->name + "\" has no file"};
}

/// Who asks for such a file is told what there is of the model instead.
error not_llama_cpps(std::string_view typed, const detail::foreign_format& f) {
  std::string message = "\"" + std::string(typed) +
                        "\" is of a format that llama.cpp does not load (" + f.format +
                        "): it loads GGUF files";
  if (const auto all = catalogued_files_of(f.rest)) {
    const std::optional<model_alias>& alias = all->files.front().alias;
    message += ", and `vrambudget models " + (alias ? alias->model : all->name) +
               "` lists those of that model";
  }
  return {errc::not_found, std::move(message)};
}

}  // namespace

std::span<const catalogued_files> all_catalogued_files() {
  static const std::vector<catalogued_files> all = [] {
    std::vector<catalogued_files> out;
    for (const family& model : families()) out.push_back(files_of(model));
    return out;
  }();
  return all;
}

const catalogued_files* family_of(const catalogued_file& f) {
  for (const catalogued_files& all : all_catalogued_files())
    for (const catalogued_file& other : all.files)
      if (other.shape->id == f.shape->id) return &all;
  return nullptr;
}

std::optional<catalogued_files> catalogued_files_of(std::string_view typed) {
  // what is typed most is the whole name of a file
  if (const std::string key = key_of(typed); !model_named(key) && file_named(key, false))
    return std::nullopt;
  auto found = files_by_name(typed);
  if (!found) found = files_by_name(without_organization(typed));
  if (found) return found;
  const auto tuned = detail::fine_tune_of(without_number(typed));
  if (!tuned || !tuned->quantization.empty()) return std::nullopt;
  return files_called(files_of(*model_named(detail::folded(tuned->alias.model))), tuned->alias);
}

result<catalogued_file> find_catalogued_file(std::string_view typed) {
  const std::string_view bare = without_organization(typed);
  if (auto f = by_whole_name(typed)) return std::move(*f);
  if (bare != typed)
    if (auto f = by_whole_name(bare); f && *f) return std::move(*f);
  if (const auto foreign = detail::foreign_format_in(typed)) return not_llama_cpps(typed, *foreign);
  if (const auto tuned = detail::fine_tune_of(without_number(typed));
      tuned && !tuned->quantization.empty())
    if (auto f = by_own_name(detail::folded(tuned->alias.model) + tuned->quantization); f && *f)
      return called(std::move(**f), tuned->alias);
  auto found = by_beginning(typed);
  if (found || bare == typed) return found;
  auto without = by_beginning(bare);
  return without ? without : found;
}

result<catalogued_files> catalogued_files_meant(std::string_view typed) {
  if (auto all = catalogued_files_of(typed)) return std::move(*all);
  const auto f = find_catalogued_file(typed);
  if (!f) return f.error();
  return catalogued_files{f->name, {*f}};
}

}  // namespace vrambudget
