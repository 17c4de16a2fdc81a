// How large one of unsloth's "dynamic" files is, "UD-Q4_K_XL", where nobody told: beside the plain type of the same
// name, and of models with experts by the types that such files give the classes of tensors.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/catalogue/published_files.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/file_type.hpp"

namespace vrambudget::detail {

/// What published files were of what they are estimated by: the size in the middle, and those that a tenth of the files
/// were below and above.
struct size_shares {
  double low = 1, middle = 1, high = 1;
};

/// A label as a share of the data of the plain file, as llama-quantize writes it.
struct dynamic_ratio {
  std::string_view label;
  file_type plain;
  size_shares shares;
};

/// Of models without experts.
/// Source: published_files() of 2 GiB and more, 10 to 35 a label, to which tests/unit/catalogue/dynamic_sizes_test.cpp
/// holds all shares here
inline constexpr std::array<dynamic_ratio, 11> dense_ratios = {{
    {"UD-IQ1_S", file_type::q2_k, {0.599, 0.643, 0.700}},
    {"UD-IQ1_M", file_type::q2_k, {0.654, 0.692, 0.721}},
    {"UD-IQ2_XXS", file_type::q2_k, {0.725, 0.774, 0.847}},
    {"UD-IQ2_M", file_type::q2_k, {0.824, 0.940, 0.988}},
    {"UD-Q2_K_XL", file_type::q2_k, {0.912, 1.052, 1.083}},
    {"UD-IQ3_XXS", file_type::q3_k_s, {0.803, 0.906, 0.933}},
    {"UD-Q3_K_XL", file_type::q3_k_m, {0.947, 1.031, 1.093}},
    {"UD-Q4_K_XL", file_type::q4_k_m, {0.969, 1.016, 1.075}},
    {"UD-Q5_K_XL", file_type::q5_k_m, {0.993, 1.005, 1.120}},
    {"UD-Q6_K_XL", file_type::q6_k, {1.076, 1.107, 1.200}},
    {"UD-Q8_K_XL", file_type::q8_0, {1.084, 1.204, 1.348}},
}};

/// Of models with experts, labels whose types nobody saw; 5 to 9 files a label.
inline constexpr std::array<dynamic_ratio, 3> expert_ratios = {{
    {"UD-IQ1_S", file_type::q2_k, {0.757, 0.837, 0.893}},
    {"UD-IQ1_M", file_type::q2_k, {0.757, 0.866, 0.913}},
    {"UD-IQ2_XXS", file_type::q2_k, {0.812, 0.916, 0.971}},
}};

/// A type, and the one that a part of the elements have instead.
struct mixed_type {
  ggml_type usual, raised;
  double share = 0;
};

/// The types of a label in models with experts. What llama-quantize keeps is kept, and rows that a type's blocks do
/// not fill have its fallback.
struct dynamic_recipe {
  std::string_view label;
  mixed_type expert_in, expert_down;  ///< gate and up, down projections of routed experts
  mixed_type other;                   ///< matrices of layers besides
  ggml_type token_embd, output;       ///< which of two that differ has which is not known
  size_shares shares;
};

/// How far sizes of files since February 2026 are from what their types come to.
/// Source: 57 files of Qwen3.5, Qwen3.6, Qwen3-Next and Gemma 4
inline constexpr size_shares as_new = {0.981, 1, 1.013};

/// The types of files since February 2026. The shares are those of older files as well, and as_new at least.
/// Source: sizes by role of Qwen3.6-35B-A3B and GLM-5.2: github:kreuzzelg/sylph, survey/2026-10-09-ud-quants.md
inline constexpr std::array<dynamic_recipe, 15> expert_recipes = [] {
  using enum ggml_type;
  constexpr mixed_type q8 = {q8_0, q8_0, 0};
  return std::array<dynamic_recipe, 15>{{
      {"UD-IQ2_M",
       {iq2_xxs, iq4_xs, 0.025},
       {iq3_xxs, iq4_xs, 0.025},
       {q5_k, q6_k, 0.22},
       q4_k,
       q5_k,
       {0.981, 1, 1.099}},
      {"UD-Q2_K_XL",
       {iq2_xs, iq4_xs, 0.03},
       {iq3_xxs, iq4_xs, 0.03},
       {q5_k, q6_k, 0.22},
       q4_k,
       q5_k,
       {0.981, 1, 1.12}},
      {"UD-IQ3_XXS",
       {iq2_s, iq4_xs, 0.025},
       {iq3_xxs, iq4_xs, 0.025},
       {q6_k, q6_k, 0},
       q6_k,
       q6_k,
       {0.944, 1, 1.139}},
      {"UD-Q3_K_M", {iq3_xxs, q6_k, 0.025}, {iq4_xs, q6_k, 0.025}, q8, q6_k, q6_k, as_new},
      {"UD-Q3_K_XL",
       {iq3_xxs, q6_k, 0.03},
       {iq4_xs, q6_k, 0.03},
       q8,
       q6_k,
       q8_0,
       {0.891, 1, 1.013}},
      {"UD-IQ4_XS", {iq3_s, q6_k, 0.025}, {iq4_xs, q6_k, 0.025}, q8, q6_k, q8_0, {0.85, 1, 1.013}},
      {"UD-IQ4_NL", {iq3_s, q6_k, 0.025}, {iq4_nl, q6_k, 0.025}, q8, q6_k, q8_0, as_new},
      {"UD-Q4_K_S", {q4_k, q6_k, 0.025}, {q4_k, q6_k, 0.025}, q8, q6_k, q8_0, as_new},
      {"UD-Q4_K_M", {q4_k, q6_k, 0.025}, {q5_k, q6_k, 0.025}, q8, q6_k, q8_0, as_new},
      {"UD-Q4_K_XL", {q4_k, q6_k, 0.03}, {q5_k, q6_k, 0.03}, q8, q8_0, q8_0, {0.87, 1, 1.013}},
      {"UD-Q5_K_M", {q5_k, q8_0, 0.025}, {q6_k, q8_0, 0.025}, q8, q8_0, q8_0, as_new},
      {"UD-Q5_K_XL", {q5_k, q8_0, 0.03}, {q6_k, q8_0, 0.03}, q8, q8_0, q8_0, {0.926, 1, 1.013}},
      {"UD-Q6_K", {q6_k, q8_0, 0.025}, {q6_k, q8_0, 0.025}, q8, q8_0, q8_0, as_new},
      {"UD-Q6_K_XL", {q6_k, q6_k, 0}, q8, q8, q8_0, q8_0, {0.931, 1, 1.013}},
      {"UD-Q8_K_XL", {q8_0, bf16, 0.05}, {q8_0, bf16, 0.05}, q8, q8_0, q8_0, {0.981, 1, 1.119}},
  }};
}();

/// The label of these tables that has this name, folded; empty: none.
[[nodiscard]] std::string_view dynamic_label(std::string_view folded);

/// A file whose size is estimated.
struct estimated_file {
  model file;  ///< tensors with the types of the plain file or the recipe, and estimated sizes
  size_range within;
  std::string says;  ///< the estimate in words
};

/// Such a file of the model whose shape this is.
///
/// Errors: unsupported  nothing is known of such files of such models; or as quantized
[[nodiscard]] result<estimated_file> estimate_file(const model& shape, std::string_view label);

/// Makes the matrices larger or smaller until the data of all tensors is of that size, to a byte a tensor.
/// Vectors are in F32 in every file, and are read in parts of their size.
void scale_matrices(model& m, bytes data);

}  // namespace vrambudget::detail
