// The compute buffers of a context: the engine's graphs are built with shapes only, scheduled over the
// devices and placed, and the highest byte of each buffer is its size.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/arch/weight_table.hpp"
#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/pool.hpp"
#include "vrambudget/backends/meta/backend.hpp"
#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/ggml/scheduler.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/adapters.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/device_backend.hpp"
#include "vrambudget/memory/graph_observer.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/sliced_node.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::arch {
struct description;
struct ubatch;
}  // namespace vrambudget::arch

namespace vrambudget {

/// Simulates the engine's graphs for one model on one placement. Kept for many contexts of the same
/// model, it reuses its memory.
class graph_planner {
 public:
  /// `slicer`: of the devices, if they are one; null: each is its own. It must outlive this.
  graph_planner(const model& m, const placement& place, const weights& placed,
                std::span<const device> devices, const run& r,
                const tensor_slicer* slicer = nullptr);
  /// Lets a draft's graphs read the target's embeddings and output matrix, which it may share.
  void borrow_from(const model& target, const weights& placed, const placement& where);
  /// Lets graphs of the model's context have what adapters add, once these are applied. `apply`: they are,
  /// and not only loaded.
  void adapt(const placed_adapters& all, bool apply);
  /// Keeps what goes into these layers until the graph's end, for a draft that reads it.
  void keep_layer_inputs(std::vector<std::uint32_t> layers) { read_layers_ = std::move(layers); }

  /// Counts the pools of other devices in these ones' places too, whose graphs are the same.
  void count_pools_on(std::span<const device> others) { elsewhere_.push_back(drawing(others)); }

  graph_planner(const graph_planner&) = delete;
  graph_planner& operator=(const graph_planner&) = delete;

  /// The compute buffers of a context.
  ///
  /// Formula:  per buffer: max over the prompt and the generation graph of the highest byte used, and
  ///           for some architectures over a prompt of one sequence; adapters are applied after that,
  ///           and what the same graphs with them need more is their growth
  /// Errors:   unsupported       no description for this architecture
  ///           invalid_argument  the engine cannot build or place this graph
  /// Accuracy: exact
  /// Source:   llama.cpp, src/llama-context.cpp: sched_reserve, resolve_fused_ops, graph_reserve
  [[nodiscard]] result<compute_buffers> plan(context_params cp, const memory_layout& memory,
                                             const graph_observer& seen = {});

 private:
  /// Whether a context has the graph of the NextN layers alone.
  [[nodiscard]] bool is_nextn(const context_params& cp) const {
    return cp.kind == context_kind::mtp && model_.hp.n_layer() > 0;
  }

  /// Builds the graph of `ub` and splits it; its nodes are tied to the devices of their layers where the
  /// engine does so, or not at all.
  result<void> split(ggml::scheduler& sched, const arch::description& d, const context_params& cp,
                     const memory_layout& memory, const arch::ubatch& ub, bool tied = true);

  /// What a backend's buffer takes after the graph that was split last: if one of its pieces must be larger, all
  /// are made anew.
  /// Source: llama.cpp, ggml/src/ggml-alloc.c: ggml_gallocr_reserve_n_impl
  [[nodiscard]] bytes reserved(const ggml::scheduler& sched, int backend,
                               ggml::decisions& decided);

  /// The tokens of a full micro-batch.
  [[nodiscard]] static arch::ubatch prompt_of(const context_params& cp);

  /// Raises the buffers of `out` to what the graphs of a context need, whose graph of one token a
  /// sequence was split last.
  result<void> reserve_all(ggml::scheduler& sched, compute_buffers& out, const arch::description& d,
                           const context_params& cp, const memory_layout& memory,
                           const graph_observer& seen = {});

  /// Adds to `out` by how much the graphs exceed those that were reserved, once adapters are applied.
  result<void> add_adapters(compute_buffers& out, const arch::description& d,
                            const context_params& cp, const memory_layout& memory,
                            const graph_observer& seen);

  /// Lets devices order graphs as in the engine's projection without memory, or as in a run.
  void set_projecting(bool on, bool same_graph = false);
  /// Keeps in `out` what the projection has of the prompt's graph, which was planned last: the same, unless its
  /// order depends on addresses, or nodes that are not tied to their layers may lie elsewhere.
  result<void> add_projection(ggml::scheduler& sched, compute_buffers& out,
                              const arch::description& d, const context_params& cp,
                              const memory_layout& memory);
  /// Makes the buffers of `out` the projection's, and what they are larger by a part of their growth.
  static void tell_projection(compute_buffers& out);

