// Puts shapes, published files and llama-quantize's file types together.
#include "vrambudget/catalogue/catalogued_file.hpp"

#include <algorithm>
#include <utility>

#include "catalogue/names.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/quantize/quantize.hpp"

namespace vrambudget {
namespace {

/// Headers of recorded files take up to 64 bytes for each token: its text, length, score, type, and a
/// merge (tests/unit/quantize/quantize_test.cpp).
constexpr std::uint64_t most_header_bytes_per_token = 65;

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
         const published_file* published) {
  if (catalogued_file* known = file_of(all, quantization)) {
    if (known->published == nullptr) known->published = published;
    return;
  }
  const bool is_own = quantization == shape.quantization;
  all.files.push_back({&shape, all.name + "-" + quantization, quantization,
                       is_own ? std::nullopt : find_file_type(quantization), published});
  if (is_own) all.files.back().name = shape.name;
}

std::vector<catalogued_files> collect() {
  std::vector<catalogued_files> all;
  for (const catalogued_model& m : catalogued_models()) {
    const std::string name = model_name(m);
    auto known =
        std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.name == name; });
    if (known == all.end()) known = all.insert(all.end(), {name, {}});
    add(*known, m, m.quantization, nullptr);
  }
  for (catalogued_files& model : all) {
    // a model's shapes are its first files; the first one whose types are plain serves for others
    std::vector<const catalogued_model*> shapes;
    for (const catalogued_file& f : model.files) shapes.push_back(f.shape);
    std::stable_partition(shapes.begin(), shapes.end(), [](const catalogued_model* m) {
      return find_file_type(m->quantization).has_value();
    });
    for (const catalogued_model* shape : shapes)
      for (const published_file& f : published_files())
        if (f.shape == shape->id) add(model, *shape, f.quantization, &f);
    if (keeps_its_type(*shapes.front())) continue;
    for (const file_type f : usual_file_types)
      add(model, *shapes.front(), std::string(name(f)), nullptr);
  }
  return all;
}

/// Whether the file's size is that of the tensors and of what its header can take.
bool agrees(const published_file& f, bytes data, const model& m) {
  const bytes header = saturating_sub(f.size, data);
  return f.size >= data && header <= bytes{most_header_bytes_per_token} * m.hp.n_vocab;
}

std::string where(const published_file& f) {
  return f.repository.empty() ? f.file : f.file + " in " + f.repository;
}

}  // namespace

std::span<const catalogued_files> all_catalogued_files() {
  static const std::vector<catalogued_files> all = collect();
  return all;
}

result<catalogued_file> find_catalogued_file(std::string_view typed) {
  std::string key = detail::folded(typed.substr(0, 200));
  if (key.ends_with("gguf")) key.resize(key.size() - 4);
  for (const catalogued_files& model : all_catalogued_files())
    for (const catalogued_file& f : model.files)
      if (key == detail::folded(f.name) || (f.is_own() && key == detail::folded(f.shape->id)))
        return f;
  for (const catalogued_files& model : all_catalogued_files()) {
    const std::string name = detail::folded(model.name);
    if (!key.starts_with(name)) continue;
    for (const file_type_traits& t : file_type_table) {
      if (key.substr(name.size()) != detail::folded(t.name)) continue;
      const catalogued_file& first = model.files.front();
      if (keeps_its_type(*first.shape))
        return error{errc::unsupported, model.name + " was trained in " + first.quantization +
                                            " and is published so: " + first.name};
      const auto usual = std::find_if(model.files.begin(), model.files.end(),
                                      [](const catalogued_file& f) { return f.types.has_value(); });
      const catalogued_model* shape = usual == model.files.end() ? first.shape : usual->shape;
      return catalogued_file{shape, model.name + "-" + std::string(t.name), std::string(t.name),
                             t.id, nullptr};
    }
  }
  const result<catalogued_model> known = find_model(typed);
  if (!known) return known.error();
  for (const catalogued_files& model : all_catalogued_files())
    for (const catalogued_file& f : model.files)
      if (f.is_own() && f.shape->id == known->id) return f;
  return error{errc::not_found, "model \"" + known->name + "\" has no file"};
}

result<model> read_shape(const catalogued_model& shape) {
  const auto header = header_from_shape(shape.shape);
  if (!header) return header.error();
  const auto parsed = gguf::parse(*header, {.check_data = false});
  if (!parsed) return parsed.error();
  result<model> m = read_model({&*parsed, 1});
  if (m) m->name = shape.name;
  return m;
}

result<bytes> data_of(const model& shape, const catalogued_file& file) {
  if (file.is_own()) return shape.tensor_bytes();
  if (!file.types) return file.published->size;
  const auto data = quantized_bytes(shape, {*file.types, true});
  if (!data || !file.published || agrees(*file.published, *data, shape)) return data;
  return file.published->size;
}

result<model> as_file(const model& shape, const catalogued_file& file) {
  if (file.is_own()) return shape;
  result<model> m = file.types ? quantized(shape, {*file.types, true}) : shape;
  if (!m) return m;
  m->name = file.name;
  m->types_basis = basis::assumed;
  m->types_note = "types of tensors as llama-quantize chooses them for " + file.quantization;
  if (!file.published) return m;
  const bytes data = m->tensor_bytes();
  if (file.types && agrees(*file.published, data, shape)) {
    m->types_note += ", which agrees with the size of " + where(*file.published);
    return m;
  }
  m->types_note = "weights are scaled to the size of " + where(*file.published) +
                  ": its tensors' types are not known";
  const double ratio =
      static_cast<double>(file.published->size.count) / static_cast<double>(data.count);
  for (model_tensor& t : m->tensors)
    t.size = bytes{static_cast<std::uint64_t>(static_cast<double>(t.size.count) * ratio) + 1};
  return m;
}

}  // namespace vrambudget
