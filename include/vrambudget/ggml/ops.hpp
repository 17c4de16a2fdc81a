// The operations of a graph: each gives its result's shape from its sources, by ggml's rules.
// Names and argument orders are ggml's. Numbers that no size depends on (scales, epsilons) are left out.
#pragma once

#include "vrambudget/ggml/graph.hpp"

namespace vrambudget::ggml {

/// Makes operations in a graph. None of them enters the execution order before `graph::expand`.
class op_builder {
 public:
  explicit op_builder(graph& g) : g_(g) {}

  /// The size of each of `n` equal parts of `whole`. That there are none, or a rest, breaks a rule of the graph.
  std::int64_t part(std::int64_t whole, std::int64_t n) {
    if (n > 0 && whole % n == 0) [[likely]]
      return whole / n;
    g_.fail(std::to_string(whole) + " elements do not go into " + std::to_string(n) +
            " equal parts");
    return 1;
  }

  // elementwise; b is repeated to a's shape
  tensor* add(tensor* a, tensor* b) { return elementwise(op::add, a, b); }
  tensor* sub(tensor* a, tensor* b) { return elementwise(op::sub, a, b); }
  tensor* mul(tensor* a, tensor* b) { return elementwise(op::mul, a, b); }
  tensor* div(tensor* a, tensor* b) { return elementwise(op::div, a, b); }
  tensor* add_id(tensor* a, tensor* b, tensor* ids) {
    g_.require(a->ne[0] == b->ne[0] && a->ne[1] == ids->ne[0], "add_id: one row per expert", *a,
               *b);
    return like(op::add_id, a, {a, b, ids});
  }
  tensor* scale(tensor* a) { return like(op::scale, a, {a}); }
  tensor* add_inplace(tensor* a, tensor* b) {
    tensor* t = g_.make_view(op::add, a, a->ne, a->nb, 0);
    g_.set_sources(*t, {a, b});
    return t;
  }
  tensor* scale_inplace(tensor* a) { return g_.make_view(op::scale, a, a->ne, a->nb, 0); }
  tensor* clamp(tensor* a) { return like(op::clamp, a, {a}); }
  tensor* sqr(tensor* a) { return like(op::sqr, a, {a}); }
  tensor* sqrt(tensor* a) { return like(op::sqrt, a, {a}); }
  tensor* sin(tensor* a) { return like(op::sin, a, {a}); }
  tensor* cos(tensor* a) { return like(op::cos, a, {a}); }
  tensor* log(tensor* a) { return like(op::log, a, {a}); }
  tensor* fill(tensor* a) { return like(op::fill, a, {a}); }
  tensor* unary(ggml::unary u, tensor* a) {
    tensor* t = like(op::unary, a, {a});
    t->unary_op = u;
    return t;
  }
  tensor* silu(tensor* a) { return unary(ggml::unary::silu, a); }
  tensor* gelu(tensor* a) { return unary(ggml::unary::gelu, a); }
  tensor* gelu_inplace(tensor* a) {
    tensor* t = g_.make_view(op::unary, a, a->ne, a->nb, 0);
    t->unary_op = ggml::unary::gelu;
    return t;
  }
  tensor* relu(tensor* a) { return unary(ggml::unary::relu, a); }
  tensor* relu_inplace(tensor* a) {
    tensor* t = g_.make_view(op::unary, a, a->ne, a->nb, 0);
    t->unary_op = ggml::unary::relu;
    return t;
  }
  tensor* sigmoid(tensor* a) { return unary(ggml::unary::sigmoid, a); }
  tensor* tanh(tensor* a) { return unary(ggml::unary::tanh, a); }
  tensor* exp(tensor* a) { return unary(ggml::unary::exp, a); }
  tensor* gelu_erf(tensor* a) { return unary(ggml::unary::gelu_erf, a); }
  tensor* abs(tensor* a) { return unary(ggml::unary::abs, a); }
  tensor* neg(tensor* a) { return unary(ggml::unary::neg, a); }
  tensor* round(tensor* a) { return unary(ggml::unary::round, a); }
  tensor* hardswish(tensor* a) { return unary(ggml::unary::hardswish, a); }
  tensor* hardsigmoid(tensor* a) { return unary(ggml::unary::hardsigmoid, a); }
  tensor* softplus(tensor* a) { return unary(ggml::unary::softplus, a); }

  /// Gated activation of two tensors of one shape (`*_split` in ggml).
  tensor* glu(tensor* gate, tensor* up) {
    g_.require(same_shape(*gate, *up), "glu: same shape", *gate, *up);
    return like(op::glu, gate, {gate, up});
  }
  /// Gated activation of the two halves of each row.
  tensor* glu(tensor* both) {
    auto ne = both->ne;
    ne[0] /= 2;
    return g_.make_op(op::glu, both->type, ne, {both});
  }

