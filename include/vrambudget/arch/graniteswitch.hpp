// Granite with switched adapters: a first attention finds out which adapter each token runs under, and
// every matrix adds the low-rank product of that adapter.
#pragma once

#include "vrambudget/arch/granite.hpp"

namespace vrambudget::arch {

namespace detail {

class graniteswitch {
 public:
  explicit graniteswitch(builder& b) : b_(b), nt_(b.ub.n_tokens) {}

  tensor* embeddings() {
    tensor* tokens = b_.get_graph().make_input("sub_tokens", ggml_type::i32, nt_);
    tensor* x = b_.get_rows(b_.require(-1, "token_embd"), tokens);
    return b_.hp.scale.f_embedding != 0.0f ? b_.scale(x) : x;
  }

  /// Attends over one number per token in a layer of its own; the result becomes the adapter's index.
  void route(attention_input& attention) {
    const int il = b_.hp.attn.router_layer;
    tensor* k = b_.get_graph().make_input("router_ksig", ggml_type::f32, nt_);
    tensor* v = b_.get_graph().make_input("router_vval", ggml_type::f32, nt_);
    tensor* q = b_.get_graph().make_input("router_q", ggml_type::f32, nt_);
    const auto lane = [&](tensor* t) {
      return b_.pad(b_.reshape(t, 1, 1, nt_), b_.hp.n_embd_head_k() - 1);
    };
    tensor* out = attention(il, {lane(q), lane(k), lane(v)}, {.project = false});
    tensor* slot = b_.reshape(b_.cont(b_.view_2d(out, 1, nt_, out->nb[1], 0)), nt_);
    ids_ = b_.cast(b_.round(b_.clamp(slot)), ggml_type::i32);
  }

  tensor* attend(int il, tensor* x, attention_input& attention, tensor* pos) {
    const auto l = static_cast<std::uint32_t>(il);
    const auto heads = [&](tensor* t, tensor_name name, std::uint32_t n) {
      return b_.reshape(b_.add(t, adapter(il, name, x)), b_.hp.n_embd_head_k(l), n, nt_);
    };
    qkv y = b_.plainly([&] { return project_qkv(b_, il, x, false); });
    y = {heads(y.q, "attn_q", b_.hp.n_head(l)), heads(y.k, "attn_k", b_.hp.n_head_kv(l)),
         heads(y.v, "attn_v", b_.hp.n_head_kv(l))};
    if (b_.hp.has_rope(l)) rotate_positions(b_, y, pos, b_.rope_factors(il));
    return linear(il, "attn_output", attention(il, y, {.project = false}));
  }

  tensor* feed_forward(int il, tensor* x) {
    tensor* gate = linear(il, "ffn_gate", x);
    tensor* up = linear(il, "ffn_up", x);
    return linear(il, "ffn_down", b_.mul(b_.silu(gate), up));
  }

  /// From here on only these rows are computed.
  void pick_rows(tensor* rows) {
    ids_ = b_.reshape(b_.get_rows(b_.reshape(ids_, 1, nt_), rows), rows->ne[0]);
  }

 private:
  /// B A x of the adapter of each row.
  tensor* adapter(int il, tensor_name name, tensor* x) {
    const std::int64_t rows = x->ne[1];
    tensor* columns = b_.reshape(x, x->ne[0], 1, rows);
    tensor* ids = b_.reshape(ids_, 1, rows);
    tensor* y = b_.mul_mat_id(b_.require(il, name, ".lora_a"), columns, ids);
    y = b_.mul_mat_id(b_.require(il, name, ".lora_b"), y, ids);
    return b_.reshape(y, y->ne[0], rows);
  }
  tensor* linear(int il, tensor_name name, tensor* x) {
    tensor* y = b_.plain_mul_mat(b_.require(il, name), x);
    return b_.add(y, adapter(il, name, x));
  }

  builder& b_;
  std::int64_t nt_;
  tensor* ids_ = nullptr;
};

}  // namespace detail

/// Source: llama.cpp, src/models/granite-switch.cpp: graph
inline void build_graniteswitch(builder& b) {
  const int n_layer = static_cast<int>(b.hp.n_layer());
  const auto scaled = [&](tensor* t) { return b.hp.scale.f_residual != 0.0f ? b.scale(t) : t; };
  detail::graniteswitch model(b);
  tensor* stream = model.embeddings();
  tensor* pos = b.positions();
  attention_input attention(b);
  model.route(attention);
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    tensor* y = model.attend(il, b.rms_norm_of(il, "attn_norm", stream), attention, pos);
    if (il == n_layer - 1) {
      y = b.get_rows(y, out_ids);
      stream = b.get_rows(stream, out_ids);
      model.pick_rows(out_ids);
    }
    stream = b.add(scaled(y), stream);
    y = model.feed_forward(il, b.rms_norm_of(il, "ffn_norm", stream));
    stream = builder::named(b.add(scaled(y), stream), "l_out", il);
  }
  b.embd = b.rms_norm_of(-1, "output_norm", stream);
  b.finish_logits();
}

}  // namespace vrambudget::arch
