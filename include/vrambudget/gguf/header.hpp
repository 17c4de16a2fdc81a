// A GGUF header: metadata and tensor entries, checked as the engine checks them, seen in place.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/name_index.hpp"
#include "vrambudget/gguf/preamble.hpp"
#include "vrambudget/gguf/reader.hpp"
#include "vrambudget/gguf/tensor_info.hpp"
#include "vrambudget/gguf/value.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::gguf {

/// The most that a header may take, read from a file or from a server; those of the largest vocabularies take a tenth.
inline constexpr bytes max_header{std::uint64_t{128} << 20};

/// One metadata entry.
struct entry {
  std::string_view key;
  value v;
  friend bool operator==(const entry&, const entry&) = default;
};

/// How parse() is to see its bytes.
struct parse_options {
  /// Size of the whole file where the bytes are only its beginning; absent: they are all of it.
  std::optional<bytes> file_size = std::nullopt;
  /// False for a header without its data, as a writer makes or a download begins with: whether the
  /// tensors' data lie within the file is then not checked.
  bool check_data = true;
};

namespace detail {
class header_parser;
}

/// A parsed header. Its names and values are views into the parsed bytes and live no longer.
class header {
 public:
  [[nodiscard]] std::uint32_t version() const { return version_; }  ///< 2 or 3
  /// `general.alignment`, a power of two in bytes, 16 MiB at most; 32 where the key is absent.
  [[nodiscard]] std::uint32_t alignment() const { return alignment_; }
  /// Where the data section starts, in bytes from the start of the file.
  [[nodiscard]] std::uint64_t data_offset() const { return data_offset_; }
  /// Size of the data section, each tensor padded to the alignment.
  [[nodiscard]] bytes data_size() const { return data_size_; }

  [[nodiscard]] std::span<const entry> metadata() const { return metadata_; }      ///< file order
  [[nodiscard]] std::span<const tensor_info> tensors() const { return tensors_; }  ///< file order

  /// The value of a key; nullptr where the file does not have it.
  [[nodiscard]] const value* find(std::string_view key) const {
    const auto at = keys_.find(key, [this](std::size_t i) { return metadata_[i].key; });
    return at ? &metadata_[*at].v : nullptr;
  }

  /// Same version, entries and tensors in the same order.
  friend bool operator==(const header& a, const header& b) {
    return a.version_ == b.version_ && a.metadata_ == b.metadata_ && a.tensors_ == b.tensors_;
  }

 private:
  friend class detail::header_parser;

  std::uint32_t version_ = 0;
  std::uint32_t alignment_ = 32;
  std::uint64_t data_offset_ = 0;
  bytes data_size_;
  std::vector<entry> metadata_;
  std::vector<tensor_info> tensors_;
  name_index keys_;
};

namespace detail {

class header_parser {
 public:
  header_parser(std::span<const std::byte> file, const parse_options& options)
      : in_(file),
        file_size_(options.file_size.value_or(bytes{file.size()})),
        check_data_(options.check_data),
        start_(reinterpret_cast<const char*>(file.data())) {}

  result<header> run() {
    for (const auto step :
         {&header_parser::preamble, &header_parser::metadata, &header_parser::alignment,
          &header_parser::tensors, &header_parser::data})
      if (const result<void> ok = (this->*step)(); !ok) return ok.error();
    return std::move(out_);
  }

  /// After run(): where the last entry ended, or how many bytes a truncated one needs.
  [[nodiscard]] std::uint64_t reached() const { return in_.needed() ? in_.needed() : in_.offset(); }
  /// The same, or more where strings are cut.
  [[nodiscard]] std::uint64_t likely() const { return in_.needed() ? in_.likely_needed() : in_.offset(); }

 private:
  // A header is written with all of its padding; pages are of 2 MiB at most.
  static constexpr std::uint32_t max_alignment = 1u << 24;
  // An announced count reserves no more than this; beyond it vectors grow with what was parsed.
  static constexpr std::uint64_t max_reserved = 4096;

  result<void> preamble() {
    const auto first = read_preamble(in_);
    if (!first) return first.error();
    out_.version_ = first->version;
    n_tensors_ = first->n_tensors;
    n_kv_ = first->n_kv;
    return {};
  }

  result<void> metadata() {
    auto& all = out_.metadata_;
    all.reserve(std::min(n_kv_, max_reserved));
    for (std::uint64_t i = 0; i < n_kv_; ++i) {
      const std::uint64_t at = in_.offset();
      const auto key = in_.string("name");
      if (!key) return in_context(label("key", i), key.error());
      if (key->empty())
        return in_context(label("key", i), field_error(errc::bad_format, "name", at,
                                                       "an empty name", "at least 1 byte"));
      const auto v = read_value(in_);
      if (!v) return in_context(label("key", i, *key), v.error());
      all.push_back({*key, *v});
    }
    const auto key_of = [&](std::size_t i) { return all[i].key; };
    out_.keys_ = name_index(all.size(), key_of);
    if (const auto twice = out_.keys_.duplicate(key_of)) return duplicate("key", *twice, key_of);
    return {};
  }

