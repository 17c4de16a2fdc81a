// MiMo-Audio's encoder: Whisper's beginning, a transformer with windows, codes for what comes out, and a
// second transformer over groups of embeddings of codes.
#pragma once

#include <vector>

#include "vrambudget/arch/encoders/blocks/sound.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// The first transformer, and half as many rows [n_embd, n_pos / 2].
inline tensor* mimo_audio_tower(builder& b) {
  constexpr int skipped_to_the_end = 2;
  tensor* x = frames_halved(b);
  const std::int64_t n_pos = x->ne[1];
  b.require_that(b.n_layer > skipped_to_the_end,
                 "more layers than the one that is added at the end");
  tensor* positions = b.input("mimo_audio_positions", ggml_type::i32, n_pos);
  tensor* everything = b.input("mimo_audio_full_mask", ggml_type::f32, n_pos, n_pos);
  tensor* window = b.input("mimo_audio_window_mask", ggml_type::f32, n_pos, n_pos);
  tensor* skipped = nullptr;
  vit_options o{.post_norm = false};
  o.rotate = [&](tensor* t) { return b.rope(t, positions); };
  for (const std::int32_t mode : b.hp.wa_modes) o.masks.push_back(mode == -1 ? everything : window);
  o.seen = [&](tensor* t, int il) {
    if (il == skipped_to_the_end) skipped = t;
  };
  x = b.reshape(vit(b, x, n_pos, o), b.n_embd, n_pos);
  if (skipped) x = b.add(x, skipped);
  x = b.norm_of(norm_kind::layer, "a.post_ln", x);
  x = b.conv_1d(b.require("a.downsample.conv.weight"), b.cont(b.transpose(x)), {.stride = 2});
  x = b.cont(b.transpose(b.gelu(x)));
  return b.norm_with(norm_kind::layer, b.require("a.downsample.norm.weight"),
                     b.require("a.downsample.norm.bias"), x);
}

/// Rows as sums of embeddings of codes: each code stands for the nearest entry of its book to what the
/// codes before have left over.
inline tensor* mimo_audio_quantized(builder& b, tensor* x) {
  const auto slice = [&](tensor* t, std::size_t i, std::int64_t rows) {
    return b.cont(b.view_2d(t, t->ne[0], rows, t->nb[1], i * t->nb[2]));
  };
  tensor *books = b.require("a.rvq.codebook.weight"),
         *embeddings = b.require("mm.a.code_embd.weight");
  const auto& sizes = b.hp.codebook_sizes;
  const auto n_book = static_cast<std::int64_t>(sizes.size());
  b.require_that(books->ne[0] == x->ne[0] && books->ne[2] == n_book, "codebooks as in the keys");
  b.require_that(embeddings->ne[0] == x->ne[0] && embeddings->ne[2] == n_book,
                 "embeddings for each codebook");
  for (const std::int32_t n : sizes)
    b.require_that(n > 0 && n <= books->ne[1] && n <= embeddings->ne[1], "codes that tensors have");
  if (!b.get_graph().status()) return x;

  std::vector<tensor*> codes;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    tensor* book = slice(books, i, sizes[i]);
    tensor* lengths = b.cont(b.transpose(b.sum_rows(b.sqr(book))));
    codes.push_back(b.argmax(b.sub(b.scale(b.mul_mat(book, x)), lengths)));
    x = b.sub(x, b.get_rows(book, codes.back()));
  }
  tensor* sum = nullptr;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    tensor* y = b.get_rows(slice(embeddings, i, embeddings->ne[1]), codes[i]);
    sum = sum ? b.add(sum, y) : y;
  }
  return sum ? sum : x;
}

/// The second transformer, within groups of rows.
inline tensor* mimo_audio_groups(builder& b, tensor* x) {
  constexpr norm_kind kind = norm_kind::rms;
  const std::int64_t n_pos = x->ne[1];
  tensor* positions = b.input("mimo_audio_local_positions", ggml_type::i32, n_pos);
  tensor* mask = b.input("mimo_audio_local_mask", ggml_type::f32, n_pos, n_pos);
  for (std::uint32_t il = 0; il < b.hp.n_layer_local; ++il) {
    const auto named = [&](const char* name) {
      return "mm.a.local_blk." + std::to_string(il) + "." + name;
    };
    const auto norm = [&](const char* name, tensor* t) {
      return b.norm_with(kind, b.require(named(name)), nullptr, t);
    };
    tensor* y = norm("ln1.weight", x);
    const auto heads = [&](const char* name) {
      return b.reshape(b.linear(named(name), y), b.n_embd_head, b.n_head, n_pos);
    };
    attention_inputs in{heads("attn_q"), heads("attn_k"), heads("attn_v")};
    in.q = b.rope(in.q, positions);
    in.k = b.rope(in.k, positions);
    in.mask = mask;
    x = b.add(x, attention(b, b.require(named("attn_out.weight")), nullptr, in));
    ffn_weights w;
    w.up = b.require(named("ffn_up.weight"));
    w.gate = b.require(named("ffn_gate.weight"));
    w.down = b.require(named("ffn_down.weight"));
    x = b.add(x, ffn(b, w, norm("ln2.weight", x)));
  }
  return b.norm_with(kind, b.require("mm.a.local_norm.weight"), nullptr, x);
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/mimo-audio.cpp
inline void build_mimo_audio(builder& b) {
  tensor* x = detail::mimo_audio_quantized(b, detail::mimo_audio_tower(b));
  const std::int64_t group = b.hp.local_group_size, n_group = (x->ne[1] + group - 1) / group;
  if (n_group * group > x->ne[1]) x = b.pad_all(x, {0, n_group * group - x->ne[1], 0, 0});
  x = b.reshape(detail::mimo_audio_groups(b, x), b.n_embd * group, n_group);
  ffn_weights w;
  w.up = b.require("mm.a.mlp.1.weight");
  w.down = b.require("mm.a.mlp.2.weight");
  b.finish(ffn(b, w, x));
}

}  // namespace vrambudget::arch::encoders
