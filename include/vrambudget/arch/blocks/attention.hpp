// Attention over a KV cache: storing K and V, reading them back, flash or not, for one cache, for a
// sliding window beside a full one, for K-only caches (MLA), and without any cache.
#pragma once

#include <array>
#include <optional>

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

struct qkv {
  tensor *q = nullptr, *k = nullptr,
         *v = nullptr;  ///< [head size, heads, tokens]; k, v null: stored by another layer
};

/// What a description adds to plain attention.
struct attention_options {
  bool project = true;             ///< false: the caller applies the output projection
  bool bias = true;                ///< false: the output projection's bias is not used
  tensor* mask = nullptr;          ///< instead of the cache's own
  tensor* kq_bias = nullptr;       ///< added to the scores; rules flash attention out
  tensor* sinks = nullptr;         ///< one logit per head
  tensor* v_decompress = nullptr;  ///< MLA: per-head matrix from latent to V
  std::int64_t n_kv_max = 0;       ///< sparse attention: most cells a query sees
};

/// Flash attention reads masks in f16. They are inputs of that type or, by the rule `f32_masks`, f32
/// inputs that the device converts once, before the first layer that attends.
inline ggml_type mask_input_type(const builder& b) {
  return b.cp.flash_attn && !b.cp.rules.f32_masks ? ggml_type::f16 : ggml_type::f32;
}
inline tensor* as_attended(builder& b, tensor* mask) {
  return b.cp.flash_attn && mask->type == ggml_type::f32 ? b.cast(mask, ggml_type::f16) : mask;
}

/// Graph inputs that go with one cache.
class cache_input {
 public:
  cache_input(builder& b, const kv_cache& cache) : cache_input(b, cache, mask_input_type(b)) {
    mask = as_attended(b, mask);
  }
  cache_input(builder& b, const kv_cache& cache, ggml_type mask_type) : b_(b), cache_(cache) {
    ggml::graph& g = b.get_graph();
    const std::int64_t nt = b.ub.n_tokens;
    const std::int64_t n_stream = cache.n_stream == 1 ? 1 : b.ub.n_seqs;
    k_idxs = g.make_input("attn_inp_k_idxs", ggml_type::i64, nt);
    v_idxs =
        g.make_input("attn_inp_v_idxs", ggml_type::i64,
                     cache.v_trans ? nt * static_cast<std::int64_t>(b.hp.n_embd_v_gqa_max()) : nt);
    mask = g.make_input("attn_inp_kq_mask", mask_type, cache.n_cell, nt / n_stream, 1, n_stream);
    if (cache.rot_k)
      k_rot = g.make_input("attn_inp_k_rot", ggml_type::f32, cache.rot_k, cache.rot_k);
    if (cache.rot_v)
      v_rot = g.make_input("attn_inp_v_rot", ggml_type::f32, cache.rot_v, cache.rot_v);
  }

  tensor *k_idxs, *v_idxs, *mask;
  tensor *k_rot = nullptr, *v_rot = nullptr;  ///< rotations of quantized K and V; null: none

