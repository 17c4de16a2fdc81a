// The pinned engine: which llama.cpp is reproduced, and its constants. A new release starts here: its name
// stands nowhere else, and all sources that are cited in this code are of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace vrambudget {

inline constexpr std::string_view engine_name = "llama.cpp v0.5.0";
/// Its name among llama.cpp's releases.
inline constexpr std::string_view engine_release = engine_name.substr(engine_name.find('v'));

inline constexpr std::uint32_t llama_max_seq = 256;        ///< LLAMA_MAX_SEQ
inline constexpr std::uint32_t llama_max_layers = 512;     ///< LLAMA_MAX_LAYERS
inline constexpr std::uint32_t llama_max_experts = 1024;   ///< LLAMA_MAX_EXPERTS
inline constexpr std::uint32_t n_ctx_multiple = 256;       ///< every cache holds a multiple of this
inline constexpr std::uint32_t sched_max_copies = 4;       ///< GGML_SCHED_MAX_COPIES
inline constexpr std::uint32_t op_offload_min_batch = 32;  ///< GGML_OP_OFFLOAD_MIN_BATCH

}  // namespace vrambudget