  // norms
  tensor* norm(tensor* a) { return like(op::norm, a, {a}); }
  tensor* rms_norm(tensor* a) { return like(op::rms_norm, a, {a}); }
  tensor* l2_norm(tensor* a) { return like(op::l2_norm, a, {a}); }
  tensor* group_norm(tensor* a) { return like(op::group_norm, a, {a}); }

  // products
  tensor* mul_mat(tensor* a, tensor* b) {
    g_.require(a->ne[0] == b->ne[0] && divides(a->ne[2], b->ne[2]) && divides(a->ne[3], b->ne[3]),
               "mul_mat: same row length", *a, *b);
    return g_.make_op(op::mul_mat, ggml_type::f32, {a->ne[1], b->ne[1], b->ne[2], b->ne[3]},
                      {a, b});
  }
  tensor* mul_mat_id(tensor* experts, tensor* b, tensor* ids) {
    g_.require(experts->ne[0] == b->ne[0], "mul_mat_id: same row length", *experts, *b);
    g_.require(ids->ne[1] == b->ne[2], "mul_mat_id: one expert list per token", *ids, *b);
    return g_.make_op(op::mul_mat_id, ggml_type::f32, {experts->ne[1], ids->ne[0], b->ne[2], 1},
                      {experts, b, ids});
  }

  // rows
  tensor* get_rows(tensor* a, tensor* ids) {
    g_.require(a->ne[2] == ids->ne[1] && a->ne[3] == ids->ne[2], "get_rows: same batch", *a, *ids);
    const ggml_type type = a->type == ggml_type::i32 ? ggml_type::i32 : ggml_type::f32;
    return g_.make_op(op::get_rows, type, {a->ne[0], ids->ne[0], ids->ne[1], ids->ne[2]}, {a, ids});
  }
  /// Writes rows of `b` into `a`: a view of `a`.
  tensor* set_rows(tensor* a, tensor* b, tensor* ids) {
    g_.require(a->ne[0] == b->ne[0], "set_rows: same row length", *a, *b);
    tensor* t = g_.make_view(op::set_rows, a, a->ne, a->nb, 0);
    g_.set_sources(*t, {b, ids, a});
    return t;
  }
  tensor* sum_rows(tensor* a) {
    return g_.make_op(op::sum_rows, a->type, {1, a->ne[1], a->ne[2], a->ne[3]}, {a});
  }
  /// Sums of each row so far.
  tensor* cumsum(tensor* a) { return like(op::cumsum, a, {a}); }
  tensor* mean(tensor* a) {
    return g_.make_op(op::mean, ggml_type::f32, {1, a->ne[1], a->ne[2], a->ne[3]}, {a});
  }
  /// Where the largest element of each row is.
  tensor* argmax(tensor* a) {
    return g_.make_op(op::argmax, ggml_type::i32, {a->ne[1], 1, 1, 1}, {a});
  }
  tensor* argsort(tensor* a) { return g_.make_op(op::argsort, ggml_type::i32, a->ne, {a}); }
  tensor* top_k(tensor* a, std::int64_t k) {
    return g_.make_op(op::top_k, ggml_type::i32, {k, a->ne[1], a->ne[2], a->ne[3]}, {a});
  }
  tensor* argsort_top_k(tensor* a, std::int64_t k) {
    g_.require(a->ne[0] >= k, "argsort_top_k: k at most the row length", *a, *a);
    tensor* t = argsort(a);
    return view_4d(t, {k, t->ne[1], t->ne[2], t->ne[3]}, t->nb[1], t->nb[2], t->nb[3], 0);
  }

