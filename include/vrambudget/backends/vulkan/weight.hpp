// Which tensors of a model Vulkan can compute with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/backends/vulkan/backend.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/tensor_purpose.hpp"

namespace vrambudget::vulkan {

/// The largest of a tensor, and of what it is tried with: 512 tokens, for experts those that are used of each.
[[nodiscard]] inline std::uint64_t largest_bound(const model& m, const model_tensor& t) {
  if (t.ne[1] == 1) return t.size.count;
  std::uint64_t rows = 512;
  if (stacks_experts(t.name)) {
    const auto& used = m.hp.moe.n_expert_used_arr;
    rows *= std::max<std::uint32_t>(1, *std::max_element(used.begin(), used.end()));
  }
  const std::uint64_t row = sizeof(float) * static_cast<std::uint64_t>(std::max(t.ne[0], t.ne[1]));
  return std::max(t.size.count, row * rows);
}

/// Whether it can do with a layer's tensor what the model does with it. `largest`: what a kernel can read; 0: any.
/// Source: llama.cpp, src/llama-model-loader.cpp: weight_buft_supported
[[nodiscard]] inline bool takes_weight(const model& m, const model_tensor& t,
                                       std::uint64_t largest) {
  if (largest > 0 && largest_bound(m, t) > largest) return false;
  const hparams& hp = m.hp;
  const std::string_view rest = layer_of(t.name).second;
  if (rest == "ssm_conv1d.weight") return t.type == ggml_type::f32;
  if (rest == "ssm_a") {
    if (hp.ssm.d_inner == 0 || t.ne[1] <= 1)
      return !m.traits->scans_vector;  // delta nets multiply by it
    return t.ne[0] == 1 && backend::scans(hp.ssm.d_state, hp.ssm.d_inner / t.ne[1], true);
  }
  if (rest.find("norm") != std::string_view::npos)
    return t.type == ggml_type::f32 || t.type == ggml_type::f16;
  return t.ne[1] == 1 || t.type == ggml_type::i32 || multiplies_by(t.type);
}

}  // namespace vrambudget::vulkan
