// A small GGUF header with one entry of every kind, and ways to damage it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "vrambudget/gguf/writer.hpp"

namespace sample {

using file_bytes = std::vector<std::byte>;

template <class T>
void append(file_bytes& out, T v) {
  out.resize(out.size() + sizeof v);
  std::memcpy(out.data() + out.size() - sizeof v, &v, sizeof v);
}
inline void append_string(file_bytes& out, const std::string& s) {
  append(out, std::uint64_t{s.size()});
  for (const char c : s) out.push_back(static_cast<std::byte>(c));
}

/// Overwrites what lies at a byte offset.
template <class T>
void patch(file_bytes& out, std::size_t at, T v) {
  std::memcpy(out.data() + at, &v, sizeof v);
}

/// Made by hand, byte by byte, so that the reader is not only tested against our own writer:
///   0 magic, 4 version 3, 8 two tensors, 16 three keys
///   24 key "general.alignment" (8 + 17), 49 type u32, 53 value 64
///   57 key "names" (8 + 5), 70 type array, 74 of strings, 78 length 2, 86 "a" (9), 95 "bcd" (11)
///   106 key "x" (9), 115 type i8, 119 value -5
///   120 tensor "t" (9): 129 n_dims 2, 133 ne 32, 141 ne 2, 149 type q4_0, 153 offset 0
///   161 tensor "u" (9): 170 n_dims 1, 174 ne 3, 182 type f32, 186 offset 64
///   194 padding to 256; data: 36 bytes padded to 64, then 12
inline file_bytes by_hand() {
  file_bytes f;
  for (const char c : std::string("GGUF")) f.push_back(static_cast<std::byte>(c));
  append(f, std::uint32_t{3});
  append(f, std::int64_t{2});
  append(f, std::int64_t{3});
  append_string(f, "general.alignment");
  append(f, std::uint32_t{4});
  append(f, std::uint32_t{64});
  append_string(f, "names");
  append(f, std::uint32_t{9});
  append(f, std::uint32_t{8});
  append(f, std::uint64_t{2});
  append_string(f, "a");
  append_string(f, "bcd");
  append_string(f, "x");
  append(f, std::uint32_t{1});
  append(f, std::int8_t{-5});
  append_string(f, "t");
  append(f, std::uint32_t{2});
  append(f, std::int64_t{32});
  append(f, std::int64_t{2});
  append(f, std::uint32_t{2});
  append(f, std::uint64_t{0});
  append_string(f, "u");
  append(f, std::uint32_t{1});
  append(f, std::int64_t{3});
  append(f, std::uint32_t{0});
  append(f, std::uint64_t{64});
  f.resize(256 + 64 + 12);
  return f;
}

}  // namespace sample
