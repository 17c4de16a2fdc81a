// Qwen4 (experimental): delta nets and attention to blocks an index chooses, around hyper-connected
// streams with low-rank gates, and a table of n-grams beside one layer.
#pragma once

#include "vrambudget/arch/blocks/block_choice.hpp"
#include "vrambudget/arch/blocks/ngrams.hpp"
#include "vrambudget/arch/qwen3next.hpp"

namespace vrambudget::arch {

namespace detail {

/// Names of the tensors around one block.
struct gated_stream_names {
  tensor_name norm, down, up, inject;
};
inline constexpr gated_stream_names gated_attention_streams{"hc_attn_norm", "hc_attn_down",
                                                            "hc_attn_up", "hc_attn_inject"};
inline constexpr gated_stream_names gated_ffn_streams{"hc_ffn_norm", "hc_ffn_down", "hc_ffn_up",
                                                      "hc_ffn_inject"};
inline constexpr gated_stream_names gated_head_streams{"output_hc_norm", "output_hc_down",
                                                       "output_hc_up", "output_hc_inject"};

/// What a block reads, and the weight of its result in each stream before it is activated.
struct gated_block {
  tensor *input, *inject;
};

/// Source:   llama.cpp, src/models/qwen4exp.cpp: build_hc_mix
inline gated_block read_gated(builder& b, int il, tensor* streams,
                              const gated_stream_names& names) {
  const std::int64_t n_embd = streams->ne[0], hc = streams->ne[1], nt = streams->ne[2];
  tensor* normed = b.reshape(norm_streams(b, il, names.norm, streams), n_embd * hc, nt);
  tensor* low = b.mul_mat(b.require(il, names.down), normed);
  tensor* gate = b.mul_mat(b.require(il, names.up), b.silu(b.scale(low)));
  gated_block out{};
  if (b.cp.fused.hc_pre && il >= 0) {
    tensor* x = b.reshape(normed, n_embd, hc, nt);
    out.input = b.hc_pre_gated(x, b.reshape(gate, n_embd, hc, nt));
    builder::named(out.input, "hc_pre", il);
  } else {
    tensor* gated = b.reshape(b.mul(normed, b.sigmoid(gate)), n_embd, hc, nt);
    out.input = b.cont(stream(b, gated, 0));
    for (std::int64_t i = 1; i < hc; ++i) out.input = b.add(out.input, stream(b, gated, i));
    out.input = b.scale(out.input);
  }
  if (il >= 0) out.inject = b.mul_mat(b.require(il, names.inject), normed);
  return out;
}

/// Source:   llama.cpp, src/models/qwen4exp.cpp: build_hc_combine
inline tensor* write_gated(builder& b, int il, tensor* x, tensor* streams, tensor* inject) {
  tensor* weights = b.scale(b.sigmoid(b.scale(inject)));
  if (b.cp.fused.hc_post)
    return builder::named(b.hc_post(x, streams, weights, nullptr), "hc_post", il);
  const std::int64_t n_embd = streams->ne[0], hc = streams->ne[1], nt = streams->ne[2];
  weights = b.reshape(weights, 1, hc, nt);
  tensor* all = b.repeat(b.reshape(x, n_embd, 1, nt), {n_embd, hc, nt, 1});
  return b.add(streams, b.mul(all, weights));
}

}  // namespace detail

inline void build_qwen4exp(builder& b) {
  tensor* embeddings = b.token_embeddings();
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  tensor* out_ids = b.output_ids();
  tensor* ngrams = nullptr;
  if (b.hp.ple.n_heads > 0) b.expand(ngrams = ngram_embeddings(b));
  block_chooser choose(b, attention.mask());
  tensor* streams = start_streams(b, embeddings);

  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    const auto l = static_cast<std::uint32_t>(il);
    if (b.hp.is_ple(l)) streams = add_ngrams(b, rs, il, ngrams, streams);
    detail::gated_block block = detail::read_gated(b, il, streams, detail::gated_attention_streams);
    b.expand(block.input);
    tensor* y;
    if (b.hp.is_recr(l)) {
      y = delta_net(b, rs, il, detail::separate_inputs(b, il, block.input), false,
                    {.sigmoid_gate = true, .copies_states = true});
    } else {
      attention_options o{.project = false};
      if (b.hp.indexer.head_size > 0 && b.hp.indexer.block_arr[l] > 0) {
        tensor* cells = choose(il, block.input, pos);
        o.n_kv_max = cells->ne[0];
        o.mask = mask_all_but(b, attention.mask(), cells, ggml_type::f32);
      }
      y = detail::gated_attention(b, attention, il, block.input, pos, false, o);
    }
    if (il == n_layer - 1) {
      y = b.get_rows(y, out_ids);
      block.inject = b.get_rows(block.inject, out_ids);
      streams = pick_rows(b, streams, out_ids);
    }
    streams = detail::write_gated(b, il, y, streams, block.inject);

    block = detail::read_gated(b, il, streams, detail::gated_ffn_streams);
    y = detail::gated_experts(b, il, block.input);
    streams = b.last_of_layer(il, detail::write_gated(b, il, y, streams, block.inject));
  }
  b.embd = detail::read_gated(b, -1, streams, detail::gated_head_streams).input;
  b.finish_logits();
}

}  // namespace vrambudget::arch
