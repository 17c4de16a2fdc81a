// What llama-quantize is told of a file: its file type and options.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "vrambudget/ggml/type.hpp"
#include "vrambudget/quantize/file_type.hpp"

namespace vrambudget {

struct quantization {
  file_type type = file_type::q8_0;
  /// Whether an importance matrix was given. It changes types in Q4_0, Q5_0, IQ3_XXS, IQ4_NL, IQ4_XS.
  bool has_imatrix = false;
  std::optional<ggml_type> token_embedding =
      {};                                ///< `--token-embedding-type`; absent: by the rules
  std::optional<ggml_type> output = {};  ///< `--output-tensor-type`; absent: by the rules
};

/// A name of publishers' own for a file type with larger embeddings and output.
struct published_recipe {
  std::string_view name;
  file_type type;
};

/// Source: bartowski's model cards: "uses Q8_0 for embed and output weights"
inline constexpr std::array<published_recipe, 5> recipes_with_q8_0_ends = {
    {{"Q2_K_L", file_type::q2_k},
     {"Q3_K_XL", file_type::q3_k_l},
     {"Q4_K_L", file_type::q4_k_m},
     {"Q5_K_L", file_type::q5_k_m},
     {"Q6_K_L", file_type::q6_k}}};

/// What a published file of that name was made with, an importance matrix among it; nothing: no such name is known.
[[nodiscard]] inline std::optional<quantization> find_quantization(std::string_view typed) {
  quantization q;
  q.has_imatrix = true;
  if (const auto type = find_file_type(typed)) {
    q.type = *type;
    return q;
  }
  for (const published_recipe& r : recipes_with_q8_0_ends)
    if (equal_in_any_case(typed, r.name)) {
      q.type = r.type;
      q.token_embedding = q.output = ggml_type::q8_0;
      return q;
    }
  return std::nullopt;
}

}  // namespace vrambudget