  // copies
  tensor* dup(tensor* a) { return like(op::dup, a, {a}); }
  tensor* cont(tensor* a) { return like(op::cont, a, {a}); }
  tensor* cont(tensor* a, std::int64_t ne0, std::int64_t ne1 = 1, std::int64_t ne2 = 1,
               std::int64_t ne3 = 1) {
    g_.require(n_elements(*a) == ne0 * ne1 * ne2 * ne3, "cont: same element count", *a, *a);
    return g_.make_op(op::cont, a->type, {ne0, ne1, ne2, ne3}, {a});
  }
  /// Copies `a` into `b`: a view of `b`.
  tensor* cpy(tensor* a, tensor* b) {
    g_.require(n_elements(*a) == n_elements(*b), "cpy: same element count", *a, *b);
    tensor* t = g_.make_view(op::cpy, b, b->ne, b->nb, 0);
    g_.set_sources(*t, {a, b});
    return t;
  }
  /// A copy of another type. It names itself as a second source, which counts as a use.
  tensor* cast(tensor* a, ggml_type type) {
    tensor* t = g_.make_op(op::cpy, type, a->ne, {a});
    g_.set_sources(*t, {a, t});
    return t;
  }
  /// `a` with `b` written over a part of it.
  tensor* set(tensor* a, tensor* b) {
    g_.require(n_elements(*a) >= n_elements(*b), "set: no more elements", *a, *b);
    return like(op::set, a, {a, b});
  }
  tensor* concat(tensor* a, tensor* b, std::size_t dim) {
    auto ne = a->ne;
    for (std::size_t d = 0; d < 4; ++d)
      g_.require(d == dim || a->ne[d] == b->ne[d], "concat: same other dimensions", *a, *b);
    ne[dim] += b->ne[dim];
    return g_.make_op(op::concat, a->type, ne, {a, b});
  }
  tensor* repeat(tensor* a, const std::array<std::int64_t, 4>& ne) {
    return g_.make_op(op::repeat, a->type, ne, {a});
  }
  tensor* pad(tensor* a, std::int64_t right0, std::int64_t right1 = 0) {
    auto ne = a->ne;
    ne[0] += right0;
    ne[1] += right1;
    return g_.make_op(op::pad, a->type, ne, {a});
  }

  /// The numbers from 0 to n - 1.
  tensor* arange(std::int64_t n) {
    return g_.make_op(op::arange, ggml_type::f32, {n, 1, 1, 1}, {});
  }
  /// One number for every `n` neighbours of a row (`pool_2d` in ggml).
  tensor* pool_rows(tensor* a, std::int64_t n) {
    return g_.make_op(op::pool_2d, ggml_type::f32,
                      {(a->ne[0] - n) / n + 1, a->ne[1], a->ne[2], a->ne[3]}, {a});
  }

  // views
  tensor* reshape(tensor* a, std::int64_t ne0, std::int64_t ne1 = 1, std::int64_t ne2 = 1,
                  std::int64_t ne3 = 1) {
    g_.require(n_elements(*a) == ne0 * ne1 * ne2 * ne3, "reshape: same element count", *a, *a);
    g_.require(is_contiguous(*a), "reshape: contiguous", *a, *a);
    return dense_view(op::reshape, a, {ne0, ne1, ne2, ne3}, 0);
  }
  tensor* view_1d(tensor* a, std::int64_t ne0, std::uint64_t offset) {
    return dense_view(op::view, a, {ne0, 1, 1, 1}, offset);
  }
  tensor* view_2d(tensor* a, std::int64_t ne0, std::int64_t ne1, std::uint64_t nb1,
                  std::uint64_t offset) {
    const std::uint64_t end = nb1 * static_cast<std::uint64_t>(ne1);
    return g_.make_view(op::view, a, {ne0, ne1, 1, 1}, {element_size(*a), nb1, end, end}, offset);
  }
  tensor* view_3d(tensor* a, std::int64_t ne0, std::int64_t ne1, std::int64_t ne2,
                  std::uint64_t nb1, std::uint64_t nb2, std::uint64_t offset) {
    return g_.make_view(op::view, a, {ne0, ne1, ne2, 1},
                        {element_size(*a), nb1, nb2, nb2 * static_cast<std::uint64_t>(ne2)},
                        offset);
  }
  tensor* view_4d(tensor* a, const std::array<std::int64_t, 4>& ne, std::uint64_t nb1,
                  std::uint64_t nb2, std::uint64_t nb3, std::uint64_t offset) {
    return g_.make_view(op::view, a, ne, {element_size(*a), nb1, nb2, nb3}, offset);
  }
  /// Dimension i of `a` becomes dimension `axes[i]`.
  tensor* permute(tensor* a, const std::array<std::size_t, 4>& axes) {
    std::array<std::int64_t, 4> ne{};
    std::array<std::uint64_t, 4> nb{};
    for (std::size_t i = 0; i < 4; ++i) {
      ne[axes[i]] = a->ne[i];
      nb[axes[i]] = a->nb[i];
    }
    return g_.make_view(op::permute, a, ne, nb, 0);
  }
  tensor* transpose(tensor* a) {
    return g_.make_view(op::transpose, a, {a->ne[1], a->ne[0], a->ne[2], a->ne[3]},
                        {a->nb[1], a->nb[0], a->nb[2], a->nb[3]}, 0);
  }

