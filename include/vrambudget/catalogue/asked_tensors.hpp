// Which tensors the engine asks a file for, by architecture, from data/asked_tensors.json, which is part of the
// library. It refuses a file that has another one.
#pragma once

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// Whether every tensor of a file is one that the engine asks for: of its architecture and of a layer that
/// there is; scales only of a weight that is there; Q, K and V as one matrix or as three, gate and up of experts
/// likewise. Of what may be missing embeddings, output and their norms are held to it; the rest is found where a
/// graph reads it.
///
/// Errors:   bad_format  the engine counts a tensor too many, or misses one; names it
/// Accuracy: names and layers as the engine has them; not which layers of a kind have which of them
/// Source:   llama.cpp, src/llama-model-loader.cpp: done_getting_tensors; src/models/*.cpp: load_arch_tensors
[[nodiscard]] result<void> check_asked_tensors(const model& m);

}  // namespace vrambudget
