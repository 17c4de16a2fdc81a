// The fixed fields a GGUF file begins with: magic, version and two counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/reader.hpp"

namespace vrambudget::gguf {

inline constexpr std::uint32_t magic = 0x46554747;  ///< "GGUF" in file order

/// The most that are read; models with each expert's tensors by themselves have 50,000.
inline constexpr std::uint64_t max_tensors = 1 << 18, max_keys = 1 << 16;

/// What comes before the metadata.
struct preamble {
  std::uint32_t version = 0;  ///< 2 or 3, which have the same layout
  std::uint64_t n_tensors = 0;
  std::uint64_t n_kv = 0;
};

namespace detail {

[[nodiscard]] inline result<std::uint32_t> read_version(reader& in) {
  const std::uint64_t at = in.offset();
  const auto version = in.number<std::uint32_t>("version");
  if (!version || *version == 2 || *version == 3) return version;
  const std::string found = std::to_string(*version);
  if (*version == 0) return field_error(errc::bad_format, "version", at, found, "2 or 3");
  if ((*version & 0xffff) == 0)
    return field_error(errc::unsupported, "version", at,
                       found + " (" + std::to_string(__builtin_bswap32(*version)) +
                           " with its bytes swapped: the file is big-endian)",
                       "a little-endian file");
  return field_error(errc::unsupported, "version", at,
                     found + (*version == 1 ? " (GGUFv1 is no longer supported)" : ""), "2 or 3");
}

// The engine bounds a count by what memory could hold, this by what the data can.
[[nodiscard]] inline result<std::uint64_t> read_count(reader& in, std::string_view field,
                                                      std::uint64_t smallest,
                                                      std::uint64_t largest) {
  const std::uint64_t at = in.offset();
  const auto n = in.number<std::int64_t>(field);
  if (!n) return n.error();
  if (*n < 0) return field_error(errc::bad_format, field, at, std::to_string(*n), "0 or more");
  if (static_cast<std::uint64_t>(*n) > largest)
    return field_error(errc::limit, field, at, std::to_string(*n),
                       "at most " + std::to_string(largest));
  const std::uint64_t most = in.remaining() / smallest;
  if (static_cast<std::uint64_t>(*n) > most) {
    in.need((bytes{smallest} * static_cast<std::uint64_t>(*n)).count);
    return field_error(errc::truncated, field, at, std::to_string(*n),
                       "at most " + std::to_string(most) + " in the " + size_text(in.remaining()) +
                           " before the end of the data");
  }
  return static_cast<std::uint64_t>(*n);
}

}  // namespace detail

/// Reads the fields before the metadata.
/// Errors: truncated    the data ends too early for them or for as many entries as they announce
///         bad_format   other magic bytes, version 0, a negative count
///         limit        more than max_tensors or max_keys
///         unsupported  version 1, or above 3, or big-endian
/// Source: llama.cpp, ggml/src/gguf.cpp: gguf_init_from_reader
[[nodiscard]] inline result<preamble> read_preamble(reader& in) {
  constexpr std::uint64_t smallest_tensor = 24;  // length, n_dims, type, offset; no name, no ne
  constexpr std::uint64_t smallest_entry = 14;   // length, 1 byte of key, type, 1 byte of value
  const auto first = in.take("magic", sizeof magic);
  if (!first) return first.error();
  if (detail::load<std::uint32_t>(first->data()) != magic)
    return field_error(errc::bad_format, "magic", 0,
                       quoted({reinterpret_cast<const char*>(first->data()), first->size()}),
                       "'GGUF', which every GGUF file begins with");
  const auto version = detail::read_version(in);
  if (!version) return version.error();
  const auto n_tensors = detail::read_count(in, "tensor count", smallest_tensor, max_tensors);
  if (!n_tensors) return n_tensors.error();
  const auto n_kv = detail::read_count(in, "key count", smallest_entry, max_keys);
  if (!n_kv) return n_kv.error();
  return preamble{*version, *n_tensors, *n_kv};
}

}  // namespace vrambudget::gguf
