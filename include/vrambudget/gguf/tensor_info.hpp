// What a GGUF header says about one tensor, checked by the engine's rules.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/gguf/reader.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::gguf {

inline constexpr std::uint64_t max_tensor_name = 63;  ///< bytes; GGML_MAX_NAME less its terminator
inline constexpr std::uint32_t max_dims = 4;          ///< GGML_MAX_DIMS

/// A tensor's entry in the header; `name` is a view into the file's bytes.
struct tensor_info {
  std::string_view name;  ///< up to its first zero byte, as the engine sees it
  ggml_type type = ggml_type::f32;
  std::uint32_t n_dims = 0;                    ///< as stored; 0 to 4
  std::array<std::int64_t, 4> ne{1, 1, 1, 1};  ///< elements per dimension, row length first
  std::uint64_t offset = 0;                    ///< bytes from the start of the data section
  bytes size;                                  ///< of the data, before padding

  friend bool operator==(const tensor_info&, const tensor_info&) = default;
};

namespace detail {

[[nodiscard]] inline std::string shape_text(const tensor_info& t) {
  std::string text = "[";
  for (std::uint32_t i = 0; i < t.n_dims; ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(t.ne[i]);
  return text + "]";
}

// The engine asks of each prefix product n whether INT64_MAX / ne <= n, a little stricter than
// whether n * ne can be represented; this is the same without the division.
[[nodiscard]] inline bool countable(const std::array<std::int64_t, 4>& ne) {
  if (std::ranges::find(ne, 0) != ne.end()) return true;
  std::int64_t n = ne[0];
  for (std::size_t i = 1; i < ne.size(); ++i) {
    std::int64_t above;
    if (__builtin_add_overflow(n, 1, &above) || __builtin_mul_overflow(above, ne[i], &above))
      return false;
    n *= ne[i];
  }
  return true;
}

[[nodiscard]] inline result<void> read_shape(reader& in, tensor_info& t) {
  constexpr std::array<std::string_view, max_dims> names = {"dimension 0", "dimension 1",
                                                            "dimension 2", "dimension 3"};
  const std::uint64_t at = in.offset();
  const auto n_dims = in.number<std::uint32_t>("n_dims");
  if (!n_dims) return n_dims.error();
  if (*n_dims > max_dims)
    return field_error(errc::limit, "n_dims", at, std::to_string(*n_dims),
                       "at most " + std::to_string(max_dims));
  t.n_dims = *n_dims;
  for (std::uint32_t i = 0; i < t.n_dims; ++i) {
    const std::uint64_t ne_at = in.offset();
    const auto ne = in.number<std::int64_t>(names[i]);
    if (!ne) return ne.error();
    if (*ne < 0)
      return field_error(errc::bad_format, names[i], ne_at, std::to_string(*ne), "0 or more");
    t.ne[i] = *ne;
  }
  if (!countable(t.ne))
    return field_error(errc::overflow, "shape", at, shape_text(t), "fewer than 2^63 - 1 elements");
  return {};
}

[[nodiscard]] inline result<void> read_type(reader& in, tensor_info& t) {
  const std::uint64_t at = in.offset();
  const auto id = in.number<std::uint32_t>("type");
  if (!id) return id.error();
  const auto type = type_from_id(*id);
  if (!type)
    return field_error(errc::unsupported, "type", at,
                       std::to_string(*id) + (*id < n_ggml_type ? " (removed from ggml)" : ""),
                       "a tensor type id below " + std::to_string(n_ggml_type));
  t.type = *type;
  const type_traits& how = traits(t.type);
  const auto row = static_cast<std::uint64_t>(t.ne[0]);
  if (row % how.block != 0)
    return field_error(errc::bad_format, "type", at,
                       std::string(how.name) + " with rows of " + std::to_string(row),
                       "rows of whole blocks of " + std::to_string(how.block) + " elements");
  t.size = row_size(t.type, row);
  for (std::size_t i = 1; i < t.ne.size(); ++i)
    t.size = t.size * static_cast<std::uint64_t>(t.ne[i]);
  if (t.size.overflowed())
    return field_error(errc::overflow, "type", at, std::string(how.name) + " " + shape_text(t),
                       "a tensor of fewer than 2^64 bytes");
  return {};
}

}  // namespace detail

/// Reads the next tensor entry into `t`; on failure `t.name` is set if it could be read.
///
/// Formula:  size = ne[0] / block * block_bytes * ne[1] * ne[2] * ne[3]
/// Units:    `expected_offset` in bytes: where the previous tensor's padded data ends
/// Errors:   truncated    the data ends within the entry
///           limit        a name of 64 bytes or more, more than 4 dimensions
///           bad_format   a negative dimension, rows of broken blocks, an unexpected offset
///           unsupported  a type that the engine does not know or has removed
///           overflow     elements or bytes beyond 64 bits
/// Source:   llama.cpp, ggml/src/gguf.cpp: gguf_init_from_reader
[[nodiscard]] inline result<void> read_tensor_info(reader& in, bytes expected_offset,
                                                   tensor_info& t) {
  const std::uint64_t name_at = in.offset();
  const auto name = in.string("name");
  if (!name) return name.error();
  t.name = name->substr(0, name->find('\0'));
  if (name->size() > max_tensor_name)
    return field_error(errc::limit, "name length", name_at, std::to_string(name->size()),
                       "at most " + std::to_string(max_tensor_name));
  if (const auto ok = detail::read_shape(in, t); !ok) return ok.error();
  if (const auto ok = detail::read_type(in, t); !ok) return ok.error();

  const std::uint64_t offset_at = in.offset();
  const auto offset = in.number<std::uint64_t>("offset");
  if (!offset) return offset.error();
  if (*offset != expected_offset.count)
    return field_error(errc::bad_format, "offset", offset_at, std::to_string(*offset),
                       std::to_string(expected_offset.count) + ", where the data before it ends");
  t.offset = *offset;
  return {};
}

/// What is read into a graph has elements: kernels, ours and the engine's, divide by dimensions.
///
/// Errors:   bad_format  it has none
[[nodiscard]] inline result<void> require_elements(const tensor_info& t) {
  if (std::ranges::find(t.ne, 0) == t.ne.end()) return {};
  return error{errc::bad_format, "tensor " + quoted(t.name) + " has no elements: its shape is " +
                                     detail::shape_text(t)};
}

}  // namespace vrambudget::gguf
