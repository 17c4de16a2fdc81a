// File types of GGUF files, as llama-quantize is told them: "Q4_K_M".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "vrambudget/ggml/type.hpp"

namespace vrambudget {

/// What llama-quantize can make of a model.
enum class file_type : std::uint8_t {
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q1_0,
  q2_0,
  q2_k,
  q2_k_s,
  q3_k_s,
  q3_k_m,
  q3_k_l,
  q4_k_s,
  q4_k_m,
  q5_k_s,
  q5_k_m,
  q6_k,
  iq1_s,
  iq1_m,
  iq2_xxs,
  iq2_xs,
  iq2_s,
  iq2_m,
  iq3_xxs,
  iq3_xs,
  iq3_s,
  iq3_m,
  iq4_nl,
  iq4_xs,
  tq1_0,
  tq2_0,
  mxfp4_moe,
};

/// A file type's name, the type of tensors that no rule names, and its number in `general.file_type`.
struct file_type_traits {
  file_type id = file_type::f32;
  std::string_view name;
  ggml_type tensors = ggml_type::f32;
  std::uint32_t number = 0;
};

/// All of them in order.
/// Source: llama.cpp, src/llama-quant.cpp: llama_ftype_get_default_type; include/llama.h: llama_ftype
inline constexpr std::array<file_type_traits, 35> file_type_table = {{
    {file_type::f32, "F32", ggml_type::f32, 0},
    {file_type::f16, "F16", ggml_type::f16, 1},
    {file_type::bf16, "BF16", ggml_type::bf16, 32},
    {file_type::q4_0, "Q4_0", ggml_type::q4_0, 2},
    {file_type::q4_1, "Q4_1", ggml_type::q4_1, 3},
    {file_type::q5_0, "Q5_0", ggml_type::q5_0, 8},
    {file_type::q5_1, "Q5_1", ggml_type::q5_1, 9},
    {file_type::q8_0, "Q8_0", ggml_type::q8_0, 7},
    {file_type::q1_0, "Q1_0", ggml_type::q1_0, 40},
    {file_type::q2_0, "Q2_0", ggml_type::q2_0, 41},
    {file_type::q2_k, "Q2_K", ggml_type::q2_k, 10},
    {file_type::q2_k_s, "Q2_K_S", ggml_type::q2_k, 21},
    {file_type::q3_k_s, "Q3_K_S", ggml_type::q3_k, 11},
    {file_type::q3_k_m, "Q3_K_M", ggml_type::q3_k, 12},
    {file_type::q3_k_l, "Q3_K_L", ggml_type::q3_k, 13},
    {file_type::q4_k_s, "Q4_K_S", ggml_type::q4_k, 14},
    {file_type::q4_k_m, "Q4_K_M", ggml_type::q4_k, 15},
    {file_type::q5_k_s, "Q5_K_S", ggml_type::q5_k, 16},
    {file_type::q5_k_m, "Q5_K_M", ggml_type::q5_k, 17},
    {file_type::q6_k, "Q6_K", ggml_type::q6_k, 18},
    {file_type::iq1_s, "IQ1_S", ggml_type::iq1_s, 24},
    {file_type::iq1_m, "IQ1_M", ggml_type::iq1_m, 31},
    {file_type::iq2_xxs, "IQ2_XXS", ggml_type::iq2_xxs, 19},
    {file_type::iq2_xs, "IQ2_XS", ggml_type::iq2_xs, 20},
    {file_type::iq2_s, "IQ2_S", ggml_type::iq2_xs, 28},
    {file_type::iq2_m, "IQ2_M", ggml_type::iq2_s, 29},
    {file_type::iq3_xxs, "IQ3_XXS", ggml_type::iq3_xxs, 23},
    {file_type::iq3_xs, "IQ3_XS", ggml_type::iq3_s, 22},
    {file_type::iq3_s, "IQ3_S", ggml_type::iq3_s, 26},
    {file_type::iq3_m, "IQ3_M", ggml_type::iq3_s, 27},
    {file_type::iq4_nl, "IQ4_NL", ggml_type::iq4_nl, 25},
    {file_type::iq4_xs, "IQ4_XS", ggml_type::iq4_xs, 30},
    {file_type::tq1_0, "TQ1_0", ggml_type::tq1_0, 36},
    {file_type::tq2_0, "TQ2_0", ggml_type::tq2_0, 37},
    {file_type::mxfp4_moe, "MXFP4_MOE", ggml_type::mxfp4, 38},
}};

namespace detail {
consteval bool file_type_table_in_order() {
  for (std::size_t i = 0; i < file_type_table.size(); ++i)
    if (static_cast<std::size_t>(file_type_table[i].id) != i) return false;
  return true;
}
static_assert(file_type_table_in_order());
}  // namespace detail

[[nodiscard]] constexpr const file_type_traits& traits(file_type f) {
  return file_type_table[static_cast<std::size_t>(f)];
}

[[nodiscard]] constexpr std::string_view name(file_type f) { return traits(f).name; }

/// Whether a text is a name that is written in upper case.
[[nodiscard]] constexpr bool equal_in_any_case(std::string_view typed, std::string_view name) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  bool same = name.size() == typed.size();
  for (std::size_t i = 0; same && i < typed.size(); ++i) same = upper(typed[i]) == name[i];
  return same;
}

/// The file type with a name, in any letter case; empty: llama-quantize knows none ("UD-Q4_K_XL").
[[nodiscard]] constexpr std::optional<file_type> find_file_type(std::string_view typed) {
  for (const file_type_traits& t : file_type_table)
    if (equal_in_any_case(typed, t.name)) return t.id;
  return std::nullopt;
}

/// The file type of a number of `general.file_type`; empty: none that llama-quantize writes.
[[nodiscard]] constexpr std::optional<file_type> file_type_numbered(std::uint64_t number) {
  for (const file_type_traits& t : file_type_table)
    if (t.number == number) return t.id;
  return std::nullopt;
}

/// A file type as llama-quantize takes it: a name, one without its size ("Q4_K", which is Q4_K_M), or a number.
/// Source: llama.cpp, tools/quantize/quantize.cpp: try_parse_ftype
[[nodiscard]] constexpr std::optional<file_type> parse_file_type(std::string_view typed) {
  if (const auto f = find_file_type(typed)) return f;
  for (const auto& [name, meant] : {std::pair{"Q3_K", file_type::q3_k_m},
                                    {"Q4_K", file_type::q4_k_m},
                                    {"Q5_K", file_type::q5_k_m}})
    if (equal_in_any_case(typed, name)) return meant;
  std::uint64_t number = 0;
  for (const char c : typed) {
    if (c < '0' || c > '9' || number > 1000) return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return typed.empty() ? std::nullopt : file_type_numbered(number);
}

}  // namespace vrambudget
