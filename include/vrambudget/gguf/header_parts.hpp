// A header taken apart, so that a value of it can be another and all else stays as it is, byte by byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/preamble.hpp"
#include "vrambudget/gguf/value.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::gguf {

/// The key whose value only takes room.
inline constexpr std::string_view filler_key = "vrambudget.padding";

/// Entries of a header in their order, and its tensors. Views into the bytes that it was read from, which must
/// outlive it, as must the texts that are set.
class header_parts {
 public:
  /// Takes apart what parse() took; a filler is left out.
  /// Errors: those of header_extent()
  [[nodiscard]] static result<header_parts> of(std::span<const std::byte> file, const header& h) {
    const auto end = header_extent(file);
    if (!end) return end.error();
    header_parts p;
    p.version_ = h.version();
    p.n_tensors_ = h.tensors().size();
    p.alignment_ = h.alignment();
    std::size_t tensors_at = preamble_size;
    for (const entry& e : h.metadata()) {
      const auto begin = offset_of(file, e.key.data()) - sizeof(std::uint64_t);
      tensors_at = offset_of(file, e.v.payload().data()) + e.v.payload().size();
      if (e.key != filler_key)
        p.entries_.push_back({e.key, file.subspan(begin, tensors_at - begin), {}});
    }
    p.tensors_ = file.subspan(tensors_at, *end - tensors_at);
    return p;
  }

  /// Gives a key a text, in the place of what it has; a new key comes last.
  void set(std::string_view key, std::string_view text) {
    const auto at =
        std::find_if(entries_.begin(), entries_.end(), [&](const part& e) { return e.key == key; });
    if (at == entries_.end())
      entries_.push_back({key, {}, text});
    else
      *at = {key, {}, text};
  }

  /// Bytes up to the last tensor's entry.
  [[nodiscard]] std::uint64_t size() const {
    std::uint64_t n = preamble_size + tensors_.size();
    for (const part& e : entries_) n += e.size();
    return n;
  }
  [[nodiscard]] bool has_tensors() const { return n_tensors_ != 0; }
  [[nodiscard]] std::uint32_t alignment() const { return alignment_; }

  /// The header, with zeros and if need be a filler up to `data_offset`, where a reader of it then expects the data.
  /// Empty: that cannot be, since it takes more room, or the room that is left is too small for a filler and too large
  /// for none. From 38 bytes of room on it can, and with an alignment of 32 or more with any.
  [[nodiscard]] std::vector<std::byte> up_to(std::uint64_t data_offset) const {
    if (size() > data_offset || (has_tensors() && data_offset % alignment_ != 0)) return {};
    const std::uint64_t room = data_offset - size();
    if (!has_tensors() ? room == 0 : room < alignment_) return written({}, data_offset);
    std::vector<std::byte> filler;
    put_text(filler, filler_key);
    if (room >= text_filler_size) {
      put(filler, static_cast<std::uint32_t>(value_type::string));
      put(filler, room - text_filler_size);
      filler.resize(room, std::byte{' '});
    } else if (has_tensors() && room >= byte_filler_size && room - byte_filler_size < alignment_) {
      put(filler, static_cast<std::uint32_t>(value_type::u8));
      put(filler, std::uint8_t{0});
    } else {
      return {};
    }
    return written(filler, data_offset);
  }

 private:
  struct part {
    std::string_view key;
    std::span<const std::byte> bytes;  ///< as they are in the file; empty: `text` is set
    std::string_view text;

    [[nodiscard]] std::uint64_t size() const {
      return bytes.empty() ? 20 + key.size() + text.size() : bytes.size();
    }
  };
  static constexpr std::size_t preamble_size = 24;
  static constexpr std::uint64_t text_filler_size = 20 + filler_key.size();  // lengths and type
  static constexpr std::uint64_t byte_filler_size = 13 + filler_key.size();

  static std::size_t offset_of(std::span<const std::byte> file, const void* at) {
    return static_cast<std::size_t>(static_cast<const std::byte*>(at) - file.data());
  }

  template <class T>
  static void put(std::vector<std::byte>& out, T v) {
    out.resize(out.size() + sizeof v);
    std::memcpy(out.data() + out.size() - sizeof v, &v, sizeof v);
  }
  static void put_text(std::vector<std::byte>& out, std::string_view text) {
    put(out, std::uint64_t{text.size()});
    const auto bytes = std::as_bytes(std::span(text));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }

  [[nodiscard]] std::vector<std::byte> written(std::span<const std::byte> filler,
                                               std::uint64_t data_offset) const {
    std::vector<std::byte> out;
    out.reserve(data_offset);
    put(out, magic);
    put(out, version_);
    put(out, n_tensors_);
    put(out, std::uint64_t{entries_.size() + !filler.empty()});
    for (const part& e : entries_) {
      out.insert(out.end(), e.bytes.begin(), e.bytes.end());
      if (!e.bytes.empty()) continue;
      put_text(out, e.key);
      put(out, static_cast<std::uint32_t>(value_type::string));
      put_text(out, e.text);
    }
    out.insert(out.end(), filler.begin(), filler.end());
    out.insert(out.end(), tensors_.begin(), tensors_.end());
    out.resize(data_offset);
    return out;
  }

  std::uint32_t version_ = 0;
  std::uint32_t alignment_ = 0;
  std::uint64_t n_tensors_ = 0;
  std::vector<part> entries_;
  std::span<const std::byte> tensors_;
};

}  // namespace vrambudget::gguf
