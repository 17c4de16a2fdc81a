// How an encoder is simulated; see encoder_buffers.hpp.
#pragma once

#include <algorithm>

#include "vrambudget/arch/encoders/registry.hpp"
#include "vrambudget/memory/encoder_buffers.hpp"
#include "vrambudget/memory/graph_scratch.hpp"

namespace vrambudget {

encoder_planner::encoder_planner(const projector& p, const encoder& e, const device* on,
                                 const projector_run& r, const engine_rules& rules)
    : encoder_(e),
      flash_attn_(r.flash_attn),
      rules_(rules),
      on_(on ? std::vector{*on} : std::vector<device>{}),
      of_device_(on ? backend_of(*on, 0, 2, rules_) : nullptr),
      cpu_(host_buffers_of(on_)),
      drawing_(on ? drawing_device_of(*on) : drawing_device{}) {
  if (on) backends_.push_back(of_device_.get());
  backends_.push_back(&cpu_);
  // on the first backend, which is the host's if there is no other
  for (const model_tensor& t : p.tensors) weights_.add(t.name, weight_tensor(t, 0));
  tensors_ = &p.tensors;
}

result<encoder_buffers> encoder_planner::reserve(const encoder_input& in) {
  const arch::encoders::description* d = arch::encoders::find_description(*encoder_.type);
  if (!d)
    return error{errc::unsupported, "no graph description for projector type '" +
                                        std::string(encoder_.type->name) + "'"};
  ggml::scheduler sched(backends_, 1, true);
  const bool automatic = flash_attn_ == flash_attn::automatic;
  out_.flash_attn = flash_attn_ != flash_attn::off;
  if (const auto ok = place(sched, *d, in); !ok) return ok.error();
  if (automatic && lacks_flash_attn()) {
    out_.flash_attn = false;
    if (const auto ok = place(sched, *d, in); !ok) return ok.error();
  }
  flash_attn_ = out_.flash_attn ? flash_attn::on : flash_attn::off;
  out_.pool = {};
  if (of_device_ && knows_scratch(on_))
    raise_pool(out_.pool, drawing_nodes(graph_, sched, 0, drawing_), drawing_, rules_, true);
  return out_;
}

bytes encoder_planner::weights() const {
  bytes sum;
  const ggml::buffer_type in = on_.empty() ? cpu::buffers : buffers_of(on_.front());
  for_loaded([&](const model_tensor& t) { sum += weight_size(t, in); });
  return sum;
}

bytes encoder_planner::weights_reported() const {
  bytes sum;
  for_loaded([&](const model_tensor& t) { sum += t.size; });
  return sum;
}

bool encoder_planner::batches() const {
  const arch::encoders::description* d = arch::encoders::find_description(*encoder_.type);
  return d && d->batches;
}

result<void> encoder_planner::place(ggml::scheduler& sched, const arch::encoders::description& d,
                                    const encoder_input& in) {
  graph_.clear();
  arch::encoders::builder b(graph_, encoder_, weights_, in, out_.flash_attn);
  arch::encoders::build_graph(d, b);
  constexpr std::size_t most_tensors = 8192;
  if (graph_.nodes().size() > most_tensors || graph_.leafs().size() > most_tensors)
    graph_.fail("its graph has more than 8192 nodes");
  if (graph_.status()) sched.split_graph(graph_);
  if (const auto built = graph_.status(); !built)
    return in_context("the engine cannot run this", built.error());
  out_.graph = {static_cast<std::uint32_t>(graph_.nodes().size()),
                static_cast<std::uint32_t>(sched.splits().size())};
  out_.n_embd_out = b.reported_width > 0 ? b.reported_width : b.output->ne[0];
  out_.n_tokens = b.output->ne[1];
  sched.plan_buffers(graph_);
  if (of_device_) out_.device = std::max(out_.device, bytes{sched.buffer_size(0)});
  out_.host = std::max(out_.host, bytes{sched.buffer_size(backends_.size() - 1)});
  return {};
}

bool encoder_planner::lacks_flash_attn() const {
  return std::any_of(graph_.nodes().begin(), graph_.nodes().end(), [&](const ggml::tensor* t) {
    return t->op == ggml::op::flash_attn_ext && !backends_.front()->supports_op(*t);
  });
}

}  // namespace vrambudget
