// Encoders with a norm before each branch: ModernBERT and NeoBERT. EuroBERT is in qwen.hpp.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/pooling.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
/// Gate and up are the two halves of one matrix. Gives what attends, for layers that follow.
inline uncached_attention build_fused_encoder(builder& b, decoder d) {
  d.logits = false;
  tensor* pos = b.positions();
  uncached_attention attention(b);
  build_decoder(
      b, d,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, activation::gated_halves); });
  return attention;
}

/// One score of a token for a type of question: layers without positions over the encoder's result, to
/// which the type's row is added, then the scorer.
///
/// Shape:    hidden [n_embd, tokens]; result [1, outputs]
inline tensor* scores_of_type(builder& b, uncached_attention& attention, tensor* hidden,
                              tensor* out_ids, std::uint64_t type) {
  tensor* types = b.require(-1, "token_types");
  const int n_layer = static_cast<int>(b.hp.n_layer());
  tensor* stream = b.add(hidden, b.view_1d(types, b.hp.n_embd, type * types->nb[1]));
  for (int il = n_layer - static_cast<int>(b.hp.decision.n_layer_joint); il < n_layer; ++il) {
    tensor* y = attention(il, project_qkv(b, il, b.layer_norm_of(il, "attn_norm", stream)));
    const last_rows pick(b, il == n_layer - 1 ? out_ids : nullptr);
    y = pick(y);
    stream = b.add(y, pick(stream));
    y = ffn(b, il, b.layer_norm_of(il, "ffn_norm", stream), activation::relu);
    stream = b.add(y, stream);
  }
  stream = biased(b, "cls", b.layer_norm_of(-1, "cls.norm", stream));
  return biased(b, "cls.output", b.gelu_erf(stream));
}

/// Scores of all types of questions: which is asked is no input of the graph.
///
/// Source:   llama.cpp, src/models/modern-bert.cpp: build_decision_head
inline void add_decision_head(builder& b, uncached_attention& attention) {
  tensor* out_ids = b.output_ids();
  tensor* scores = nullptr;
  for (std::uint64_t type = 0; type < b.hp.n_embd_out(); ++type) {
    tensor* of_type = scores_of_type(b, attention, b.embd, out_ids, type);
    scores = scores ? b.concat(scores, of_type, 0) : of_type;
  }
  b.embd = scores;
  b.expand(scores);
}
}  // namespace detail

/// Windows in two layers of three; decision models have a head of layers without them.
inline void build_modern_bert(builder& b) {
  const std::uint32_t n_head_layer = b.hp.decision.n_layer_joint;
  uncached_attention attention = detail::build_fused_encoder(b, {.norm = norm_kind::layer,
                                                                 .embd_norm = true,
                                                                 .bare_first = true,
                                                                 .n_head_layer = n_head_layer});
  if (n_head_layer > 0) detail::add_decision_head(b, attention);
}

inline void build_neo_bert(builder& b) {
  detail::build_fused_encoder(b, {.output_norm = "enc.output_norm"});
}

}  // namespace vrambudget::arch
