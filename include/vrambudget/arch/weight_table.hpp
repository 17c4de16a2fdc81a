// The model's tensors as sources of a graph, found by layer and GGUF name in a few nanoseconds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::arch {

/// Hash of a tensor's name without "blk.N."; literals are hashed by the compiler, so descriptions
/// name tensors as GGUF does at no cost.
class tensor_name {
 public:
  consteval tensor_name(const char* literal) : text_(literal), hash_(of(literal)) {}

  static constexpr std::uint64_t of(std::string_view s, std::uint64_t h = 14695981039346656037u) {
    for (const char c : s) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return h;
  }
  [[nodiscard]] constexpr std::uint64_t with(std::string_view suffix) const {
    return of(suffix, hash_);
  }
  [[nodiscard]] constexpr const char* text() const { return text_; }

 private:
  const char* text_;
  std::uint64_t hash_;
};

/// Tensors by layer and name. A name can have one tensor per backend (copies of small tensors).
class weight_table {
 public:
  explicit weight_table(std::size_t n_layer = 0) : layers_(n_layer + 1) {}

  /// `il`: layer, -1 for tensors of no layer. `name`: without "blk.N."; `stack` precedes it in look-ups
  /// (`dec.attn_q`). Tensors stay where they are until the table goes.
  void add(int il, std::string_view stack, std::string_view name, const ggml::tensor& t) {
    const auto row = static_cast<std::size_t>(il + 1);
    if (row >= layers_.size()) return;
    if (layers_[row].empty()) layers_[row].reserve(20);  // most layers have fewer
    layers_[row].push_back({tensor_name::of(name, tensor_name::of(stack)), t});
  }

  /// Null if there is none. `backend`: the copy there if there are several, else any.
  [[nodiscard]] ggml::tensor* find(int il, std::uint64_t hash, int backend = -1) {
    ggml::tensor* found = nullptr;
    for (entry& e : layers_[static_cast<std::size_t>(il + 1)]) {
      if (e.hash != hash) continue;
      if (!found || e.t.home == backend) found = &e.t;
      if (backend < 0) break;
    }
    return found;
  }

 private:
  struct entry {
    std::uint64_t hash;
    ggml::tensor t;
  };
  std::vector<std::vector<entry>> layers_;
};

}  // namespace vrambudget::arch
