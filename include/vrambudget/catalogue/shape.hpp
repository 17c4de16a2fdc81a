// Our compact text form of a model's header, as the catalogue and the tests keep it. It is only ever
// turned into GGUF header bytes; reading those is gguf's business. tests/truth/README.md has the form.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"

namespace vrambudget {

/// The GGUF header that a shape stands for: `general.architecture`, `general.name` (unless the
/// metadata has it), the metadata in its order, then the tensors, row by row and layer by layer.
///
/// Shape:  {"name": "Tiny", "architecture": "llama",
///          "metadata": {"llama.block_count": ["u32", 2]},
///          "tensors": [["blk.{0-1}.attn_q.weight", "Q4_K", [256, 256]]]}
///         value types: u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 bool str, and arr:T of each;
///         {0-2,5} in a tensor's name stands for the layers 0, 1, 2 and 5. Other keys are ignored.
/// Errors: bad_format  not JSON; a key is missing or of another kind; a number its type cannot hold;
///                     layers that do not read as numbers in rising order
///         unsupported  a value type or tensor type that does not exist
///         limit        over 65536 tensors, over 4 dimensions
[[nodiscard]] result<std::vector<std::byte>> header_from_shape(std::string_view json);

/// The shape of a model's headers, of which the first has the metadata, as a file of the catalogue has it. Kept is
/// what the engine's memory can depend on: hyperparameters and all tensors, and of the vocabulary its
/// size. `name` ends in `quantization`, "Qwen3-8B-Q5_K_M"; `source` says what was read.
///
/// Errors: bad_format  no architecture; a brace in a tensor's name
[[nodiscard]] result<std::string> shape_of_headers(std::span<const gguf::header> headers,
                                                   std::string_view name,
                                                   std::string_view quantization,
                                                   std::string_view source);

}  // namespace vrambudget
