// The pinned engine: which llama.cpp is reproduced, and its constants. A new release starts here.
// Formulas elsewhere cite this release by file and function.
#pragma once

#include <cstdint>

#include "vrambudget/units.hpp"

namespace vrambudget::engine {

inline constexpr const char* name = "llama.cpp v0.5.0";

inline constexpr std::uint32_t max_seq = 256;              ///< LLAMA_MAX_SEQ
inline constexpr std::uint32_t max_layers = 512;           ///< LLAMA_MAX_LAYERS
inline constexpr std::uint32_t max_experts = 1024;         ///< LLAMA_MAX_EXPERTS
inline constexpr std::uint32_t n_ctx_multiple = 256;       ///< every cache holds a multiple of this
inline constexpr std::uint32_t sched_max_copies = 4;       ///< GGML_SCHED_MAX_COPIES
inline constexpr std::uint32_t op_offload_min_batch = 32;  ///< GGML_OP_OFFLOAD_MIN_BATCH

}  // namespace vrambudget::engine
