// Files of catalogued models as models: the shape with the file's types, or scaled to its size.
#include <fmt/format.h>

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
  return fmt::format("{:.2f} to {:.2f} GiB", static_cast<double>(r.low.count) / 0x1p30,
                     static_cast<double>(r.high.count) / 0x1p30);
}

std::string where(const published_file& f) {
  std::string file = f.file.empty()         ? "a published file"
                     : f.repository.empty() ? f.file
                                            : f.file + " in " + f.repository;
  return f.within.is_one() ? file : file + ", which is rounded, " + in_gib(f.within);
}

/// The shape with the file's types, or scaled to its size.
result<model> with_types(const model& shape, const catalogued_file& file) {
  if (file.is_own()) return shape;
  if (file.is_estimated()) {
    auto e = detail::estimate_file(shape, file.quantization);
    if (!e) return in_context(file.name, e.error());
    e->file.types_note = std::move(e->says);
    return std::move(e->file);
  }
  result<model> m = file.types ? quantized(shape, *file.types) : shape;
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
  if (file.is_own()) return shape.tensor_bytes();
  if (file.is_estimated()) {
    const auto e = detail::estimate_file(shape, file.quantization);
    return e ? result<bytes>(e->file.tensor_bytes()) : in_context(file.name, e.error());
  }
  if (!file.types) return file.published->size;
  const auto data = quantized_bytes(shape, *file.types);
  if (!data || !file.published || agrees(file.published->size, *data, shape)) return data;
  return file.published->size;
}

result<model> as_file(const model& shape, const catalogued_file& file) {
  result<model> m = with_types(shape, file);
  if (!m) return m;
  if (!file.is_own()) {
    m->name = file.name;
    m->types_basis = basis::assumed;
  }
  if (!file.alias) return m;
  if (file.alias->n_ctx_train) m->hp.n_ctx_train = file.alias->n_ctx_train;
  if (file.alias->is_same) return m;
  m->name = file.name;
  m->types_basis = std::max(m->types_basis, basis::assumed);
  const std::string same = file.alias->is_guessed
                               ? "by its name " + file.alias->name + " was trained further from " +
                                     file.alias->model + ", with whose shape it is planned"
                               : file.alias->name + " has the shape of " + file.alias->model;
  m->types_note = m->types_note.empty() ? same : same + "; " + m->types_note;
  return m;
}

}  // namespace vrambudget