  /// Writes K of a layer. Source: llama.cpp, src/llama-kv-cache.cpp: cpy_k
  void store_k(int il, tensor* k) { store_k(il, k, k_idxs); }
  /// The same in cells of the caller's choice.
  void store_k(int il, tensor* k, tensor* cells) {
    tensor* rows = b_.view_2d(k, k->ne[0] * k->ne[1], k->ne[2], k->nb[2], 0);
    b_.expand(b_.set_rows(all_streams(k_of(il)), rows, cells));
  }
  /// `width` elements from the `first` on of K in all cells of all streams.
  ///
  /// Shape:    [width, cells * streams]
  tensor* columns_of_k(int il, std::int64_t width, std::int64_t first) {
    tensor* k = k_of(il);
    return b_.view_2d(k, width, k->ne[1] * k->ne[2], k->nb[1],
                      row_size(k->type, static_cast<std::uint64_t>(first)).count);
  }
  /// Writes V of a layer; element by element if the cache is transposed.
  void store_v(int il, tensor* v) {
    const std::int64_t width = v->ne[0] * v->ne[1], nt = v->ne[2];
    tensor* cached = v_of(il);
    if (!cache_.v_trans) {
      tensor* rows = b_.view_2d(v, width, nt, v->nb[2], 0);
      b_.expand(b_.set_rows(all_streams(cached), rows, v_idxs));
      return;
    }
    const bool dense = row_size(v->type, static_cast<std::uint64_t>(width)).count == v->nb[2];
    v = dense ? b_.reshape(v, width, nt) : b_.cont(v, width, nt);
    if (width < cached->ne[0]) v = b_.pad(v, cached->ne[0] - width);
    tensor* cells = b_.reshape(cached, 1, n_elements(*cached));
    b_.expand(b_.set_rows(cells, b_.reshape(v, 1, n_elements(*v)), v_idxs));
  }

  [[nodiscard]] bool keeps_v(int il) const { return layer(il).v_width > 0; }

  /// Shape:    [head size, KV heads, cells, streams]
  tensor* read_k(int il) {
    tensor* k = k_of(il);
    return rows_of(k, cache_.head_k ? cache_.head_k : b_.hp.n_embd_head_k(layer(il).il));
  }
  tensor* read_v(int il) {
    tensor* v = v_of(il);
    const std::uint32_t head = b_.hp.n_embd_head_v(layer(il).il);
    if (!cache_.v_trans) return rows_of(v, head);
    const auto row = [&](std::uint64_t n) { return row_size(v->type, n).count; };
    const std::uint64_t cells = cache_.n_cell, width = static_cast<std::uint64_t>(v->ne[0]);
    return b_.view_4d(v, {v->ne[1], b_.hp.n_head_kv(layer(il).il), head, v->ne[2]},
                      row(cells * head), row(cells), row(cells * width), 0);
  }

 private:
  [[nodiscard]] const kv_layer& layer(int il) const {
    if (const kv_layer* l = cache_.find(static_cast<std::uint32_t>(il))) return *l;
    b_.get_graph().fail("layer " + std::to_string(il) + " has no cache to attend over");
    static constexpr kv_layer none{.k_width = 1, .v_width = 1};
    return none;
  }
  tensor* k_of(int il) {
    return cached("cache_k", cache_.type_k, layer(il).k_width, layer(il));
  }
  tensor* v_of(int il) {
    return cached("cache_v", cache_.type_v, layer(il).v_width, layer(il));
  }

  tensor* cached(const char* name, ggml_type type, std::uint64_t width, const kv_layer& of) {
    tensor* t = b_.get_graph().make_stored(&cache_, name, static_cast<std::int32_t>(of.il),
                                           of.backend, type, static_cast<std::int64_t>(width),
                                           cache_.n_cell, cache_.n_stream);
    t->owner = &cache_;
    return t;
  }
  /// The cells of all streams in one row, since indices run over all of them.
  tensor* all_streams(tensor* t) {
    return cache_.n_stream > 1 ? b_.reshape(t, t->ne[0], t->ne[1] * t->ne[2]) : t;
  }
  tensor* rows_of(tensor* t, std::uint32_t head) {
    const auto row = [&](std::uint64_t n) { return row_size(t->type, n).count; };
    const auto width = static_cast<std::uint64_t>(t->ne[0]);
    return b_.view_4d(t, {head, head ? t->ne[0] / head : 0, t->ne[1], t->ne[2]}, row(head),
                      row(width), row(width * cache_.n_cell), 0);
  }

  builder& b_;
  const kv_cache& cache_;
};