  /// Of a device that computes all but what the host looks up.
  static constexpr std::size_t splits_of_one = 2;
  [[nodiscard]] graph_shape shape_of(const ggml::scheduler& sched) const;
  /// Whether the graph that was split last, of one token a sequence, is small beside the prompt's in each buffer.
  /// Only asked where buffers are told as projected, which this graph is no part of.
  [[nodiscard]] bool is_dwarfed(const ggml::scheduler& sched, std::int64_t n_seqs,
                                std::int64_t n_tokens) const;

  /// Raises the buffers of `out` to what the graph that was split last needs.
  graph_shape reserve(ggml::scheduler& sched, compute_buffers& out, bool one_sequence);

  /// Raises the pools of `out` to what one sequence alone draws. No buffer is made for its graph, which
  /// therefore cannot fail.
  void draw(ggml::scheduler& sched, compute_buffers& out, const arch::description& d,
            const context_params& cp, const memory_layout& memory, const arch::ubatch& ub);

  /// Adds to `out` by how much the graphs of a full cache exceed those that were reserved.
  result<void> add_growth(ggml::scheduler& sched, compute_buffers& out, const arch::description& d,
                          context_params cp, const memory_layout& memory,
                          std::initializer_list<arch::ubatch> batches);

  /// Raises the pools of `out` to what the operations of the graph that was split last draw.
  void add_pools(const ggml::scheduler& sched, compute_buffers& out, bool one_sequence) const;
  /// Raises what the CPU takes beside its buffer to what the graph that was split last needs.
  void add_cpu_scratch(const ggml::scheduler& sched, compute_buffers& out) const;
  /// The nodes that draw on card `i`.
  [[nodiscard]] std::vector<const ggml::tensor*> nodes_on(std::size_t i,
                                                          const ggml::scheduler& sched,
                                                          std::deque<sliced_node>& slices) const;
  /// Whether these cards add up results by CUDA's own scratch.
  [[nodiscard]] static bool adds_halves(std::span<const drawing_device> cards);
  /// Results in that graph of which each card has a part: the largest, and the largest that cards add up,
  /// for which each adds up its experts' first.
  struct partial_results {
    bytes largest, added;
  };
  [[nodiscard]] partial_results partial_sums() const;

  /// The engine's table of a graph's tensors has a fixed size; a graph that outgrows it aborts.
  /// Source: llama.cpp, src/llama-context.cpp: graph_max_nodes; ggml/src/ggml.c: ggml_hash_size
  void check_table(const arch::description& d, std::uint64_t n_tokens, const memory_layout& memory);

  /// Operations that are tried on the generation graph, in this order, and what says they are used.
  [[nodiscard]] std::vector<std::pair<ggml::op, bool*>> probed_ops(context_params& cp) const;
  /// They stay in use only if each runs on its layer's device.
  [[nodiscard]] bool stays_on_layers(ggml::op op) const;
  /// Whether a view of what the host computed is among the nodes of cards that are one device.
  [[nodiscard]] bool views_host_results(const ggml::scheduler& sched) const;

  /// Copies of each input: four with pipeline parallelism, else one.
  [[nodiscard]] std::uint32_t n_copies(const context_params& cp) const;

  [[nodiscard]] static std::vector<drawing_device> drawing(std::span<const device> devices) {
    std::vector<drawing_device> all;
    for (const device& d : devices) all.push_back(drawing_device_of(d));
    return all;
  }

  void add_weight(const model_tensor& t, const placed_weight& w, std::string_view known_as);

  const model& model_;
  const placement& place_;
  arch::weight_table weights_;
  std::uint64_t n_tensors_, n_pairs_ = 0;
  bool is_adapted_ = false;
  engine_rules rules_;
  bool op_offload_, may_pipeline_;
  cpu_variant cpu_variant_;                      ///< whose kernels run on the host
  bool draws_pools_;                             ///< kernels draw scratch, and it is known what
  bool tells_projection_;                        ///< see orders_by_address()
  std::vector<std::unique_ptr<ggml::backend>> devices_;
  std::optional<meta::backend> meta_;  ///< of all of them, if they are one device
  std::optional<node_slicer> slicer_;
  std::vector<drawing_device> cards_;
  std::vector<std::vector<drawing_device>> elsewhere_;
  cpu::backend cpu_;
  bytes host_tail_;  ///< of each buffer of the host
  /// Pieces of each backend's buffer, as they were reserved last.
  std::vector<std::vector<std::uint64_t>> reserved_;
  std::vector<const ggml::backend*> backends_;
  ggml::graph graph_;
  std::vector<ggml::tensor*> built_;  ///< the prompt's nodes in the order in which it was split
  std::vector<std::uint32_t> read_layers_;
};

}  // namespace vrambudget
