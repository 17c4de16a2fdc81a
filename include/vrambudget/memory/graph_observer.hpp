// Who watches graphs while they are simulated, and which of them they see.
#pragma once

#include <cstdint>
#include <functional>

namespace vrambudget {

namespace ggml {
class graph;
class scheduler;
}  // namespace ggml

/// The graphs of a context that can be watched, the model's own and a draft's.
enum class graph_phase : std::uint8_t { generation, prompt, draft_generation, draft_prompt };

/// Sees each graph that was placed: its tensors, and their order.
using graph_observer = std::function<void(graph_phase, const ggml::graph&, const ggml::scheduler&)>;

}  // namespace vrambudget
