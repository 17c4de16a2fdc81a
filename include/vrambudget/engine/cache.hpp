// What a context keeps between batches: KV caches and recurrent states, as shapes. memory/layout.hpp
// makes them; graphs read and write them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "vrambudget/ggml/type.hpp"

namespace vrambudget {

/// What a cache is for. A layout has at most one of each.
enum class cache_kind : std::uint8_t {
  base,  ///< K and V of layers that see the whole context
  swa,   ///< of layers with a sliding window
  mla,   ///< latent K of layers that see what an index chooses
  idx,   ///< index keys beside `base`, for blocks of cells
  lid,   ///< index keys beside `mla` or `csa`: the lightning indexer's
  csa,   ///< K of four tokens in one
  hca,   ///< K of 128 tokens in one
};

[[nodiscard]] constexpr std::string_view name(cache_kind k) {
  constexpr std::array<std::string_view, 7> names = {"base", "swa", "mla", "idx",
                                                     "lid",  "csa", "hca"};
  static_assert(names.size() == static_cast<std::size_t>(cache_kind::hca) + 1);
  return names[static_cast<std::size_t>(k)];
}

/// K and V of one layer in a cache.
struct kv_layer {
  std::uint32_t il = 0;
  std::uint64_t k_width = 0;  ///< elements of K per cell
  std::uint64_t v_width = 0;  ///< elements of V per cell; 0: no V is kept
  int backend = 0;            ///< whose memory holds it
};

/// One cache over some layers.
struct kv_cache {
  cache_kind kind = cache_kind::base;
  std::uint32_t n_cell = 0;    ///< cells per stream
  std::uint32_t n_stream = 1;  ///< sequences with cells of their own; 1: all share them
  ggml_type type_k = ggml_type::f16;
  ggml_type type_v = ggml_type::f16;
  bool v_trans = false;      ///< V is stored transposed
  bool borrowed = false;     ///< another context's memory, read only: takes no room here
  std::uint32_t head_k = 0;  ///< size of K's heads; 0: the model's
  std::uint32_t rot_k = 0;   ///< side of the rotation of K; 0: none
  std::uint32_t rot_v = 0;
  std::vector<kv_layer> layers;
  std::vector<std::int32_t>
      layer_index;  ///< per model layer: its place in `layers`, also when it reuses another's; -1: none

  /// The cache of layer `il`, its own or one it reuses; null: none.
  [[nodiscard]] const kv_layer* find(std::uint32_t il) const {
    return il < layer_index.size() && layer_index[il] >= 0
               ? &layers[static_cast<std::size_t>(layer_index[il])]
               : nullptr;
  }
};

/// States of one recurrent layer.
struct recurrent_layer {
  std::uint32_t il = 0;
  std::uint64_t n_embd_r = 0;    ///< convolution state, elements per sequence
  std::uint64_t n_embd_s = 0;    ///< recurrence state
  std::uint64_t n_embd_ple = 0;  ///< history of n-gram embeddings
  int backend = 0;
};

/// States of all recurrent layers, always f32.
struct recurrent_state {
  std::uint32_t n_cell = 0;  ///< sequences
  std::uint32_t n_rows = 0;  ///< n_cell times the states kept for rollback, plus one
  std::vector<recurrent_layer> layers;

  [[nodiscard]] const recurrent_layer* find(std::uint32_t il) const {
    for (const recurrent_layer& l : layers)
      if (l.il == il) return &l;
    return nullptr;
  }
};

/// f32 states that fill compressed caches; two tensors (values and scores) per layer.
struct compressor_state {
  std::uint64_t width = 0;  ///< elements per row
  std::uint64_t n_rows = 0;
  std::vector<int> backends;          ///< of each layer that has one
  std::vector<std::uint32_t> layers;  ///< which these are
};

/// Everything a context keeps.
struct memory_layout {
  std::vector<kv_cache> caches;
  std::optional<recurrent_state> recurrent;
  std::vector<compressor_state> compressors;

  /// The cache of a kind; null: none.
  [[nodiscard]] const kv_cache* find(cache_kind kind) const {
    for (const kv_cache& c : caches)
      if (c.kind == kind) return &c;
    return nullptr;
  }
};

}  // namespace vrambudget