  result<void> alignment() {
    constexpr std::string_view key = "general.alignment";
    const value* const v = out_.find(key);
    if (v == nullptr) return {};
    const auto at =
        static_cast<std::uint64_t>(reinterpret_cast<const char*>(v->payload().data()) - start_);
    const auto n = v->u32();
    if (!n || !std::has_single_bit(*n))
      return in_context(
          "key " + quoted(key),
          field_error(errc::bad_format, "value", at,
                      n ? std::to_string(*n) : "type " + std::string(type_name(v->type())),
                      n ? "a power of two" : "type u32"));
    if (*n > max_alignment)
      return in_context("key " + quoted(key),
                        field_error(errc::limit, "value", at, std::to_string(*n),
                                    "at most " + std::to_string(max_alignment)));
    out_.alignment_ = *n;
    return {};
  }

  result<void> tensors() {
    auto& all = out_.tensors_;
    all.reserve(std::min(n_tensors_, max_reserved));
    for (std::uint64_t i = 0; i < n_tensors_; ++i) {
      tensor_info t;
      if (const auto ok = read_tensor_info(in_, out_.data_size_, t); !ok)
        return in_context(label("tensor", i, t.name), ok.error());
      out_.data_size_ += pad(t.size, out_.alignment_);
      if (out_.data_size_.overflowed())
        return in_context(label("tensor", i, t.name),
                          error{errc::overflow, "the data section ends beyond 2^64 bytes"});
      all.push_back(t);
    }
    const auto name_of = [&](std::size_t i) { return all[i].name; };
    const name_index names(all.size(), name_of);
    if (const auto twice = names.duplicate(name_of)) return duplicate("tensor", *twice, name_of);
    return {};
  }

  // A file without tensors has no data section, and so no padding before one.
  result<void> data() {
    const std::uint64_t end = in_.offset();
    out_.data_offset_ = n_tensors_ == 0 ? end : pad(bytes{end}, out_.alignment_).count;
    if (!check_data_ || n_tensors_ == 0) return {};
    const std::string found = "the end of the file at byte " + std::to_string(file_size_.count);
    if (out_.data_offset_ > file_size_.count)
      return field_error(errc::truncated, "data section", out_.data_offset_, found, "its start");
    for (std::uint64_t i = 0; i < n_tensors_; ++i) {
      const tensor_info& t = out_.tensors_[i];
      const bytes begin = bytes{out_.data_offset_} + bytes{t.offset};
      if (begin + t.size > file_size_ || (begin + t.size).overflowed())
        return in_context(
            label("tensor", i, t.name),
            field_error(errc::truncated, "data", begin.count, found, size_text(t.size.count)));
    }
    return {};
  }

  static std::string label(std::string_view what, std::uint64_t i, std::string_view name = {}) {
    const std::string text = std::string(what) + " " + std::to_string(i);
    return name.empty() ? text : text + " " + quoted(name);
  }

  template <class NameOf>
  error duplicate(std::string_view what, std::pair<std::size_t, std::size_t> twice,
                  const NameOf& name_of) const {
    const std::string_view name = name_of(twice.second);
    const auto at = static_cast<std::uint64_t>(name.data() - start_) - sizeof(std::uint64_t);
    return in_context(label(what, twice.second, name),
                      field_error(errc::bad_format, "name", at,
                                  "the name of " + label(what, twice.first), "a name of its own"));
  }

  reader in_;
  bytes file_size_;
  bool check_data_;
  const char* start_;
  std::uint64_t n_tensors_ = 0;
  std::uint64_t n_kv_ = 0;
  header out_;
};

}  // namespace detail

/// Parses and checks the header of a GGUF file, version 2 or 3; `file` must outlive the result.
///
/// Errors:   truncated    the data, or the file, ends before something the header announces
///           bad_format   not GGUF, or a field that contradicts the format
///           limit        a length or number of dimensions beyond the engine's limits
///           overflow     a tensor or the data section beyond 64 bits
///           unsupported  another version, big-endian data, an array of arrays, an unknown type
///           Each message names the key or tensor, the byte offset, what was found and expected.
/// Source:   llama.cpp, ggml/src/gguf.cpp: gguf_init_from_reader;
///           src/llama-model-loader.h: llama_tensor_weight
[[nodiscard]] inline result<header> parse(std::span<const std::byte> file,
                                          const parse_options& options = {}) {
  return detail::header_parser(file, options).run();
}

/// How many bytes of a file its header takes, padding before the data not counted.
struct header_size {
  std::uint64_t least;   ///< exactly, where its beginning holds it whole; else more than that has
  std::uint64_t likely;  ///< up to the end of the entry that is cut, if its strings go on as they began
};

/// By the beginning of a file.
/// Errors: those of parse() that no further byte can mend;  limit  it takes more than max_header
[[nodiscard]] inline result<header_size> measure_header(std::span<const std::byte> beginning) {
  detail::header_parser parser(beginning, {.check_data = false});
  const auto header = parser.run();
  if (!header && header.error().code != errc::truncated) return header.error();
  if (bytes{parser.reached()} > max_header)
    return error{errc::limit, "a header of at least " + size_text(parser.reached()) +
                                  ", expected at most " + std::to_string(max_header.count)};
  return header_size{parser.reached(), parser.likely()};
}

/// The least of it: at least what the next entry needs.
/// Errors: those of measure_header()
[[nodiscard]] inline result<std::uint64_t> header_extent(std::span<const std::byte> beginning) {
  const auto size = measure_header(beginning);
  if (!size) return size.error();
  return size->least;
}

}  // namespace vrambudget::gguf
