// Which tensors of a model CUDA can compute with.
#pragma once

#include <string_view>

#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::cuda {

/// Whether CUDA can do with a layer's tensor what the model does with it.
/// Source: llama.cpp, src/llama-model-loader.cpp: weight_buft_supported
[[nodiscard]] inline bool takes_weight(const model& m, const model_tensor& t,
                                       const engine_rules& rules) {
  const hparams& hp = m.hp;
  const std::string_view rest = layer_of(t.name).second;
  if (rest == "ssm_conv1d.weight") return t.ne[1] % 128 == 0;
  if (rest == "ssm_a") {
    if (hp.ssm.d_inner == 0 || t.ne[1] <= 1)
      return !m.traits->scans_vector;  // delta nets multiply by it
    if (t.ne[0] == 1)
      return scans_state(hp.ssm.d_state, rules) && (hp.ssm.d_inner / t.ne[1]) % 16 == 0;
    return t.ne[0] == 16 && hp.ssm.d_inner / t.ne[1] == 1 && t.ne[1] % 128 == 0;
  }
  if (rest.find("norm") != std::string_view::npos)
    return !is_quantized(t.type);  // elementwise products are of floats
  return t.ne[1] == 1 || t.type == ggml_type::i32 || multiplies_by(t.type);
}

}  // namespace vrambudget::cuda
