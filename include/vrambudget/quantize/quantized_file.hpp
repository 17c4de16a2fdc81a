// The file that llama-quantize would write: its tensors, its header, its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/writer.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/quantize.hpp"

namespace vrambudget {

/// What a file says of the importance matrix that it was made with.
struct imatrix_facts {
  std::string file, dataset;  ///< 127 bytes of each are written
  std::optional<std::int32_t> n_entries, n_chunks;
};

struct quantized_file {
  model
      m;  ///< as it is loaded; without the headers of its source with the source's hyperparameters
  std::vector<chosen_type> chosen;  ///< of its tensors
  bytes data;                       ///< rows times the size of a row, as llama-quantize prints it
  bytes padded;                     ///< the same with each tensor's padding
  std::optional<bytes> size;        ///< of the file; absent: the source's header is not known
  std::size_t n_fallback = 0;       ///< tensors whose rows cannot have the wanted type
  std::size_t n_need_imatrix = 0;  ///< tensors that cannot be made without one, where none is given
  std::string unwritable;          ///< why it can be reckoned only; empty: it can be written
};

namespace detail {

inline constexpr std::string_view split_keys[] = {"split.no", "split.count", "split.tensors.count"};

[[nodiscard]] inline bool is_split_key(std::string_view key) {
  return std::find(std::begin(split_keys), std::end(split_keys), key) != std::end(split_keys);
}

inline void add_imatrix(gguf::writer& out, const imatrix_facts& i) {
  out.add("quantize.imatrix.file", std::string_view(i.file).substr(0, 127));
  if (!i.dataset.empty())
    out.add("quantize.imatrix.dataset", std::string_view(i.dataset).substr(0, 127));
  if (i.n_entries) out.add("quantize.imatrix.entries_count", *i.n_entries);
  if (i.n_chunks) out.add("quantize.imatrix.chunks_count", *i.n_chunks);
}

inline void add_tensor(gguf::writer& out, const model_tensor& t) {
  std::size_t n_dims = t.ne.size();
  while (n_dims > 1 && t.ne[n_dims - 1] == 1) --n_dims;
  out.add_tensor(t.name, t.type, std::span(t.ne).first(n_dims));
}

/// The metadata of the source, with what llama-quantize sets.
inline void add_metadata(gguf::writer& out, const gguf::header& first, const model& m,
                         const recipe& r, const std::optional<imatrix_facts>& imatrix) {
  const std::string blocks = m.architecture + ".block_count";
  for (const gguf::entry& e : first.metadata()) {
    const bool is_set_anew = e.key == "general.quantization_version" ||
                             e.key == "general.file_type" ||
                             (!r.pruned.empty() && e.key == blocks) || is_split_key(e.key);
    if (!is_set_anew) out.add(e.key, e.v);
  }
  out.add("general.quantization_version", std::uint32_t{2});
  out.add("general.file_type", r.copies ? 0u : traits(r.type).number);
  if (!r.pruned.empty())
    out.add(blocks, m.hp.n_layer_all - static_cast<std::uint32_t>(r.pruned.size()));
  if (imatrix) add_imatrix(out, *imatrix);
}

}  // namespace detail

/// The header of the one file that llama-quantize writes of tensors in `m`, of which the source's headers have the
/// metadata.
///
/// Source: llama.cpp, src/llama-quant.cpp: llama_model_quantize_impl
[[nodiscard]] inline std::vector<std::byte> quantized_header(
    std::span<const gguf::header> source, const model& m, const recipe& r,
    const std::optional<imatrix_facts>& imatrix) {
  gguf::writer out;
  detail::add_metadata(out, source.front(), m, r, imatrix);
  for (const std::size_t i : quantization_order(m, r)) detail::add_tensor(out, m.tensors[i]);
  return out.finish();
}

namespace detail {

/// Of each file of a set that stays one: in the first the metadata, in all which it is.
[[nodiscard]] inline bytes kept_split_headers(std::span<const gguf::header> source, const model& m,
                                              const recipe& r,
                                              const std::optional<imatrix_facts>& imatrix) {
  bytes sum;
  std::size_t i = 0;
  for (std::size_t part = 0; part < source.size(); ++part) {
    model of_part = m;
    const std::size_t n = source[part].tensors().size();
    const auto begin = m.tensors.begin() + static_cast<std::ptrdiff_t>(i);
    of_part.tensors.assign(begin, begin + static_cast<std::ptrdiff_t>(n));
    i += n;
    gguf::writer keys;
    keys.add(split_keys[0], std::uint16_t{0}).add(split_keys[1], std::uint16_t{0});
    keys.add(split_keys[2], std::int32_t{0});
    if (part == 0) {
      add_metadata(keys, source.front(), m, r, imatrix);
    }
    for (const model_tensor& t : of_part.tensors) add_tensor(keys, t);
    sum += bytes{keys.finish().size()};
  }
  return sum;
}

}  // namespace detail

/// The file that llama-quantize makes of a model. `source`: its headers; empty: not known, and without its size.
///
/// Formula:  size = header + sum of pad(data of a tensor, 32)
/// Errors:   those of without_pruned() and chosen_types(), and of read_model() where layers are pruned
///           overflow  a tensor of 2^64 bytes or more
[[nodiscard]] inline result<quantized_file> quantize_file(
    std::span<const gguf::header> source, const model& of, const recipe& r,
    const std::optional<imatrix_facts>& imatrix = {}) {
  auto left = without_pruned(of, r);
  if (!left) return left.error();
  quantized_file f;
  f.m = std::move(*left);
  auto chosen = chosen_types(f.m, r);
  if (!chosen) return chosen.error();
  f.chosen = std::move(*chosen);
  for (std::size_t i = 0; i < f.chosen.size(); ++i) {
    model_tensor& t = f.m.tensors[i];
    const chosen_type& c = f.chosen[i];
    t.type = c.type;
    t.size = data_size(t.type, t.ne);
    if (t.size.overflowed())
      return error{errc::overflow, "tensor '" + t.name + "' has 2^64 bytes or more"};
    f.data += t.size;
    f.padded += pad(t.size, 32);
    f.n_fallback += c.wanted != c.type;
    f.n_need_imatrix += c.needs_imatrix && !r.has_imatrix;
    if (const auto block = static_cast<std::int64_t>(traits(t.type).block); t.ne[0] % block != 0)
      f.unwritable = "rows of " + std::to_string(t.ne[0]) + " in '" + t.name +
                     "' are no whole blocks of " + std::string(traits(t.type).name) +
                     ": a dry run counts them, a real one fails";
  }
  f.m.file_size = {};
  f.m.path.clear();
  if (source.empty() || !f.unwritable.empty()) return f;
  if (r.keeps_split && source.size() > 1) {
    if (r.pruned.empty()) f.size = detail::kept_split_headers(source, f.m, r, imatrix) + f.padded;
    return f;
  }
  const std::vector<std::byte> header = quantized_header(source, f.m, r, imatrix);
  f.size = bytes{header.size()} + f.padded;
  f.m.file_size = *f.size;
  if (r.pruned.empty()) return f;
  // per layer of the model that is left
  const auto parsed = gguf::parse(header, {.check_data = false});
  if (!parsed) return parsed.error();
  auto read = read_model({&*parsed, 1});
  if (!read) return in_context("what is left of the layers is no model", read.error());
  std::vector<chosen_type> in_order;
  for (const std::size_t i : quantization_order(f.m, r)) in_order.push_back(f.chosen[i]);
  f.chosen = std::move(in_order);
  read->name = f.m.name;
  read->types_basis = f.m.types_basis;
  read->types_note = f.m.types_note;
  read->file_size = *f.size;
  f.m = std::move(*read);
  return f;
}

}  // namespace vrambudget
