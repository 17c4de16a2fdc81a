// Granite Speech's encoder: a conformer over blocks of frames, and a Q-Former that asks windows of its
// output a few questions each.
#pragma once

#include <algorithm>

#include "vrambudget/arch/encoders/blocks/attention.hpp"
#include "vrambudget/arch/encoders/blocks/conformer.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Frames in whole blocks, each of which sees itself.
struct frame_blocks {
  std::int64_t size, n;   ///< frames of a block, blocks
  tensor* distances;      ///< [size * size]
  tensor* mask;           ///< null: the last block is full
  std::int64_t n_frames;  ///< without those that fill the last one
  [[nodiscard]] std::int64_t padded() const { return size * n; }
};

inline tensor* granite_speech_attention(builder& b, int il, tensor* x, const frame_blocks& blocks) {
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  const std::int64_t missing = blocks.padded() - blocks.n_frames;
  if (missing > 0) x = b.pad_all(x, {0, missing, 0, 0});
  const auto heads = [&](const char* name) {
    tensor* y = b.product(b.require(named(name)), x);
    return b.reshape(y, b.n_embd_head, b.n_head, blocks.size, blocks.n);
  };
  tensor *q = heads("attn_q.weight"), *k = heads("attn_k.weight"), *v = heads("attn_v.weight");
  k = b.cont(b.permute(k, {0, 2, 1, 3}));
  tensor* scores = b.mul_mat(k, b.permute(q, {0, 2, 1, 3}));
  tensor* p = b.get_rows(b.require(named("attn_rel_pos_emb")), blocks.distances);
  p = b.reshape(p, b.n_embd_head, blocks.size, blocks.size);
  p = b.reshape(p, b.n_embd_head, blocks.size, 1, blocks.size);
  p = b.mul_mat(p, b.permute(q, {0, 1, 3, 2}));
  scores = b.add(scores, b.cont(b.permute(p, {0, 2, 3, 1})));
  scores = b.soft_max(scores, blocks.mask);
  tensor* y = b.mul_mat(b.cont(b.permute(v, {1, 2, 0, 3})), scores);
  y = b.cont(b.permute(y, {0, 2, 1, 3}), b.n_embd, blocks.padded());
  if (missing > 0) y = b.view_2d(y, b.n_embd, blocks.n_frames, y->nb[1], 0);
  return b.linear(named("attn_out"), y);
}

inline tensor* granite_speech_convolution(builder& b, int il, tensor* x) {
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  const std::int64_t zeros = b.hp.conv_kernel_size / 2;
  x = gated_columns(b, b.linear(named("conv_pw1"), x));
  x = conv_over_time(b, b.require(named("conv_dw.weight")), x, zeros, zeros);
  x = b.mul(x, b.require(named("conv_norm.weight")));
  x = b.silu(b.add(x, b.require(named("conv_norm.bias"))));
  return b.linear(named("conv_pw2"), x);
}

/// Questions to windows [width, window_size, windows], answered by attention.
inline tensor* ask_windows(builder& b, tensor* windows) {
  constexpr norm_kind kind = norm_kind::layer;
  constexpr int n_layer = 2;
  const std::int64_t n_head = b.hp.proj_head_count, n_window = windows->ne[2];
  const std::int64_t n_query = b.hp.proj_window_size / b.hp.proj_downsample_rate;
  b.require_that(n_query > 0 && b.n_embd % n_head == 0, "questions and heads of windows");
  tensor* x = b.norm_of(kind, "a.proj_norm", b.require("a.proj_query"));
  x = b.repeat(b.reshape(x, b.n_embd, n_query), {b.n_embd, n_query, n_window, 1});
  for (int il = 0; il < n_layer; ++il) {
    const auto named = [&](const std::string& name) {
      return "a.proj_blk." + std::to_string(il) + "." + name;
    };
    const auto attend = [&](const std::string& of, tensor* seen) {
      const auto heads = [&](const char* name, tensor* t) {
        t = b.linear(named(of + name), t);
        return b.reshape(t, b.n_embd / n_head, n_head, t->ne[1], n_window);
      };
      const attention_inputs in{heads("_attn_q", x), heads("_attn_k", seen),
                                heads("_attn_v", seen)};
      tensor* y = attention(b, b.require(named(of + "_attn_out.weight")),
                            b.weight(named(of + "_attn_out.bias")), in);
      y = b.add(b.reshape(y, b.n_embd, n_query, n_window), x);
      return b.norm_of(kind, named(of + "_attn_norm"), y);
    };
    x = attend("self", x);
    x = attend("cross", windows);
    tensor* y = ffn(b, two_layers(b, named("ffn_up"), named("ffn_down")), x);
    x = b.norm_of(kind, named("ffn_norm"), b.add(y, x));
  }
  return b.linear("a.proj_linear", b.reshape(x, b.n_embd, n_query * n_window));
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/granite-speech.cpp
inline void build_granite_speech(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n_frames = b.in.nx, size = b.hp.chunk_size;
  const auto& taken = b.hp.feature_layers;
  const auto takes = [&](int il) {
    return std::find(taken.begin(), taken.end(), static_cast<std::uint32_t>(il)) != taken.end();
  };
  detail::frame_blocks blocks{size, (n_frames + size - 1) / size,
                              b.input("attn_dists", ggml_type::i32, size * size), nullptr,
                              n_frames};
  if (n_frames % size > 0)
    blocks.mask = b.get_graph().make_input("attn_mask", ggml_type::f32, size, size, 1, blocks.n);

  tensor* x = b.linear("a.input_projection", b.cont(b.transpose(b.raw_input(1))));
  tensor* features = takes(0) ? x : nullptr;
  for (int il = 0; il < b.n_layer; ++il) {
    x = conformer_layer(
        b, il, kind, x,
        [&](tensor* y) { return detail::granite_speech_attention(b, il, y, blocks); },
        [&](tensor* y) { return detail::granite_speech_convolution(b, il, y); });
    if (takes(il + 1)) features = features ? b.concat(features, x, 0) : x;
    if (il + 1 == b.n_layer / 2) {  // letters that were heard so far
      tensor* y = b.soft_max(b.linear("a.enc_ctc_out", x));
      x = b.add(x, b.linear("a.enc_ctc_out_mid", y));
    }
  }
  if (features) x = b.concat(features, x, 0);

  const std::int64_t window = b.hp.proj_window_size;
  const std::int64_t n_window = (n_frames + window - 1) / window;
  if (n_window * window > n_frames) x = b.pad_all(x, {0, n_window * window - n_frames, 0, 0});
  b.finish(detail::ask_windows(b, b.reshape(x, x->ne[0], window, n_window)));
}

}  // namespace vrambudget::arch::encoders
