// Files of catalogued models as models: the shape with the file's types, or scaled to its size.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "catalogue/dynamic_sizes.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/quantize/quantize.hpp"

namespace vrambudget {
namespace {

/// Headers of recorded files take up to 64 bytes for each token: its text, length, score, type, and a
/// merge (tests/unit/quantize/quantize_test.cpp).
constexpr std::uint64_t most_header_bytes_per_token = 65;

/// Whether the file's size is that of the tensors and of what its header can take.
bool agrees(bytes file, bytes data, const model& m) {
  const bytes header = saturating_sub(file, data);
  return file >= data && header <= bytes{most_header_bytes_per_token} * m.hp.n_vocab;
}

std::string in_gib(const size_range& r) {
  const double low = static_cast<double>(r.low.count) / 0x1p30;
  return r.is_one()
             ? fmt::format("{:.2f} GiB", low)
             : fmt::format("{:.2f} to {:.2f} GiB", low, static_cast<double>(r.high.count) / 0x1p30);
}

/// That there were other files of the name; empty: none is known.
std::string other_sizes(const published_file& f) {
  if (f.others.empty()) return {};
  std::string text =
      fmt::format("{} had {}{}", f.file, in_gib(f.within), f.read.empty() ? "" : " on " + f.read);
  for (const earlier_size& o : f.others)
    text += fmt::format(", and {} {}", in_gib(o.within),
                        o.read.empty() ? "at another time" : "on " + o.read);
  return text + ": --file-size plans yours";
}

std::string where(const published_file& f) {
  std::string file = f.file.empty()         ? "a published file"
                     : f.repository.empty() ? f.file
                                            : f.file + " in " + f.repository;
  return f.within.is_one() ? file : file + ", which is rounded, " + in_gib(f.within);
}

/// What is said of types, behind whose shape it is.
std::string with_shape_note(const model_alias& a, std::string types) {
  std::string note = a.is_guessed ? "by its name " + a.name + " was trained further from " +
                                        a.model + ", with whose shape it is planned"
                                  : a.name + " has the shape of " + a.model;
  return types.empty() ? note : note + "; " + types;
}

/// The shape with the file's types, or scaled to its size.
result<model> with_types(const quantizer& all, const catalogued_file& file) {
  const model& shape = all.get_model();
  if (file.is_own()) return shape;
  if (file.is_estimated()) {
    auto e = detail::estimate_file(shape, file.quantization);
    if (!e) return in_context(file.name, e.error());
    e->file.types_note = std::move(e->says);
    return std::move(e->file);
  }
  result<model> m = file.types ? all.file_of(recipe(*file.types)) : shape;
  if (!m) return m;
  m->types_note = "types of tensors as llama-quantize chooses them for " + file.quantization;
  if (!file.published) return m;
  if (file.types && agrees(file.published->size, m->tensor_bytes(), shape)) {
    m->types_note += ", which agrees with the size of " + where(*file.published);
    return m;
  }
  m->types_note = "weights are scaled to the size of " + where(*file.published) +
                  ": its tensors' types are not known";
  detail::scale_matrices(*m, file.published->size);
  return m;
}

}  // namespace

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
  return data_of(quantizer(shape), file);
}

result<bytes> data_of(const quantizer& all, const catalogued_file& file) {
  const model& shape = all.get_model();
  if (file.is_own()) return shape.tensor_bytes();
  if (file.is_estimated()) {
    const auto e = detail::estimate_file(shape, file.quantization);
    return e ? result<bytes>(e->file.tensor_bytes()) : in_context(file.name, e.error());
  }
  if (!file.types) return file.published->size;
  const auto data = all.bytes_of(recipe(*file.types));
  if (!data || !file.published || agrees(file.published->size, *data, shape)) return data;
  return file.published->size;
}

result<model> as_file(const model& shape, const catalogued_file& file) {
  return as_file(quantizer(shape), file);
}

result<model> as_file(const quantizer& shape, const catalogued_file& file) {
  result<model> m = with_types(shape, file);
  if (!m) return m;
  if (!file.is_own()) {
    m->name = file.name;
    m->types_basis = basis::assumed;
  }
  if (file.published)
    if (const std::string others = other_sizes(*file.published); !others.empty())
      m->types_note += (m->types_note.empty() ? "" : "; ") + others;
  if (!file.alias) return m;
  if (file.alias->n_ctx_train) m->hp.n_ctx_train = file.alias->n_ctx_train;
  if (file.alias->is_same) return m;
  m->name = file.name;
  m->types_basis = std::max(m->types_basis, basis::assumed);
  m->types_note = with_shape_note(*file.alias, std::move(m->types_note));
  return m;
}

result<model> of_size(model m, bytes file) {
  if (!m.path.empty())
    return error{errc::invalid_argument, m.path + " says itself how large it is"};
  // a bit, and four bytes, for each parameter
  if (file.count < m.n_params / 8 || file.count / 5 > m.n_params)
    return error{errc::invalid_argument,
                 fmt::format("a file of {} bytes cannot hold the {:.2f} B parameters of {}",
                             file.count, static_cast<double>(m.n_params) / 1e9, m.name)};
  const std::string given = "the size that was given";
  const auto known = find_catalogued_file(m.name);
  const auto explained = [&](model as, std::string note) {
    const bool is_others = known && known->alias && !known->alias->is_same;
    as.types_note = is_others ? with_shape_note(*known->alias, std::move(note)) : std::move(note);
    return as;
  };
  if (known && known->types)
    if (auto plain = quantized(m, *known->types); plain && agrees(file, plain->tensor_bytes(), m))
      return explained(std::move(*plain), "types of tensors as llama-quantize chooses them for " +
                                              known->quantization + ", which agrees with " + given);
  if (agrees(file, m.tensor_bytes(), m)) {
    m.types_note += (m.types_note.empty() ? "" : "; ") + ("it agrees with " + given);
    return m;
  }
  detail::scale_matrices(m, file);
  m.types_basis = std::max(m.types_basis, basis::assumed);
  return explained(std::move(m),
                   "weights are scaled to " + given + ": its tensors' types are not known");
}

}  // namespace vrambudget
