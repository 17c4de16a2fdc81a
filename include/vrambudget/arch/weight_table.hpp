// The model's tensors as sources of a graph, found by layer and GGUF name in a few nanoseconds.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
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

/// What an adapter adds to the product of a tensor: B A x. To the scheduler they are no weights: where
/// they lie decides nothing, as their buffers are not said to hold any.
struct low_rank_product {
  ggml::tensor a, b;
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
    layer& of = layers_[row];
    if (of.hashes.empty()) {
      of.hashes.reserve(20);  // most layers have fewer
      of.tensors.reserve(20);
    }
    of.hashes.push_back(tensor_name::of(name, tensor_name::of(stack)));
    of.tensors.push_back(t);
    of.seen.set(of.hashes.back() % of.seen.size());
  }

  /// Null if there is none. `backend`: the copy there if there are several, else any.
  [[nodiscard]] ggml::tensor* find(int il, std::uint64_t hash, int backend = -1) {
    ggml::tensor* found = nullptr;
    layer& of = layers_[static_cast<std::size_t>(il + 1)];
    if (!of.seen.test(hash % of.seen.size())) return nullptr;
    for (std::size_t i = 0; i < of.hashes.size(); ++i) {
      if (of.hashes[i] != hash) continue;
      if (backend < 0 || of.tensors[i].home == backend) return &of.tensors[i];
      if (!found) found = &of.tensors[i];
    }
    return found;
  }

  /// Adds a pair to all copies of a tensor, after all of these.
  void adapt(int il, std::string_view stack, std::string_view name, const low_rank_product& p) {
    const auto row = static_cast<std::size_t>(il + 1);
    if (row >= layers_.size()) return;
    const std::uint64_t hash = tensor_name::of(name, tensor_name::of(stack));
    layer& of = layers_[row];
    for (std::size_t i = 0; i < of.hashes.size(); ++i) {
      if (of.hashes[i] != hash) continue;
      low_rank_product& added = adapted_[&of.tensors[i]].emplace_back(p);
      added.a.is_weight = added.b.is_weight = false;
    }
  }
  /// Whether graphs have what adapters add.
  void apply(bool adapters) { applies_ = adapters; }
  /// Matrices that graphs have of adapters.
  [[nodiscard]] std::size_t n_added() const {
    std::size_t n = 0;
    if (applies_)
      for (const auto& [of, products] : adapted_) n += 2 * products.size();
    return n;
  }
  /// Begins a graph: matrices of adapters outlive graphs, their copies on other backends do not.
  void begin_graph() {
    if (!applies_) return;
    for (auto& [of, products] : adapted_)
      for (low_rank_product& p : products) p.a.copies = p.b.copies = -1;
  }
  /// What adapters add to a tensor's product.
  [[nodiscard]] std::span<low_rank_product> added_to(const ggml::tensor* t) {
    if (!applies_) return {};
    const auto it = adapted_.find(t);
    return it == adapted_.end() ? std::span<low_rank_product>() : std::span(it->second);
  }

 private:
  /// Hashes lie side by side, as a look-up reads many of them. Most of what a graph asks for and is not there, scales and
  /// biases, is not `seen` either.
  struct layer {
    std::vector<std::uint64_t> hashes;
    std::vector<ggml::tensor> tensors;
    std::bitset<256> seen;  ///< hashes, by their last bits
  };
  std::vector<layer> layers_;
  std::unordered_map<const ggml::tensor*, std::vector<low_rank_product>> adapted_;
  bool applies_ = false;
};

}  // namespace vrambudget::arch
