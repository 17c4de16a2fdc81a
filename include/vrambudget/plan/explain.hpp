// Why each term is what it is: formulas with this model's numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {

/// Sentences about the terms of one run.
class explainer {
 public:
  explainer(const model& m, const context_params& cp, const memory_layout& layout,
            const placement& where)
      : model_(m), cp_(cp), layout_(layout), where_(where) {}

  [[nodiscard]] std::string weights(const vrambudget::weights& w, int backend) const {
    const auto n = std::count_if(w.all.begin(), w.all.end(),
                                 [&](const placed_weight& p) { return p.backend == backend; });
    const std::string align = backend == where_.host() ? "32" : "128";
    return text(static_cast<std::uint64_t>(n)) + " tensors, each padded to " + align + " bytes";
  }

  [[nodiscard]] std::string kv_cache(int backend) const {
    std::string s;
    for (const vrambudget::kv_cache& c : layout_.caches) {
      const auto here = [&](const kv_layer& l) { return l.backend == backend; };
      const auto n = std::count_if(c.layers.begin(), c.layers.end(), here);
      if (n == 0 || c.borrowed) continue;
      const kv_layer& first = *std::find_if(c.layers.begin(), c.layers.end(), here);
      if (!s.empty()) s += "; ";
      s += std::string(name(c.kind)) + ": " + text(static_cast<std::uint64_t>(n)) + " layers x " +
           text(std::uint64_t{c.n_cell} * c.n_stream) + " cells x (K " +
           row(c.type_k, first.k_width);
      if (first.v_width) s += " + V " + row(c.type_v, first.v_width);
      s += ")";
    }
    return s;
  }

  [[nodiscard]] std::string recurrent_state(int backend) const {
    if (!layout_.recurrent || layout_.recurrent->layers.empty()) return {};
    const vrambudget::recurrent_state& r = *layout_.recurrent;
    const auto n = std::count_if(r.layers.begin(), r.layers.end(),
                                 [&](const recurrent_layer& l) { return l.backend == backend; });
    return text(static_cast<std::uint64_t>(n)) + " layers x " + text(r.n_rows) + " states x 4 x (" +
           text(r.layers[0].n_embd_r) + " convolution + " + text(r.layers[0].n_embd_s) +
           " recurrence)";
  }

  [[nodiscard]] std::string compute_buffer(const compute_buffers& c) const {
    if (c.prompt.n_nodes == 0) return "a bound for " + text(cp_.n_ubatch) + " tokens";
    return "highest byte of a simulated graph of " + text(c.prompt.n_nodes) + " nodes in " +
           text(c.prompt.n_splits) + " splits, " + text(std::min(cp_.n_ctx, cp_.n_ubatch)) +
           " tokens, " + text(cp_.n_outputs_max) + " rows of logits";
  }

  [[nodiscard]] std::string pool(const compute_buffers& c, std::size_t device) const {
    if (c.pool.empty()) return "a ceiling for " + text(cp_.n_ubatch) + " tokens";
    const pool_need& need = c.pool[device];
    return (need.by.empty() ? "no operation draws scratch" : "scratch of " + need.by) +
           (need.cublas ? ", and cuBLAS's workspace" : "") +
           (device < c.growth.size() && c.growth[device].count
                ? "; compute buffers grow with the cache's contents"
                : "");
  }

  [[nodiscard]] std::string output_buffer() const {
    return "4 x " + text(cp_.n_seq_max) + " rows x " + text(model_.hp.n_vocab) + " logits";
  }

 private:
  template <class Integer>
  static std::string text(Integer n) {
    return std::to_string(n);
  }
  static std::string row(ggml_type t, std::uint64_t width) {
    return text(width) + " of " + std::string(traits(t).name) + " = " +
           text(row_size(t, width).count);
  }

  const model& model_;
  const context_params& cp_;
  const memory_layout& layout_;
  const placement& where_;
};

}  // namespace vrambudget
