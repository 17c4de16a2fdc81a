// Which operations over weights of the host are worth copying these to a device, for backends that take any.
#pragma once

#include <cstdint>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget {

/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: get_op_batch_size; ggml/src/ggml-vulkan: ggml_vk_get_op_batch_size
[[nodiscard]] inline bool is_large_batch(const ggml::tensor& t) {
  using ggml::op;
  const std::int64_t batch = t.op == op::get_rows  ? 0
                             : t.op == op::mul_mat ? t.ne[1]
                             : t.op == op::mul_mat_id || t.op == op::rope || t.op == op::rope_back
                                 ? t.ne[2]
                                 : n_rows(t);
  return batch >= op_offload_min_batch;
}

}  // namespace vrambudget