  // attention
  tensor* rope(tensor* a, tensor* pos, tensor* factors = nullptr) {
    return like(op::rope, a, {a, pos, factors});
  }
  tensor* rope_back(tensor* a, tensor* pos) { return like(op::rope_back, a, {a, pos}); }
  tensor* soft_max(tensor* a, tensor* mask = nullptr, tensor* sinks = nullptr) {
    if (mask) g_.require(mask->ne[0] == a->ne[0], "soft_max: mask of the row length", *a, *mask);
    return like(op::soft_max, a, {a, mask, sinks});
  }
  /// Shape:    q [n_embd_head, n_tokens, n_head, n_stream], k and v likewise over cells
  tensor* flash_attn_ext(tensor* q, tensor* k, tensor* v, tensor* mask, tensor* sinks) {
    g_.require(q->ne[0] == k->ne[0] && q->ne[2] > 0 && divides(k->ne[2], q->ne[2]),
               "flash_attn_ext: heads match", *q, *k);
    return g_.make_op(op::flash_attn_ext, ggml_type::f32, {v->ne[0], q->ne[2], q->ne[1], q->ne[3]},
                      {q, k, v, mask, sinks});
  }

  /// Windows of a 1-D kernel [width, channels, ...] over b [length, channels, batch], a row each;
  /// half the kernel's width is added at both ends.
  tensor* im2col(tensor* kernel, tensor* b) {
    g_.require(kernel->ne[1] == b->ne[1] && b->ne[3] == 1, "im2col: same channels", *kernel, *b);
    const std::int64_t length = b->ne[0] + 2 * (kernel->ne[0] / 2) - kernel->ne[0] + 1;
    g_.require(length > 0, "im2col: longer than the kernel", *kernel, *b);
    const ggml_type type = kernel->type == ggml_type::bf16 ? ggml_type::f32 : ggml_type::f16;
    return g_.make_op(op::im2col, type, {kernel->ne[0] * kernel->ne[1], length, b->ne[2], 1},
                      {kernel, b});
  }

  /// Scores of an index: per query and cell, over few small heads.
  ///
  /// Shape:    q [head, heads, tokens, streams], k [head, 1, cells, streams], weights [heads, tokens, 1,
  ///           streams]; result [cells, tokens, 1, streams]
  tensor* lightning_indexer(tensor* q, tensor* k, tensor* weights, tensor* mask) {
    g_.require(q->ne[0] == k->ne[0] && k->ne[1] == 1 && mask->ne[0] == k->ne[2],
               "lightning_indexer: one key head of the query's size", *q, *k);
    g_.require(q->ne[1] == weights->ne[0] && q->ne[2] == weights->ne[1] && weights->ne[2] == 1,
               "lightning_indexer: one weight per head", *q, *weights);
    return g_.make_op(op::lightning_indexer, ggml_type::f32, {k->ne[2], q->ne[2], 1, q->ne[3]},
                      {q, k, weights, mask});
  }

  // hyper-connections
  /// Weighted sum of streams: x [n_embd, streams, tokens], weights [streams, tokens].
  tensor* hc_pre(tensor* x, tensor* weights) {
    g_.require(weights->ne[0] == x->ne[1] && weights->ne[1] == x->ne[2],
               "hc_pre: one weight per stream", *x, *weights);
    return g_.make_op(op::hc_pre, ggml_type::f32, {x->ne[0], x->ne[2], 1, 1}, {x, weights});
  }
  /// The mean of the streams, each times a gate: both [n_embd, streams, tokens].
  tensor* hc_pre_gated(tensor* x, tensor* gate) {
    g_.require(same_shape(*x, *gate), "hc_pre: a gate per element", *x, *gate);
    return g_.make_op(op::hc_pre, ggml_type::f32, {x->ne[0], x->ne[2], 1, 1}, {x, gate});
  }
  /// How streams mix: [streams, streams, tokens] of mixes [streams * (streams + 2), tokens].
  tensor* hc_comb(tensor* mixes, tensor* scale, tensor* base) {
    constexpr std::int64_t n = 4;  // the only number the engine has a kernel for
    g_.require(mixes->ne[0] == n * (n + 2) && scale->ne[0] >= 3 && base->ne[0] == mixes->ne[0],
               "hc_comb: four streams", *mixes, *base);
    return g_.make_op(op::hc_comb, ggml_type::f32, {n, n, mixes->ne[1], 1}, {mixes, scale, base});
  }
  /// Streams mixed (unless comb is null), plus x [n_embd, tokens] times each stream's weight.
  tensor* hc_post(tensor* x, tensor* streams, tensor* post, tensor* comb) {
    g_.require(
        streams->ne[0] == x->ne[0] && streams->ne[2] == x->ne[1] && post->ne[0] == streams->ne[1],
        "hc_post: one weight per stream", *x, *streams);
    return g_.make_op(op::hc_post, ggml_type::f32, {x->ne[0], streams->ne[1], x->ne[1], 1},
                      {x, streams, post, comb});
  }

