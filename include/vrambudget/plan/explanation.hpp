// How a term comes about, with this model's numbers, as data; report/sentences.hpp makes sentences of it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/cpu_variant.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/model/projector_hparams.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

namespace why {

/// Tensors of a model, each padded.
struct tensors {
  std::uint64_t n = 0;
  std::uint32_t alignment = 0;  ///< bytes
  bool divided = false;         ///< a slice or a copy of each
  bytes range = {};             ///< of a file, in which they lie; zero: not told
};
/// Tensors that the CPU lays out anew, each padded.
struct repacked_tensors {
  std::uint64_t n = 0;
  cpu_variant on = {};
};
/// Layers of one KV cache.
struct cache_cells {
  cache_kind cache = cache_kind::base;
  std::uint64_t n_layer = 0, n_cell = 0;  ///< cells over all streams
  ggml_type type_k = ggml_type::f16, type_v = ggml_type::f16;
  std::uint64_t k_width = 0, v_width = 0;  ///< of the first layer; 0: no V
};
/// Layers with recurrent states of f32.
struct states {
  std::uint64_t n_layer = 0, n_rows = 0;
  std::uint64_t n_embd_r = 0, n_embd_s = 0;  ///< of the first layer
};
/// The highest byte of a simulated graph.
struct simulated_graph {
  graph_shape shape;
  std::uint32_t n_tokens = 0, n_outputs = 0;
};
/// More than a graph that is not described can need.
struct compute_ceiling {
  std::uint32_t n_tokens = 0;
};
struct pool_ceiling {
  std::uint32_t n_tokens = 0;
};
/// Scratch of the operation that draws most.
struct scratch {
  pool_need need;
};
/// Scratch for sums of two cards.
struct all_reduce {
  bytes largest;  ///< tensor that it is for
};
/// A graph that reads a cache of that many positions.
struct full_cache {
  std::uint32_t n_positions = 0;
};
/// A file from the first tensor of a device to its last.
struct mapped_tensors {
  bytes size;
  bool from_file = false;  ///< else as files are usually ordered
};
/// A graph in another order than the engine's projection has it in, which gives caches no addresses.
struct addresses {};
/// Matrices of LoRA adapters, and directions of a control vector.
struct adapters {
  std::uint64_t n_pair = 0;  ///< on the device, of all adapters
  bytes pairs = {};
  std::uint64_t n_layer = 0;  ///< on the device; a direction for each but the first
  bytes directions = {};
};
/// The graph with the products of so many pairs.
struct adapted_graph {
  std::uint64_t n_pair = 0;
};
/// Buffers take whole pages.
struct pages {
  bytes size;  ///< of one
};
/// Rows of logits.
struct logits {
  std::uint64_t n_rows = 0, n_vocab = 0;
};
/// What was measured, as its source has it.
struct measured {
  std::string note;
};
/// An encoder of a projector, and which of its amounts.
enum class encoder_part : std::uint8_t { tensors, reserved, growth, pool };
struct encoder {
  modality kind = modality::vision;
  std::string type = {};  ///< the engine's name
  encoder_part part = encoder_part::tensors;
  std::int64_t nx = 0, ny = 0, n_images = 1;  ///< the input it is for
  bytes size = {};
};

}  // namespace why

using explanation =
    std::variant<why::tensors, why::repacked_tensors, why::cache_cells, why::states,
                 why::simulated_graph, why::compute_ceiling, why::pool_ceiling, why::scratch,
                 why::logits, why::all_reduce, why::measured, why::encoder, why::full_cache,
                 why::pages, why::adapters, why::adapted_graph,
                 why::mapped_tensors, why::addresses>;

}  // namespace vrambudget
