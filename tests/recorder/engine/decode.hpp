// Decodes as a long conversation does, to see what the cards give in addition.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "memory_parts.hpp"

namespace recorder {

/// A full micro-batch, two single tokens, a micro-batch that ends at a full context and a token there. Bytes
/// that each card gave meanwhile; nothing if the engine cannot decode tokens of this model alone.
std::optional<std::vector<std::size_t>> decode_growth(llama_context* context,
                                                      const std::vector<memory_part>& parts);

}  // namespace recorder
