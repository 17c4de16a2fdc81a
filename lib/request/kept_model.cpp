#include "vrambudget/request/kept_model.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace vrambudget::request {
namespace {

// Our own keys in a kept header.
constexpr std::string_view own_prefix = "vrambudget.";
constexpr std::string_view kept_name = "vrambudget.name", kept_path = "vrambudget.path",
                           kept_file_size = "vrambudget.file_size",
                           kept_basis = "vrambudget.types_basis",
                           kept_note = "vrambudget.types_note",
                           kept_n_params = "vrambudget.n_params",
                           kept_sizes = "vrambudget.tensor.sizes",
                           kept_offsets = "vrambudget.tensor.offsets",
                           kept_files = "vrambudget.tensor.files";

/// A total that no file has, and whose sums cannot wrap.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 56;

/// Texts and lists beyond it are of vocabularies and templates.
constexpr std::uint64_t most_elements = 4096;

/// Whether a plan can depend on it.
bool is_kept(const gguf::entry& e, std::string_view vocab_size) {
  const std::string_view key = e.key;
  if (key == vocab_size || key.starts_with(own_prefix)) return false;
  constexpr std::string_view of_file[] = {"general.architecture", "general.type",
                                          "general.file_type", "general.quantization_version",
                                          "general.alignment", "tokenizer.ggml.token_type_count"};
  if (std::find(std::begin(of_file), std::end(of_file), key) != std::end(of_file)) return true;
  if (key.starts_with("general.tensor_extra.")) return true;
  for (const std::string_view prefix : {"general.", "tokenizer.", "split.", "quantize."})
    if (key.starts_with(prefix)) return false;
  return e.v.size() <= most_elements && e.v.payload().size() <= 64 * most_elements;
}

/// What is written of one tensor after the other.
struct tensor_places {
  std::vector<std::uint64_t> sizes, offsets;
  std::vector<std::uint32_t> files;
};

tensor_places places_of(const model& m) {
  tensor_places all;
  for (const model_tensor& t : m.tensors) {
    all.sizes.push_back(t.size.count);
    all.offsets.push_back(t.offset);
    all.files.push_back(t.file);
  }
  return all;
}

/// Takes from the offsets in each file that of its first tensor.
void make_relative(tensor_places& all) {
  std::map<std::uint32_t, std::uint64_t> first;
  for (std::size_t i = 0; i < all.offsets.size(); ++i) {
    const auto [at, is_new] = first.try_emplace(all.files[i], all.offsets[i]);
    if (!is_new) at->second = std::min(at->second, all.offsets[i]);
  }
  for (std::size_t i = 0; i < all.offsets.size(); ++i) all.offsets[i] -= first[all.files[i]];
}

/// A shape of the catalogue has no order of a file, a set of several another one, and a plan tells them by the path.
std::string path_of_shape(const std::string& path) {
  if (path.empty()) return {};
  const std::size_t of = path.find("-of-");
  return "shape" + (of == path.npos ? std::string(".gguf") : path.substr(of));
}

/// The file's keys and tensors that a plan can depend on.
gguf::writer hyperparameters(const gguf::header& first, const model& m) {
  gguf::writer out;
  const std::string vocab_size = m.architecture + ".vocab_size";
  for (const gguf::entry& e : first.metadata())
    if (is_kept(e, vocab_size)) out.add(e.key, e.v);
  out.add(vocab_size, m.hp.n_vocab).add("tokenizer.ggml.model", std::string_view("none"));
  for (const model_tensor& t : m.tensors) {
    std::size_t n_dims = t.ne.size();
    while (n_dims > 1 && t.ne[n_dims - 1] == 1) --n_dims;
    out.add_tensor(t.name, t.type, std::span(t.ne).first(n_dims));
  }
  return out;
}

void add_places(gguf::writer& out, const tensor_places& all) {
  out.add(kept_sizes, all.sizes).add(kept_offsets, all.offsets).add(kept_files, all.files);
}

std::vector<std::byte> kept_header(const gguf::header& first, const model& m) {
  gguf::writer out = hyperparameters(first, m);
  out.add(kept_name, std::string_view(m.name)).add(kept_path, std::string_view(m.path));
  out.add(kept_file_size, m.file_size.count).add(kept_n_params, m.n_params);
  out.add(kept_basis, static_cast<std::uint8_t>(m.types_basis));
  out.add(kept_note, std::string_view(m.types_note));
  add_places(out, places_of(m));
  return out.finish();
}

error damaged(std::string_view key) {
  return {errc::bad_format, "key '" + std::string(key) + "' is not as a kept model has it"};
}

/// The numbers of a list of ours; nothing: it is not one for each tensor.
std::optional<std::vector<std::uint64_t>> numbers_of(const gguf::header& h, std::string_view key,
                                                     std::size_t n) {
  const gguf::value* v = h.find(key);
  if (!v || !v->is_array() || v->size() != n) return std::nullopt;
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i < n; ++i) {
    const auto one = v->integer(i);
    if (!one || *one > most_bytes) return std::nullopt;
    all.push_back(*one);
  }
  return all;
}

