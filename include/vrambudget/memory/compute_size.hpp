// What simulating a context's graphs gives: sizes of its compute buffers, and counts to compare.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/backends/vulkan/prealloc.hpp"
#include "vrambudget/ggml/decisions.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

namespace ggml {
enum class op : std::uint8_t;
}

/// What the scheduler made of one graph.
struct graph_shape {
  std::uint32_t n_nodes = 0;
  std::uint32_t n_splits = 0;
};

/// An operation of a graph, by what it works on.
struct operation_name {
  ggml::op op;
  std::string of;                    ///< its weight, or its own name
  std::array<std::int64_t, 4> a, b;  ///< shapes of its operands
};

/// Scratch that the operations of a context's graphs draw from one device's pool, or from buffers that it keeps.
struct pool_need {
  bytes scratch;                          ///< most that one operation draws
  bool cublas = false;                    ///< some operation needs cuBLAS
  std::optional<operation_name> by = {};  ///< the one that draws most
  bytes of_whole_batches = {};            ///< `scratch` of full micro-batches of one sequence
  bool cublas_of_whole_batches = false;
  /// Of Vulkan: what `scratch` and `of_whole_batches` are the sums of. Absent: no operation of the device's.
  std::optional<vulkan::prealloc> kept = {}, kept_of_whole_batches = {};
};

/// Compute buffers, and what was decided on the way. "Per device": per card, if they are one device.
struct compute_buffers {
  std::vector<bytes> device;          ///< per device
  std::vector<bytes> at_first;        ///< the same, as the first prompt graph asks for it
  bytes host;                         ///< pinned host memory
  std::vector<bytes> adapter_growth;  ///< per device: by how much, once adapters are applied
  bytes adapter_growth_on_host;
  std::vector<bytes>
      growth;  ///< per device: by how much they grow from there until the cache is full
  bytes growth_on_host;
  /// Where graphs are ordered by addresses: per device what the engine projects, which gives caches none. `device`
  /// is the same then, and by how much a run's buffers are larger is a part of `growth`. Empty: no difference.
  std::vector<bytes> projected;
  bytes projected_on_host;
  std::vector<pool_need> pool;                         ///< per device
  std::vector<std::vector<pool_need>> pool_elsewhere;  ///< on other cards, see count_pools_on()
  std::array<bytes, 3> cpu_scratch = {};  ///< beside the host's, with each of cpu::n_threads
  bytes partial_sum;             ///< the largest that cards which are one device add up
  bool attends_on_host = false;  ///< attention of layers on devices
  /// A view of what the host computed is among the nodes of cards that are one device.
  bool views_host_results = false;
  ggml::decisions decided;  ///< which buffers of which graphs are the largest, and how each was planned
  bool flash_attn = false;  ///< after probing, if it was automatic
  bool pipelined = false;   ///< with copies of every input
  graph_shape prompt;       ///< graph of a full micro-batch
  graph_shape generation;   ///< graph of one token per sequence
};

}  // namespace vrambudget
