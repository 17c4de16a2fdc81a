// What an encoder of a projector takes: its tensors, and the buffers of its own scheduler for images of
// given sizes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/arch/encoders/registry.hpp"
#include "vrambudget/engine/cpu.hpp"
#include "vrambudget/engine/cuda.hpp"
#include "vrambudget/engine/device.hpp"
#include "vrambudget/engine/projector.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/ggml/scheduler.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/graph_scratch.hpp"
#include "vrambudget/memory/weights.hpp"

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
                  const projector_run& r = {}, const engine::rules& rules = {})
      : encoder_(e),
        on_device_(on != nullptr),
        flash_attn_(r.flash_attn),
        rules_(rules),
        cuda_(0, on ? on->cc : 0, 2, rules_),
        card_{on ? on->cc : 0, on && on->n_sm ? on->n_sm : most_sm} {
    if (on) backends_.push_back(&cuda_);
    backends_.push_back(&cpu_);
    // on the first backend, which is the host's if there is no other
    for (const model_tensor& t : p.tensors) weights_.add(t.name, weight_tensor(t, 0));
    tensors_ = &p.tensors;
  }
  encoder_planner(const encoder_planner&) = delete;
  encoder_planner& operator=(const encoder_planner&) = delete;

  /// Makes room for `in`, and says what all inputs so far need.
  ///
  /// Formula:  per buffer: max over all graphs of the highest byte used; if flash attention is
  ///           automatic, the first graph is tried with it, and without if the device lacks a kernel
  /// Errors:   unsupported       no description of this type
  ///           invalid_argument  the engine cannot build this graph
  /// Source:   llama.cpp v0.5.0, tools/mtmd/clip.cpp: warmup, reserve_compute_meta
  [[nodiscard]] result<encoder_buffers> reserve(const encoder_input& in) {
    const arch::encoders::description* d = arch::encoders::find_description(encoder_.type->name);
    if (!d)
      return error{errc::unsupported, "no graph description for projector type '" +
                                          std::string(encoder_.type->name) + "'"};
    ggml::scheduler sched(backends_, 1, true);
    const bool automatic = flash_attn_ == flash_attn::automatic;
    out_.flash_attn = flash_attn_ != flash_attn::off;
    if (auto e = place(sched, *d, in); !e.message.empty()) return e;
    if (automatic && lacks_flash_attn()) {
      out_.flash_attn = false;
      if (auto e = place(sched, *d, in); !e.message.empty()) return e;
    }
    flash_attn_ = out_.flash_attn ? flash_attn::on : flash_attn::off;
    out_.pool = {};
    if (on_device_) raise_pool(out_.pool, graph_, sched, 0, card_, rules_);
    return out_;
  }

  /// The tensors that are loaded: known after the first `reserve`.
  ///
  /// Formula:  sum of pad(alloc size, 128 on CUDA, 32 on the host)
  [[nodiscard]] bytes weights() const {
    bytes sum;
    for_loaded([&](const model_tensor& t) { sum += weight_size(t, on_device_); });
    return sum;
  }
  /// Their data without any padding, which is what the engine reports.
  [[nodiscard]] bytes weights_reported() const {
    bytes sum;
    for_loaded([&](const model_tensor& t) { sum += t.size; });
    return sum;
  }
  /// The graph that was placed last.
  [[nodiscard]] const ggml::graph& last_graph() const { return graph_; }

 private:
  template <class F>
  void for_loaded(const F& f) const {
    for (const model_tensor& t : *tensors_)
      if (weights_.is_loaded(t.name)) f(t);
  }

  error place(ggml::scheduler& sched, const arch::encoders::description& d,
              const encoder_input& in) {
    graph_.clear();
    arch::encoders::builder b(graph_, encoder_, weights_, in, out_.flash_attn);
    arch::encoders::build_graph(d, b);
    constexpr std::size_t most_tensors = 8192;
    if (graph_.nodes().size() > most_tensors || graph_.leafs().size() > most_tensors)
      graph_.fail("its graph has more than 8192 nodes");
    if (graph_.failure().empty()) sched.split_graph(graph_);
    if (!graph_.failure().empty())
      return {errc::invalid_argument, "the engine cannot run this: " + graph_.failure()};
    out_.graph = {static_cast<std::uint32_t>(graph_.nodes().size()),
                  static_cast<std::uint32_t>(sched.splits().size())};
    out_.n_embd_out = b.reported_width > 0 ? b.reported_width : b.output->ne[0];
    out_.n_tokens = b.output->ne[1];
    sched.plan_buffers(graph_);
    if (on_device_) out_.device = std::max(out_.device, bytes{sched.buffer_size(0)});
    out_.host = std::max(out_.host, bytes{sched.buffer_size(backends_.size() - 1)});
    return {};
  }

  [[nodiscard]] bool lacks_flash_attn() const {
    return std::any_of(graph_.nodes().begin(), graph_.nodes().end(), [&](const ggml::tensor* t) {
      return t->op == ggml::op::flash_attn_ext && !backends_.front()->supports_op(*t);
    });
  }

  static constexpr std::uint32_t most_sm = 192;  ///< of a card that is not known better
  const encoder& encoder_;
  bool on_device_;
  enum flash_attn flash_attn_;
  engine::rules rules_;
  engine::cuda_backend cuda_;
  engine::cpu_backend cpu_;
  engine::cuda_card card_;
  std::vector<const ggml::backend*> backends_;
  const std::vector<model_tensor>* tensors_ = nullptr;
  arch::encoder_weights weights_;
  ggml::graph graph_;
  encoder_buffers out_;
};

}  // namespace vrambudget
