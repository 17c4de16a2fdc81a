// Which description builds which architecture, by GGUF's name. A new architecture is one row here.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "vrambudget/arch/blocks/pooling.hpp"
#include "vrambudget/arch/deepseek2.hpp"
#include "vrambudget/arch/gemma.hpp"
#include "vrambudget/arch/glm4moe.hpp"
#include "vrambudget/arch/gpt_oss.hpp"
#include "vrambudget/arch/granitehybrid.hpp"
#include "vrambudget/arch/llama.hpp"
#include "vrambudget/arch/mamba2.hpp"
#include "vrambudget/arch/phi3.hpp"
#include "vrambudget/arch/qwen.hpp"
#include "vrambudget/arch/qwen3next.hpp"

namespace vrambudget::arch {

/// A description and what the engine does differently for the architecture as a whole.
struct description {
  std::string_view architecture;  ///< `general.architecture`
  void (*build)(builder&);
  bool many_nodes = false;     ///< the engine's larger graph limit
  bool soft_max_rank = false;  ///< rerankers end in a softmax
};

inline constexpr std::array descriptions = {
    description{"deepseek2", build_deepseek2}, description{"gemma2", build_gemma2},
    description{"gemma3", build_gemma3},       description{"glm4moe", build_glm4moe},
    description{"gpt-oss", build_gpt_oss},     description{"granitehybrid", build_granitehybrid},
    description{"llama", build_llama},         description{"mamba2", build_mamba2},
    description{"mistral3", build_llama},      description{"phi3", build_phi3},
    description{"qwen2", build_qwen2},         description{"qwen3", build_qwen3, false, true},
    description{"qwen35", build_qwen35, true}, description{"qwen35moe", build_qwen35, true},
    description{"qwen3moe", build_qwen3},      description{"qwen3next", build_qwen3next, true},
};

/// Null for an architecture without a description.
[[nodiscard]] constexpr const description* find_description(std::string_view architecture) {
  for (const description& d : descriptions)
    if (d.architecture == architecture) return &d;
  return nullptr;
}

/// Builds the whole graph of one micro-batch: the description, pooling, and what is read afterwards.
inline void build_graph(const description& d, builder& b) {
  d.build(b);
  add_pooling(b, d.soft_max_rank);
  for (tensor* t : {b.logits, b.embd, b.embd_pooled, b.h_nextn})
    if (t) t->is_output = true;
}

}  // namespace vrambudget::arch
