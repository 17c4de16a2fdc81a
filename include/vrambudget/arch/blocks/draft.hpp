// The head of drafts that may have no output matrix, or a smaller vocabulary, of their own.
#pragma once

#include "vrambudget/arch/blocks/attention.hpp"

namespace vrambudget::arch {

/// Logits of `x`; those of a smaller vocabulary are put in their places among all tokens.
///
/// Source:   llama.cpp, src/models/eagle3.cpp, dflash.cpp
inline void finish_draft_logits(builder& b, tensor* x) {
  const bool own = b.has(-1, "output") || b.has(-1, "token_embd");
  tensor* y = b.mul_mat(own ? b.output_matrix() : b.require(-1, "target.output"), x);
  if (tensor* s = b.weight(-1, "output", ".scale")) y = b.mul(y, s);
  if (tensor* ids = b.weight(-1, "d2t", "")) {
    const std::int64_t n = y->ne[0], rows = y->ne[1], n_vocab = b.hp.n_vocab;
    tensor* all = b.fill(b.get_graph().make(ggml_type::f32, 1, n_vocab, rows));
    all = b.set_rows(all, b.reshape(y, 1, n, rows), b.reshape(ids, n, 1, 1));
    y = b.reshape(all, n_vocab, rows);
  }
  b.logits = builder::named(y, "result_output", -1);
  b.expand(b.logits);
}

}  // namespace vrambudget::arch
