// Builds GGUF header bytes from keys and tensor shapes, so that a shape known from elsewhere goes
// the same way as a file. Writes no tensor data.
#pragma once

#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "vrambudget/ggml/type.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/preamble.hpp"
#include "vrambudget/gguf/value.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::gguf {

namespace detail {
template <class T>
concept text = std::convertible_to<const T&, std::string_view>;

template <class T>
consteval value_type stored_type() {
  if (text<T>) return value_type::string;
  if (std::is_same_v<T, bool>) return value_type::boolean;
  if (std::is_floating_point_v<T>) return sizeof(T) == 4 ? value_type::f32 : value_type::f64;
  constexpr bool sign = std::is_signed_v<T>;
  if (sizeof(T) == 1) return sign ? value_type::i8 : value_type::u8;
  if (sizeof(T) == 2) return sign ? value_type::i16 : value_type::u16;
  if (sizeof(T) == 4) return sign ? value_type::i32 : value_type::u32;
  return sign ? value_type::i64 : value_type::u64;
}
}  // namespace detail

/// Collects entries and tensors in file order. It checks nothing: parse() judges what comes out.
class writer {
 public:
  explicit writer(std::uint32_t version = 3) : version_(version) {}

  /// A number or bool, stored with the GGUF type of its C++ type. The key `general.alignment`, as
  /// a u32 power of two, also sets the alignment.
  template <class T>
  requires std::is_arithmetic_v<T> writer& add(std::string_view key, T v) {
    begin(key, detail::stored_type<T>());
    put(v);
    if constexpr (std::is_same_v<T, std::uint32_t>) note_alignment(key, v);
    return *this;
  }

  writer& add(std::string_view key, std::string_view v) {
    begin(key, value_type::string);
    put(v);
    return *this;
  }

  /// An array: any sized range of numbers, bools or strings.
  template <std::ranges::sized_range R>
  requires(!detail::text<R>) writer& add(std::string_view key, const R& elements) {
    using element = std::ranges::range_value_t<R>;
    begin(key, value_type::array);
    put(static_cast<std::uint32_t>(detail::stored_type<element>()));
    put(static_cast<std::uint64_t>(std::ranges::size(elements)));
    for (const element& e : elements) put(e);
    return *this;
  }

  /// A value from another header, as it is.
  writer& add(std::string_view key, const value& v) {
    begin(key, v.type());
    if (v.is_array()) {
      put(static_cast<std::uint32_t>(v.element_type()));
      put(v.size());
    }
    metadata_.insert(metadata_.end(), v.payload().begin(), v.payload().end());
    if (const auto n = v.u32()) note_alignment(key, *n);
    return *this;
  }

  /// A tensor of up to four dimensions, row length first; its offset follows from those before it.
  writer& add_tensor(std::string_view name, ggml_type type, std::span<const std::int64_t> ne) {
    assert(ne.size() <= max_dims);
    tensor& t = tensors_.emplace_back(tensor{std::string(name), type});
    for (const std::int64_t n : ne) t.ne[t.n_dims++] = n;
    return *this;
  }
  writer& add_tensor(std::string_view name, ggml_type type,
                     std::initializer_list<std::int64_t> ne) {
    return add_tensor(name, type, std::span(ne.begin(), ne.size()));
  }

  /// The header, padded to the alignment where it has tensors: the data section starts at its end.
  /// Source: llama.cpp, ggml/src/gguf.cpp: gguf_write_to_buf
  [[nodiscard]] std::vector<std::byte> finish() const {
    std::vector<std::byte> out;
    std::size_t n_bytes = 64 + metadata_.size();
    for (const tensor& t : tensors_) n_bytes += 64 + t.name.size();
    out.reserve(n_bytes);
    append(out, magic);
    append(out, version_);
    append(out, static_cast<std::uint64_t>(tensors_.size()));
    append(out, n_kv_);
    out.insert(out.end(), metadata_.begin(), metadata_.end());
    bytes offset;
    for (const tensor& t : tensors_) {
      append(out, std::string_view(t.name));
      append(out, static_cast<std::uint32_t>(t.n_dims));
      for (std::size_t i = 0; i < t.n_dims; ++i) append(out, t.ne[i]);
      append(out, static_cast<std::uint32_t>(t.type));
      append(out, offset.count);
      offset += pad(size_of(t), alignment_);
    }
    if (!tensors_.empty()) out.resize(pad(bytes{out.size()}, alignment_).count);
    return out;
  }

 private:
  struct tensor {
    std::string name;
    ggml_type type;
    std::array<std::int64_t, max_dims> ne = {};
    std::size_t n_dims = 0;
  };

  static bytes size_of(const tensor& t) {
    bytes size = row_size(t.type, t.n_dims == 0 ? 1 : static_cast<std::uint64_t>(t.ne[0]));
    for (std::size_t i = 1; i < t.n_dims; ++i) size = size * static_cast<std::uint64_t>(t.ne[i]);
    return size;
  }

  template <class T>
  requires std::is_arithmetic_v<T>
  static void append(std::vector<std::byte>& out, T v) {
    const auto* const data = reinterpret_cast<const std::byte*>(&v);
    out.insert(out.end(), data, data + sizeof v);
  }
  static void append(std::vector<std::byte>& out, std::string_view s) {
    append(out, static_cast<std::uint64_t>(s.size()));
    const auto* const data = reinterpret_cast<const std::byte*>(s.data());
    out.insert(out.end(), data, data + s.size());
  }
  template <class T>
  void put(const T& v) {
    append(metadata_, v);
  }

  void begin(std::string_view key, value_type type) {
    ++n_kv_;
    put(key);
    put(static_cast<std::uint32_t>(type));
  }
  void note_alignment(std::string_view key, std::uint32_t v) {
    if (key == "general.alignment" && std::has_single_bit(v)) alignment_ = v;
  }

  std::uint32_t version_;
  std::uint32_t alignment_ = 32;
  std::uint64_t n_kv_ = 0;
  std::vector<std::byte> metadata_;
  std::vector<tensor> tensors_;
};

/// The bytes of a parsed header: parsed again they give an equal one.
[[nodiscard]] inline std::vector<std::byte> write(const header& h) {
  writer out(h.version());
  for (const entry& e : h.metadata()) out.add(e.key, e.v);
  for (const tensor_info& t : h.tensors())
    out.add_tensor(t.name, t.type, std::span(t.ne).first(t.n_dims));
  return out.finish();
}

}  // namespace vrambudget::gguf
