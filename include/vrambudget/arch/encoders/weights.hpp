// Tensors of a projector file as sources of a graph. What the engine loads is what it asks for by name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::arch {

/// A tensor, and whether an encoder asked for it.
struct encoder_weight {
  ggml::tensor t;
  bool loaded = false;
};

/// Tensors by name.
class encoder_weights {
 public:
  void add(std::string_view name, const ggml::tensor& t) { all_[std::string(name)] = {t, false}; }
  /// The tensor, which is loaded from now on; null if the file has none of that name.
  ggml::tensor* load(std::string_view name) {
    const auto it = all_.find(name);
    if (it == all_.end()) return nullptr;
    it->second.loaded = true;
    return &it->second.t;
  }
  [[nodiscard]] bool is_loaded(std::string_view name) const {
    const auto it = all_.find(name);
    return it != all_.end() && it->second.loaded;
  }

 private:
  std::map<std::string, encoder_weight, std::less<>> all_;
};

}  // namespace vrambudget::arch
