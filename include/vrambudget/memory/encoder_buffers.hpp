// What an encoder of a projector takes: its tensors, and the buffers of its own scheduler for images of
// given sizes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/arch/encoders/input.hpp"
#include "vrambudget/arch/encoders/weights.hpp"
#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/pool.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/ggml/scheduler.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/device_backend.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget::arch::encoders {
struct description;
}

namespace vrambudget {

/// Compute buffers of an encoder; they only grow.
struct encoder_buffers {
  bytes device;                 ///< zero without a device
  bytes host;                   ///< not pinned
  bool flash_attn = false;      ///< whether it is used in the end
  graph_shape graph;            ///< the last one
  std::int64_t n_tokens = 0;    ///< rows the text model gets, of one image
  std::int64_t n_embd_out = 0;  ///< their width, as the engine reports it
  pool_need pool;               ///< scratch of the device's kernels over the last input
};

/// Simulates one encoder. Like the engine's it keeps its buffers from image to image.
class encoder_planner {
 public:
  /// `on`: null: the host.
  encoder_planner(const projector& p, const encoder& e, const device* on,
                  const projector_run& r = {}, const engine_rules& rules = {});
  encoder_planner(const encoder_planner&) = delete;
  encoder_planner& operator=(const encoder_planner&) = delete;

  /// Makes room for `in`, and says what all inputs so far need.
  ///
  /// Formula:  per buffer: max over all graphs of the highest byte used; if flash attention is
  ///           automatic, the first graph is tried with it, and without if the device lacks a kernel
  /// Errors:   unsupported       no description of this type
  ///           invalid_argument  the engine cannot build this graph
  /// Source:   llama.cpp, tools/mtmd/clip.cpp: warmup, reserve_compute_meta
  [[nodiscard]] result<encoder_buffers> reserve(const encoder_input& in);

  /// The tensors that are loaded: known after the first `reserve`.
  ///
  /// Formula:  sum of pad(alloc size, 128 on CUDA, 32 on the host)
  [[nodiscard]] bytes weights() const;
  /// Their data without any padding, which is what the engine reports.
  [[nodiscard]] bytes weights_reported() const;
  /// Whether several images of one size go through at once.
  [[nodiscard]] bool batches() const;
  /// The graph that was placed last.
  [[nodiscard]] const ggml::graph& last_graph() const { return graph_; }

 private:
  template <class F>
  void for_loaded(const F& f) const {
    for (const model_tensor& t : *tensors_)
      if (weights_.is_loaded(t.name)) f(t);
  }

  result<void> place(ggml::scheduler& sched, const arch::encoders::description& d,
                     const encoder_input& in);

  [[nodiscard]] bool lacks_flash_attn() const;

  const encoder& encoder_;
  enum flash_attn flash_attn_;
  engine_rules rules_;
  std::vector<device> on_;  ///< the device, if it is on one
  std::unique_ptr<ggml::backend> of_device_;
  cpu::backend cpu_;
  drawing_device drawing_;
  std::vector<const ggml::backend*> backends_;
  const std::vector<model_tensor>* tensors_ = nullptr;
  arch::encoder_weights weights_;
  ggml::graph graph_;
  encoder_buffers out_;
};

}  // namespace vrambudget
