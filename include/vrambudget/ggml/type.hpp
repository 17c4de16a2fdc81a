// Tensor element types: id, name, block length and bytes per block, as GGUF files number them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "vrambudget/units.hpp"

namespace vrambudget {

/// Element type of a tensor; the value is the id stored in GGUF. Removed ids have no name here.
enum class ggml_type : std::uint8_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q8_1 = 9,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  q8_k = 15,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
  q1_0 = 41,
  q2_0 = 42,
};

/// How a type is stored.
struct type_traits {
  std::uint8_t id = 0;            ///< the GGUF id; also the index in the table
  std::string_view name;          ///< ggml's spelling, "q4_K"; empty: the id was removed
  std::uint16_t block = 0;        ///< elements per block; 0: the id was removed
  std::uint16_t block_bytes = 0;  ///< bytes per block
};

inline constexpr std::uint32_t n_ggml_type = 43;  ///< ids at or above are unknown

/// All types of the pinned engine in id order.
/// Source: llama.cpp, ggml/src/ggml.c: type_traits
inline constexpr std::array<type_traits, n_ggml_type> type_table = {{
    {0, "f32", 1, 4},
    {1, "f16", 1, 2},
    {2, "q4_0", 32, 18},
    {3, "q4_1", 32, 20},
    {4, "", 0, 0},
    {5, "", 0, 0},
    {6, "q5_0", 32, 22},
    {7, "q5_1", 32, 24},
    {8, "q8_0", 32, 34},
    {9, "q8_1", 32, 36},
    {10, "q2_K", 256, 84},
    {11, "q3_K", 256, 110},
    {12, "q4_K", 256, 144},
    {13, "q5_K", 256, 176},
    {14, "q6_K", 256, 210},
    {15, "q8_K", 256, 292},
    {16, "iq2_xxs", 256, 66},
    {17, "iq2_xs", 256, 74},
    {18, "iq3_xxs", 256, 98},
    {19, "iq1_s", 256, 50},
    {20, "iq4_nl", 32, 18},
    {21, "iq3_s", 256, 110},
    {22, "iq2_s", 256, 82},
    {23, "iq4_xs", 256, 136},
    {24, "i8", 1, 1},
    {25, "i16", 1, 2},
    {26, "i32", 1, 4},
    {27, "i64", 1, 8},
    {28, "f64", 1, 8},
    {29, "iq1_m", 256, 56},
    {30, "bf16", 1, 2},
    {31, "", 0, 0},
    {32, "", 0, 0},
    {33, "", 0, 0},
    {34, "tq1_0", 256, 54},
    {35, "tq2_0", 256, 66},
    {36, "", 0, 0},
    {37, "", 0, 0},
    {38, "", 0, 0},
    {39, "mxfp4", 32, 17},
    {40, "nvfp4", 64, 36},
    {41, "q1_0", 128, 18},
    {42, "q2_0", 64, 18},
}};

namespace detail {
consteval bool type_table_in_order() {
  for (std::size_t i = 0; i < type_table.size(); ++i)
    if (type_table[i].id != i || type_table[i].name.empty() != (type_table[i].block == 0))
      return false;
  return true;
}
static_assert(type_table_in_order());
}  // namespace detail

[[nodiscard]] constexpr const type_traits& traits(ggml_type t) {
  return type_table[static_cast<std::uint8_t>(t)];
}

/// The type with a GGUF id; empty for an unknown or removed id.
[[nodiscard]] constexpr std::optional<ggml_type> type_from_id(std::uint32_t id) {
  if (id >= n_ggml_type || type_table[id].block == 0) return std::nullopt;
  return static_cast<ggml_type>(id);
}

/// The type with a name, in any letter case: "q4_0", "Q4_K".
[[nodiscard]] constexpr std::optional<ggml_type> type_from_name(std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const type_traits& t : type_table) {
    if (t.name.empty() || t.name.size() != name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < name.size(); ++i) same = same && lower(name[i]) == lower(t.name[i]);
    if (same) return static_cast<ggml_type>(t.id);
  }
  return std::nullopt;
}

/// True for types stored in blocks of several elements.
[[nodiscard]] constexpr bool is_quantized(ggml_type t) { return traits(t).block > 1; }

/// Bytes of a row of `n` elements.
///
/// Formula:  block_bytes * n / block; rounded once, for parts of rows that are not whole blocks
/// Units:    `n` in elements
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml.c: ggml_row_size
[[nodiscard]] constexpr bytes row_size(ggml_type t, std::uint64_t n) {
  const bytes all = bytes{traits(t).block_bytes} * n;
  return all.overflowed() ? all : bytes{all.count / traits(t).block};
}

}  // namespace vrambudget
