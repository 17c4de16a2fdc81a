// What llama-quantize is asked for, as a command line or JSON has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/quantize/quantized_file.hpp"
#include "vrambudget/quantize/recipe.hpp"

namespace vrambudget::request {

/// llama-quantize's options, as texts.
struct recipe_request {
  /// Its TYPE; several: "Q4_K_M,Q6_K", "Q3_K_M..Q6_K" in the order of file_type_table.
  std::string base = "Q4_K_M";
  std::string token_embedding_type, output_tensor_type;  ///< empty: by the rules
  std::vector<std::string> tensor_types;                 ///< "attn_v=q6_k", in the order given
  std::string tensor_type_file;  ///< a file with more of them, which come after
  bool pure = false, leave_output_tensor = false, keep_split = false;
  std::optional<std::string> imatrix;  ///< a file, which may be anywhere; absent: none is given
  std::string prune_layers;            ///< "3,7,11"
  /// What matrices of the source are in, "bf16"; empty: as they are, of catalogued models bf16.
  std::string source_type;
  std::string
      like;  ///< a model by path or name: the recipe that its file looks like, instead of `base` and `pure`
  /// The one that makes the best of the cards is looked for, instead of all of these but `imatrix`.
  bool find = false;
};

/// The request that an object means, JSON: its keys are the fields' names; "tensor_types" is an array of texts,
/// "prune_layers" one of numbers or a text, "imatrix" a text, or true for one of no name. An empty text is an empty
/// object.
///
/// Errors: invalid_argument  no such key, or no such value
[[nodiscard]] result<recipe_request> read_recipe_request(std::string_view json);

/// A recipe, and its file type as it was asked for: "Q4_K_M".
struct named_recipe {
  std::string base;
  recipe r;
};

/// One recipe for each file type that is asked for.
/// Errors: invalid_argument  no such file type, type, pattern or layers; a range that is none
///         io                a file of tensor types that cannot be read
[[nodiscard]] result<std::vector<named_recipe>> recipes_of(const recipe_request& q);

/// The options as llama-quantize takes them, without the file type, each with its value: "--tensor-type attn_v=q6_k".
[[nodiscard]] std::vector<std::string> quantize_words(const recipe_request& q);
/// The same in a row.
[[nodiscard]] std::string quantize_options(const recipe_request& q);

/// The whole command: "llama-quantize --pure Qwen3-8B-BF16.gguf Qwen3-8B-Q4_K_M.gguf Q4_K_M".
[[nodiscard]] std::string quantize_command(const recipe_request& q, const std::string& from,
                                           const std::string& to, const std::string& base);

}  // namespace vrambudget::request
