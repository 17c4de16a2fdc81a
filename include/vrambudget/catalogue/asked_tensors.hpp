// Which tensors the engine asks a file for, by architecture, from data/asked_tensors.json, which is part of the
// library. It refuses a file that has others.
#pragma once

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// Whether a file has the keys and tensors that the engine asks for and no other tensor: of its architecture and of a
/// layer that there is; those that must be there, in layers that must have them; of the shape that its hyperparameters
/// give; scales only of a weight that is there; Q, K and V as one matrix or as three, gate and up of experts likewise.
///
/// Errors:   not_found   a key that its architecture needs is missing
///           bad_format  the engine counts a tensor too many, misses one, or finds another shape; names it
/// Accuracy: never refuses what the engine loads; of what it refuses, where hyperparameters alone decide
/// Source:   llama.cpp, src/llama-model-loader.cpp: create_tensor, check_tensor_dims, done_getting_tensors;
///           src/models/*.cpp: load_arch_tensors
[[nodiscard]] result<void> check_asked_tensors(const model& m);

}  // namespace vrambudget