/// x in blocks of the rotation's size, multiplied by it.
/// Source: llama.cpp, src/llama-impl.h: llama_mul_mat_hadamard
inline tensor* rotate(builder& b, tensor* x, tensor* rotation) {
  const std::int64_t n = rotation->ne[0], rows = n_elements(*x) / n;
  tensor* y = b.mul_mat(rotation, is_contiguous(*x) ? b.reshape(x, n, rows) : b.cont(x, n, rows));
  y->hadamard = true;
  return b.reshape(y, x->ne[0], x->ne[1], x->ne[2], x->ne[3]);
}

/// softmax(Q K^T) V over all heads.
///
/// Shape:    q [head, heads, tokens], k, v [head, KV heads, cells, streams]; result [head * heads, tokens]
/// Source:   llama.cpp, src/llama-graph.cpp: build_attn_mha
inline tensor* attend(builder& b, int il, tensor* q, tensor* k, tensor* v, tensor* mask,
                      const attention_options& o) {
  const bool v_trans = v->nb[1] > v->nb[2];
  const std::int64_t n_stream = k->ne[3];
  q = b.view_4d(q, {q->ne[0], q->ne[1], q->ne[2] / n_stream, n_stream}, q->nb[1], q->nb[2],
                q->nb[3] / static_cast<std::uint64_t>(n_stream), 0);
  q = b.permute(q, {0, 2, 1, 3});
  k = b.permute(k, {0, 2, 1, 3});
  v = b.permute(v, {0, 2, 1, 3});

  tensor* out;
  if (b.cp.flash_attn && !o.kq_bias) {
    if (v_trans) v = b.transpose(v);
    if (k->type == ggml_type::f32) k = b.cast(k, ggml_type::f16);
    if (v->type == ggml_type::f32) v = b.cast(v, ggml_type::f16);
    out = builder::named(b.flash_attn_ext(q, k, v, mask, o.sinks), "fattn", il);
    out->has_bias = b.hp.attn.f_max_alibi_bias > 0.0f;
    out->n_kv_max = static_cast<std::int32_t>(o.n_kv_max);
    if (o.v_decompress) {
      out = b.plain_mul_mat(o.v_decompress, b.permute(out, {0, 2, 1, 3}));
      out = b.cont(b.permute(out, {0, 2, 1, 3}));
    }
    out = b.reshape(out, out->ne[0] * out->ne[1], out->ne[2] * out->ne[3]);
  } else {
    tensor* kq = b.mul_mat(k, q);
    kq->f32_accumulator = true;
    if (b.hp.attn.soft_cap) kq = b.scale(b.tanh(b.scale(kq)));
    if (o.kq_bias) kq = b.add(kq, o.kq_bias);
    kq = b.soft_max(kq, mask, o.sinks);
    kq->has_bias = true;
    if (!v_trans) v = b.cont(b.transpose(v));
    out = b.mul_mat(v, kq);
    if (o.v_decompress) out = b.plain_mul_mat(o.v_decompress, out);
    out = b.permute(out, {0, 2, 1, 3});
    out = b.cont(out, out->ne[0] * out->ne[1], out->ne[2] * out->ne[3]);
    if (!b.cp.offload_kqv) out->backend = static_cast<std::int8_t>(b.where().host());
  }
  b.expand(out);
  return out;
}

/// Stores k in a cache that keeps K only, and attends; V is the first columns of K, as wide as x.v.
/// `mask`: the cache's own, or one with more cells masked.
inline tensor* attend_to_keys(builder& b, cache_input& cache, int il, const qkv& x, tensor* mask,
                              const attention_options& o) {
  b.expand(x.q);
  b.expand(x.v);
  b.expand(x.k);
  cache.store_k(il, x.k);
  tensor* k = cache.read_k(il);
  tensor* v =
      b.view_4d(k, {x.v->ne[0], k->ne[1], k->ne[2], k->ne[3]}, k->nb[1], k->nb[2], k->nb[3], 0);
  return attend(b, il, x.q, k, v, mask, o);
}

