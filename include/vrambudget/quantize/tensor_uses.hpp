// What the names of a model's tensors say, each found once for all layers.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/tensor_role.hpp"

namespace vrambudget::detail {

class tensor_uses {
 public:
  explicit tensor_uses(const model& m) {
    const bool keeps_small = m.traits->keeps_small_matrices;
    std::unordered_map<std::string_view, tensor_use> known;
    all_.reserve(m.tensors.size());
    for (const model_tensor& t : m.tensors) {
      const auto [use, is_new] = known.try_emplace(key_of(t.name));
      if (is_new) use->second = use_of(use->first, keeps_small);
      all_.push_back(use->second);
    }
  }

  /// Of the tensor of that number.
  [[nodiscard]] const tensor_use& of(std::size_t i) const { return all_[i]; }

 private:
  /// ".attn_q.weight" of a layer's: no name without a layer begins so.
  [[nodiscard]] static std::string_view key_of(std::string_view name) {
    const std::string_view rest = layer_of(name).second;
    return rest.size() == name.size() ? name : std::string_view(rest.data() - 1, rest.size() + 1);
  }

  std::vector<tensor_use> all_;
};

}  // namespace vrambudget::detail