std::string text_of(const gguf::header& h, std::string_view key) {
  const gguf::value* v = h.find(key);
  const auto text = v ? v->string() : std::nullopt;
  return std::string(text.value_or(""));
}

std::uint64_t number_of(const gguf::header& h, std::string_view key) {
  const gguf::value* v = h.find(key);
  return v ? v->integer().value_or(0) : 0;
}

result<void> put_places(const gguf::header& h, model& m) {
  const std::size_t n = m.tensors.size();
  const auto sizes = numbers_of(h, kept_sizes, n), offsets = numbers_of(h, kept_offsets, n),
             files = numbers_of(h, kept_files, n);
  if (!sizes) return damaged(kept_sizes);
  if (!offsets) return damaged(kept_offsets);
  if (!files) return damaged(kept_files);
  bytes sum;
  for (std::size_t i = 0; i < n; ++i) {
    model_tensor& t = m.tensors[i];
    t.size = {(*sizes)[i]};
    t.offset = (*offsets)[i];
    if ((*files)[i] > std::numeric_limits<std::uint16_t>::max()) return damaged(kept_files);
    t.file = static_cast<std::uint32_t>((*files)[i]);
    sum += t.size;
  }
  if (sum.count > most_bytes) return damaged(kept_sizes);
  return {};
}

/// What was known of the model besides its keys and tensors.
result<void> put_rest(const gguf::header& h, model& m) {
  if (const auto put = put_places(h, m); !put) return put.error();
  const std::uint64_t types = number_of(h, kept_basis);
  if (types > static_cast<std::uint64_t>(basis::assumed)) return damaged(kept_basis);
  m.path = text_of(h, kept_path);
  if (h.find(kept_name)) {  // those of shape_bytes() have none
    m.name = gguf::printable(text_of(h, kept_name));
    m.file_size = {number_of(h, kept_file_size)};
    m.n_params = number_of(h, kept_n_params);
  }
  m.types_basis = static_cast<basis>(types);
  m.types_note = gguf::printable(text_of(h, kept_note));
  return {};
}

}  // namespace

result<kept_model> open_kept_model(const std::string& name, const source_options& sources) {
  auto opened = model_reader(sources).open(name);
  if (!opened) return opened.error();
  if (!opened->m) return opened->m.error();
  if (const auto same = opened->check_unchanged(); !same) return same.error();
  auto header = kept_header(opened->headers.front(), *opened->m);
  return kept_model{std::make_shared<const model>(std::move(*opened->m)), std::move(header)};
}

result<kept_model> kept_model_of(std::span<const std::byte> header, const std::string& name) {
  const auto parsed = gguf::parse(header, {.check_data = false});
  if (!parsed) return in_context(name, parsed.error());
  auto m = model_of_headers({&*parsed, 1}, name, {});
  if (!m) return m.error();
  if (parsed->find(kept_sizes))
    if (const auto put = put_rest(*parsed, *m); !put) return in_context(name, put.error());
  auto kept = kept_header(*parsed, *m);
  return kept_model{std::make_shared<const model>(std::move(*m)), std::move(kept)};
}

result<std::vector<std::byte>> shape_bytes(const kept_model& k, bool is_mapped) {
  const auto parsed = gguf::parse(k.header, {.check_data = false});
  if (!parsed) return parsed.error();
  const model& m = *k.is;
  gguf::writer out = hyperparameters(*parsed, m);
  tensor_places places = places_of(m);
  if (!is_mapped) make_relative(places);
  add_places(out, places);
  out.add(kept_basis, static_cast<std::uint8_t>(m.types_basis));
  out.add(kept_path, std::string_view(path_of_shape(m.path)));
  return out.finish();
}

}  // namespace vrambudget::request