  // recurrent layers
  tensor* ssm_conv(tensor* sx, tensor* kernel) {
    g_.require(sx->ne[1] == kernel->ne[1], "ssm_conv: same channels", *sx, *kernel);
    return g_.make_op(op::ssm_conv, ggml_type::f32,
                      {kernel->ne[1], sx->ne[0] - kernel->ne[0] + 1, sx->ne[2], 1}, {sx, kernel});
  }
  /// Output rows followed by `n_snapshot` copies of the state of each sequence.
  tensor* ssm_scan(tensor* s, tensor* x, tensor* dt, tensor* a, tensor* b, tensor* c, tensor* ids,
                   std::int64_t n_snapshot) {
    const std::int64_t n =
        n_elements(*x) + n_snapshot * s->ne[0] * s->ne[1] * s->ne[2] * ids->ne[0];
    return g_.make_op(op::ssm_scan, ggml_type::f32, {n, 1, 1, 1}, {s, x, dt, a, b, c, ids});
  }
  tensor* gated_delta_net(tensor* q, tensor* k, tensor* v, tensor* g, tensor* beta, tensor* state,
                          std::int64_t n_snapshot) {
    const std::int64_t rows = v->ne[2] * v->ne[3] + n_snapshot * v->ne[0] * v->ne[3];
    return g_.make_op(op::gated_delta_net, ggml_type::f32, {v->ne[0] * v->ne[1], rows, 1, 1},
                      {q, k, v, g, beta, state});
  }

  /// RWKV and gated linear attention: output rows followed by the state of each sequence.
  tensor* rwkv_wkv6(tensor* k, tensor* v, tensor* r, tensor* first, tensor* decay, tensor* state) {
    return matrix_state(op::rwkv_wkv6, k, state, {k, v, r, first, decay, state});
  }
  tensor* gated_linear_attn(tensor* k, tensor* v, tensor* q, tensor* gate, tensor* state) {
    return matrix_state(op::gated_linear_attn, k, state, {k, v, q, gate, state});
  }
  tensor* rwkv_wkv7(tensor* r, tensor* w, tensor* k, tensor* v, tensor* a, tensor* b,
                    tensor* state) {
    return matrix_state(op::rwkv_wkv7, k, state, {r, w, k, v, a, b, state});
  }

  void expand(tensor* t) { g_.expand(t); }
  [[nodiscard]] graph& get_graph() { return g_; }

 protected:
  graph& g_;

 private:
  static bool divides(std::int64_t part, std::int64_t whole) {
    return part > 0 && whole % part == 0;
  }

  tensor* like(op o, tensor* a, std::initializer_list<tensor*> sources) {
    return g_.make_op(o, a->type, a->ne, sources);
  }
  /// Shape:    k [head, heads, tokens], state [any, sequences]
  tensor* matrix_state(op o, tensor* k, tensor* state, std::initializer_list<tensor*> sources) {
    const std::int64_t width = k->ne[0] * k->ne[1], n_seqs = state->ne[1];
    g_.require(n_elements(*state) == width * k->ne[0] * n_seqs, "a square state per head", *k,
               *state);
    return g_.make_op(o, ggml_type::f32, {width, k->ne[2] + k->ne[0] * n_seqs, 1, 1}, sources);
  }
  tensor* elementwise(op o, tensor* a, tensor* b) {
    g_.require(divides(b->ne[0], a->ne[0]) && divides(b->ne[1], a->ne[1]) &&
                   divides(b->ne[2], a->ne[2]) && divides(b->ne[3], a->ne[3]),
               "elementwise: second repeats to first", *a, *b);
    return like(o, a, {a, b});
  }
  tensor* dense_view(op o, tensor* a, const std::array<std::int64_t, 4>& ne, std::uint64_t offset) {
    const type_traits& tr = traits(a->type);
    std::array<std::uint64_t, 4> nb{tr.block_bytes};
    nb[1] = nb[0] * static_cast<std::uint64_t>(ne[0] / tr.block);
    nb[2] = nb[1] * static_cast<std::uint64_t>(ne[1]);
    nb[3] = nb[2] * static_cast<std::uint64_t>(ne[2]);
    return g_.make_view(o, a, ne, nb, offset);
  }
};

}  // namespace vrambudget::ggml
