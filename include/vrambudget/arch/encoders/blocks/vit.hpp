// A vision transformer, which most encoders are, and what comes before it: patches of the image, and
// position embeddings.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "vrambudget/arch/encoders/blocks/attention.hpp"
#include "vrambudget/arch/encoders/blocks/ffn.hpp"

namespace vrambudget::arch::encoders {

/// Patches of the image as rows [n_embd, n_patches, batch].
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_inp
inline tensor* patches(builder& b) {
  tensor* x =
      b.conv_2d(b.require("v.patch_embd.weight"), b.raw_input(), {.stride = b.hp.patch_size});
  x = b.cont(b.transpose(b.reshape(x, b.n_patches, b.n_embd, b.in.n_batch)));
  if (tensor* bias = b.weight("v.patch_embd.bias")) x = b.add(x, bias);
  return x;
}

/// Position embeddings stretched over the image; those of the file where they fit.
/// Source: llama.cpp, tools/mtmd/clip.cpp: resize_position_embeddings
inline tensor* resized_positions(builder& b) {
  tensor* pos = b.require(b.in_tower("position_embd.weight"));
  const auto side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(pos->ne[1])));
  if (b.n_patches_x == side && b.n_patches_y == side) return pos;
  pos = b.permute(b.reshape(pos, b.n_embd, side, side), {2, 0, 1, 3});
  pos = b.permute(b.interpolate(pos, b.n_patches_x, b.n_patches_y), {1, 2, 0, 3});
  return b.cont(pos, b.n_embd, b.n_patches);
}

/// What differs between transformers.
struct vit_options {
  norm_kind norm = norm_kind::layer;
  tensor* positions = nullptr;                    ///< added at the start; null: none
  std::function<tensor*(tensor*)> rotate = {};    ///< queries and keys
  tensor* mask = nullptr;                         ///< of all layers
  std::vector<tensor*> masks = {};                ///< one a layer
  std::function<void(tensor*, int)> seen = {};    ///< sees each layer between attention and network
  std::function<tensor*(tensor*, int)> moe = {};  ///< the network of layers with experts
  bool post_norm = true;                          ///< if the file has it
  tensor* post_norm_weight = nullptr;             ///< another one than post_ln's
  bool normed_values = false;
  bool squared_relu = false;
  bool averages_pairs = false;  ///< of positions, before the last norm
};

namespace detail {

/// Queries, keys and values of layer `il` from one matrix, or from three.
inline attention_inputs project_heads(builder& b, int il, const vit_options& o, tensor* x,
                                      std::int64_t n_pos, std::int64_t n_batch) {
  const auto w = [&](const char* name) { return b.weight(b.in_layer(il, name)); };
  tensor *q_norm = w("attn_q_norm.weight"), *k_norm = w("attn_k_norm.weight");
  const auto normed = [&](tensor* t, tensor* by) {
    return by ? b.norm_with(o.norm, by, nullptr, t) : t;
  };
  if (tensor* qkv = w("attn_qkv.weight")) {
    tensor* y = b.linear(qkv, w("attn_qkv.bias"), x);
    attention_inputs a = split_heads(b, y, {b.n_embd_head, b.n_head, b.n_head}, n_pos, n_batch);
    a.q = normed(a.q, q_norm);
    a.k = normed(a.k, k_norm);
    return a;
  }
  const auto linear = [&](const char* weight, const char* bias) {
    return b.linear(b.require(b.in_layer(il, weight)), w(bias), x);
  };
  attention_inputs a;
  a.q = linear("attn_q.weight", "attn_q.bias");
  a.k = linear("attn_k.weight", "attn_k.bias");
  a.v = linear("attn_v.weight", "attn_v.bias");
  const bool per_head = q_norm && q_norm->ne[0] == b.n_embd_head;
  if (!per_head) {
    a.q = normed(a.q, q_norm);
    a.k = normed(a.k, k_norm);
  }
  a.q = b.reshape(a.q, b.n_embd_head, b.n_head, n_pos, n_batch);
  a.k = b.reshape(a.k, b.n_embd_head, b.n_head_kv, n_pos, n_batch);
  a.v = b.reshape(a.v, b.n_embd_head, b.n_head_kv, n_pos, n_batch);
  if (per_head) {
    a.q = normed(a.q, q_norm);
    a.k = normed(a.k, k_norm);
  }
  return a;
}

}  // namespace detail

