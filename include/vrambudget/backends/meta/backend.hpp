// The Meta backend of `-sm tensor`: several cards that act as one device, each with a slice or a copy of
// every tensor. Graphs are planned with whole tensors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::meta {

/// What the cards have in common.
/// Source: llama.cpp, ggml/src/ggml-backend-meta.cpp
class backend final : public ggml::backend {
 public:
  /// `cards`: each as if it was the only device. They must outlive it.
  explicit backend(std::vector<const ggml::backend*> cards) : cards_(std::move(cards)) {}

  [[nodiscard]] bool supports_op(const ggml::tensor& t) const override {
    return std::all_of(cards_.begin(), cards_.end(),
                       [&](const ggml::backend* c) { return c->supports_op(t); });
  }
  [[nodiscard]] bool wants_offload(const ggml::tensor&) const override { return false; }
  /// As much as the card that needs most, for the whole tensor: each card's buffer has this size.
  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override {
    std::uint64_t most = 0;
    for (const ggml::backend* c : cards_) most = std::max(most, c->alloc_size(t));
    return most;
  }
  [[nodiscard]] ggml::buffer_type buffers() const override {
    ggml::buffer_type most = cards_.front()->buffers();
    for (const ggml::backend* c : cards_)
      most.alignment = std::max(most.alignment, c->buffers().alignment);
    return most;
  }
  /// None: it does not let the cards reorder a graph.
  void optimize(std::span<ggml::tensor*>, ggml::tensor*,
                std::vector<ggml::alloc_dep>&) const override {}

 private:
  std::vector<const ggml::backend*> cards_;
};

/// Scratch of the sums that CUDA computes for two cards, from Volta on: on each of them, and pinned on the
/// host for both.
///
/// Formula:  card: 32 MiB for the largest tensor; host: for each card as much and 2 slots of 1 MiB, and 64
///           bytes for each of 8 blocks in 2 slots
/// Accuracy: exact for builds without NCCL
/// Source:   llama.cpp, ggml/src/ggml-cuda/allreduce.cu: ggml_cuda_ar_pipeline_init
inline constexpr std::uint32_t all_reduce_from_cc = 700;
inline constexpr std::size_t all_reduce_cards = 2;
inline constexpr bytes all_reduce_scratch = 32_MiB;
inline constexpr bytes all_reduce_on_host =
    all_reduce_cards * (all_reduce_scratch + 2_MiB + bytes{2 * 8 * 64});

/// What these sums draw from a card's pool: results of 512 Ki values or more are halved before they travel.
/// Source: llama.cpp, ggml/src/ggml-cuda/allreduce.cu: ggml_cuda_ar_allreduce
[[nodiscard]] constexpr bytes halves_of(bytes f32_result) {
  const bytes halves{f32_result.count / 2};
  return halves < 1_MiB ? bytes{} : halves;
}

/// Steps of a reduction over `n_cards` by neighbours, each with a buffer of its own.
///
/// Formula:  ceil(log2(n_cards))
/// Source:   llama.cpp, ggml/src/ggml-backend-meta.cpp: ggml_backend_meta_context
[[nodiscard]] constexpr std::uint32_t reduce_steps(std::size_t n_cards) {
  std::uint32_t n = 0;
  while ((std::size_t{1} << n) < n_cards) ++n;
  return n;
}

}  // namespace vrambudget::meta
