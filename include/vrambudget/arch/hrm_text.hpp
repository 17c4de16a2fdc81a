// HRM-Text: two stacks that run alternately over the same tokens, the low one several times per cycle.
// All norms are without weights.
#pragma once

#include "vrambudget/arch/spark2_5.hpp"

namespace vrambudget::arch {

namespace detail {
/// One pass of a stack, whose first layer is `first`.
inline tensor* hrm_pass(builder& b, attention_input& attention, tensor* pos, tensor* stream,
                        int first) {
  for (int i = 0; i < static_cast<int>(b.hp.hrm.n_layers_per_stack); ++i) {
    const int il = first + i;
    tensor* x = b.rms_norm(stream);
    qkv y = project_qkv(b, il, x);
    rotate_positions(b, y, pos);
    stream = b.add(sigmoid_gated(b, attention, il, x, y), stream);
    stream = builder::named(b.add(ffn(b, il, b.rms_norm(stream)), stream), "l_out", il);
  }
  return b.rms_norm(stream);
}
}  // namespace detail

/// Source: llama.cpp, src/models/hrm-text.cpp: graph
inline void build_hrm_text(builder& b) {
  tensor* high = b.token_embeddings();
  tensor* pos = b.positions();
  attention_input attention(b);
  tensor* low = b.require(-1, "hrm.z_l_init", "");
  int first = 0;
  const auto pass = [&] {
    tensor* stream = detail::hrm_pass(b, attention, pos, b.add(high, low), first);
    first += static_cast<int>(b.hp.hrm.n_layers_per_stack);
    return stream;
  };
  for (std::uint32_t h = 0; h < b.hp.hrm.n_h_cycles; ++h) {
    for (std::uint32_t l = 0; l < b.hp.hrm.n_l_cycles; ++l) low = pass();
    high = pass();
  }
  b.embd = b.get_rows(high, b.output_ids());
  b.finish_logits();
}

}  // namespace vrambudget::arch