/// Layer `il` over `x` [n_embd, n_pos * n_batch].
inline tensor* vit_layer(builder& b, int il, const vit_options& o, tensor* x, std::int64_t n_pos,
                         std::int64_t n_batch) {
  const auto w = [&](const char* name) { return b.weight(b.in_layer(il, name)); };
  const auto norm = [&](const char* name, tensor* t) {
    return b.norm_of(o.norm, b.in_layer(il, name), t);
  };
  attention_inputs heads = detail::project_heads(b, il, o, norm("ln1", x), n_pos, n_batch);
  if (o.rotate) {
    heads.q = o.rotate(heads.q);
    heads.k = o.rotate(heads.k);
  }
  if (o.normed_values) heads.v = b.rms_norm(heads.v);
  heads.mask = static_cast<std::size_t>(il) < o.masks.size() ? o.masks[static_cast<std::size_t>(il)]
                                                             : o.mask;
  tensor* y = attention(b, b.require(b.in_layer(il, "attn_out.weight")), w("attn_out.bias"), heads);
  if (tensor* scale = w("ls1.weight")) y = b.mul(y, scale);
  if (tensor* post = w("attn_post_norm.weight")) y = b.norm_with(o.norm, post, nullptr, y);
  x = builder::named(b.add(y, x), "ffn_inp", il);
  if (o.seen) o.seen(x, il);

  y = norm("ln2", x);
  y = o.moe && w("ffn_gate_exps.weight") ? o.moe(y, il)
                                         : ffn(b, layer_ffn(b, il), y, o.squared_relu);
  if (tensor* post = w("ffn_post_norm.weight")) y = b.norm_with(o.norm, post, nullptr, y);
  if (tensor* scale = w("ls2.weight")) y = b.mul(y, scale);
  x = b.add(x, y);
  if (tensor* scale = w("out_scale.weight")) x = b.mul(x, scale);
  return builder::named(x, "layer_out", il);
}

/// What follows the heads of layer `il` with input `x`: attention, then the network, both added.
inline tensor* rest_of_layer(builder& b, int il, norm_kind kind, tensor* x,
                             const attention_inputs& heads) {
  tensor* y = attention(b, b.require(b.in_layer(il, "attn_out.weight")),
                        b.weight(b.in_layer(il, "attn_out.bias")), heads);
  x = builder::named(b.add(y, x), "ffn_inp", il);
  y = ffn(b, layer_ffn(b, il), b.norm_of(kind, b.in_layer(il, "ln2"), x));
  return builder::named(b.add(x, y), "layer_out", il);
}

/// All layers over `x` [n_embd, n_pos, batch].
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_vit
inline tensor* vit(builder& b, tensor* x, std::int64_t n_pos, const vit_options& o) {
  const std::int64_t n_batch = x->ne[2];
  if (o.positions) x = b.add(x, o.positions);
  x = b.reshape(x, b.n_embd, n_pos * n_batch);
  if (b.weight(b.in_tower("pre_ln.weight"))) x = b.norm_of(o.norm, b.in_tower("pre_ln"), x);
  for (int il = 0; il < b.n_layer; ++il) x = vit_layer(b, il, o, x, n_pos, n_batch);
  if (o.averages_pairs) {
    x = b.pool_1d(b.cont(b.transpose(x)), 2, {.stride = 2});
    x = b.cont(b.transpose(x));
  }
  if (o.post_norm_weight)
    x = b.norm_with(o.norm, o.post_norm_weight, b.weight(b.in_tower("post_ln.bias")), x);
  else if (o.post_norm && b.weight(b.in_tower("post_ln.weight")))
    x = b.norm_of(o.norm, b.in_tower("post_ln"), x);
  return b.reshape(x, b.n_embd, x->ne[1] / n_batch, n_batch);
}

/// Neighbouring patches, `n` by `n`, side by side in one row; missing ones at the edges are zeros.
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_patch_merge_permute
inline tensor* merged_patches(builder& b, tensor* x, std::int64_t n) {
  b.require_that(n > 1, "patches are merged two by two or more");
  if (n <= 1) return x;
  const std::int64_t width = x->ne[0];
  std::int64_t nx = b.n_patches_x, ny = b.n_patches_y;
  const std::int64_t right = (n - nx % n) % n, below = (n - ny % n) % n;
  x = b.reshape(x, width, nx, ny);
  if (right || below) x = b.pad_all(x, {0, right, below, 0});
  nx += right;
  ny += below;
  x = b.permute(b.reshape(x, width * n, nx / n, ny), {0, 2, 1, 3});
  x = b.permute(b.cont(x, width * n * n, ny / n, nx / n), {0, 2, 1, 3});
  return b.cont(x, x->ne[0], x->ne[1] * x->ne[2]);
}

}  // namespace vrambudget::arch::encoders