/// The inputs of all caches a model attends over, and attention through them.
///
/// The order in which q, k and v enter the graph is the engine's: with one cache v before k.
/// Source:   llama.cpp, src/llama-graph.cpp: build_attn
class attention_input {
 public:
  explicit attention_input(builder& b) : b_(b) {
    for (const kv_cache& c : b.memory.caches) {
      if (c.kind == cache_kind::base) full_.emplace(b, c);
      if (c.kind == cache_kind::swa) window_.emplace(b, c);
    }
  }

  /// Stores k and v of layer `il`, attends, projects.
  tensor* operator()(int il, qkv x, const attention_options& o = {}) {
    cache_input& c = of(il);
    if (c.k_rot) {
      x.q = rotate(b_, x.q, c.k_rot);
      if (x.k) x.k = rotate(b_, x.k, c.k_rot);
    }
    if (c.v_rot && x.v) x.v = rotate(b_, x.v, c.v_rot);

    b_.expand(x.q);
    for (tensor* t : window_ ? std::array{x.k, x.v} : std::array{x.v, x.k})
      if (t) b_.expand(t);
    if (x.k) c.store_k(il, x.k);
    if (x.v) c.store_v(il, x.v);

    tensor* k = c.read_k(il);
    tensor* out = attend(b_, il, x.q, k, c.read_v(il), o.mask ? o.mask : c.mask, o);
    if (c.v_rot) out = rotate(b_, out, c.v_rot);
    return project(il, out, o);
  }

  /// The same for caches that keep K only; V is the first columns of K.
  tensor* k_only(int il, const qkv& x, const attention_options& o = {}) {
    cache_input& c = of(il);
    if (c.keeps_v(il)) return (*this)(il, x, o);
    return project(il, attend_to_keys(b_, c, il, x, c.mask, o), o);
  }

  /// The cache that layer `il` attends over.
  cache_input& of(int il) {
    const bool swa = window_ && b_.hp.is_swa(static_cast<std::uint32_t>(il));
    return swa ? *window_ : *full_;
  }
  /// Mask of the full cache.
  [[nodiscard]] tensor* mask() const { return full_->mask; }
  /// Cells of the full cache.
  [[nodiscard]] std::int64_t n_cell() const { return full_->mask->ne[0]; }

 private:
  tensor* project(int il, tensor* x, const attention_options& o) {
    if (!o.project) return x;
    return o.bias ? b_.linear(il, "attn_output", x) : b_.linear_without_bias(il, "attn_output", x);
  }

  builder& b_;
  std::optional<cache_input> full_, window_;
};

/// Attention among the tokens of one batch, without a cache: encoders and diffusion models. Layers
/// with a (symmetric) window have a mask of their own. Also cross attention, over the result of an
/// encoder.
///
/// Source:   llama.cpp, src/llama-graph.cpp: build_attn_inp_no_cache, build_attn
class uncached_attention {
 public:
  explicit uncached_attention(builder& b) : uncached_attention(b, b.ub.n_tokens) {}
  /// `n_keys`: what each query sees.
  uncached_attention(builder& b, std::int64_t n_keys) : b_(b), mask_(make_mask(n_keys)) {
    if (b.hp.swa.type != swa_type::none) window_mask_ = make_mask(n_keys);
  }

  /// Attends and projects.
  tensor* operator()(int il, const qkv& x, const attention_options& o = {}) {
    for (tensor* t : {x.q, x.k, x.v}) b_.expand(t);
    tensor* mask = b_.hp.is_swa(static_cast<std::uint32_t>(il)) ? window_mask_ : mask_;
    tensor* out = attend(b_, il, x.q, x.k, x.v, mask, o);
    return o.project ? b_.linear(il, "attn_output", out) : out;
  }

 private:
  tensor* make_mask(std::int64_t n_keys) {
    return as_attended(
        b_, b_.get_graph().make_input("self_kq_mask", mask_input_type(b_), n_keys, b_.ub.n_tokens));
  }

  builder& b_;
  tensor* mask_;
  tensor* window_mask_ = nullptr;
};

}  // namespace vrambudget::arch
