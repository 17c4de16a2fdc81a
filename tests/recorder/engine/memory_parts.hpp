// What a context keeps between batches, taken apart: caches, windows, recurrent states.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "refusal.hpp"

struct llama_context;
class llama_kv_cache;
class llama_memory_recurrent;

namespace recorder {

struct memory_part {
  std::string name;  ///< as the engine's member: kv, base, swa, attn, recr, ...
  std::map<ggml_backend_buffer_type_t, std::size_t> bytes;
  json details;                              ///< cells, layers and bytes by kind
  llama_kv_cache* cache = nullptr;           ///< if it is one
  llama_memory_recurrent* states = nullptr;  ///< if it is one
};

std::vector<memory_part> memory_parts(llama_context* context);

/// Marks the cells of positions 0 to n - 1 as used, without computing anything.
void mark_used(const std::vector<memory_part>& parts, int n);

}  // namespace recorder
