// What the names of a model's tensors say, each found once for all layers.
#pragma once

#include <string_view>
#include <unordered_map>

#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/tensor_role.hpp"

namespace vrambudget::detail {

/// Its keys are views into the model's names.
class tensor_uses {
 public:
  explicit tensor_uses(const model& m) : keeps_small_(m.traits->keeps_small_matrices) {}

  const tensor_use& of(std::string_view name) {
    const std::string_view rest = layer_of(name).second;
    // ".attn_q.weight": no name without a layer begins so
    const std::string_view key =
        rest.size() == name.size() ? name : std::string_view(rest.data() - 1, rest.size() + 1);
    const auto known = uses_.find(key);
    return known != uses_.end() ? known->second
                                : uses_.emplace(key, use_of(key, keeps_small_)).first->second;
  }

 private:
  std::unordered_map<std::string_view, tensor_use> uses_;
  bool keeps_small_;
};

}  // namespace vrambudget::detail
