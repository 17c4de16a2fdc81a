// What single kinds of files say of themselves, and which recipe a model looks like.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "vrambudget/quantize/recognised_recipe.hpp"
#include "vrambudget/report/inspection.hpp"

namespace vrambudget::inspection {

/// "Q4_K_M with --token-embedding-type q8_0", and how many tensors have types by rules of their own.
[[nodiscard]] std::string looks_like_text(const recognised_recipe& r, const gguf::header& h);

/// llama-quantize's options of a recipe without its file type, one each: "--pure", "--tensor-type attn_v=q8_0".
[[nodiscard]] std::vector<std::string> options_of(const recognised_recipe& r);

/// The facts of a file that is no language model: what it belongs to, how large its parts are.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> facts_of(const inspected& f);

}  // namespace vrambudget::inspection
