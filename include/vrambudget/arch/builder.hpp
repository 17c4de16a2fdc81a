// What every description starts from: the model's numbers and weights, the batch, the caches, and
// the inputs and norms that all architectures share. Blocks for layers are in blocks/.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include "vrambudget/arch/weight_table.hpp"
#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/ggml/ops.hpp"
#include "vrambudget/model/hparams.hpp"

namespace vrambudget::arch {

using ggml::tensor;

/// Which norm an architecture uses throughout.
enum class norm_kind : std::uint8_t { rms, layer };

/// What an architecture multiplies its token embeddings by, besides the scale that a file may tell.
enum class embedding_scale : std::uint8_t {
  none,
  all,        ///< a constant
  of_tokens,  ///< the same, but not embeddings that are given directly
};

/// The tokens of one graph.
struct ubatch {
  std::int64_t n_tokens = 0;   ///< over all sequences; a multiple of n_seqs
  std::int64_t n_seqs = 1;     ///< sequences
  std::int64_t n_outputs = 1;  ///< rows of logits
  [[nodiscard]] std::int64_t n_seq_tokens() const { return n_tokens / n_seqs; }
};

/// Everything a description reads.
struct graph_source {
  const hparams& hp;
  const context_params& cp;
  const placement& place;
  const memory_layout& memory;
  weight_table& weights;
  std::span<const std::uint32_t> read_layers = {};  ///< what goes into these a draft reads
};

/// Builds one graph. Descriptions call it and the blocks, layer by layer.
class builder : public ggml::op_builder {
 public:
  builder(ggml::graph& g, const graph_source& s, const ubatch& batch)
      : op_builder(g),
        hp(s.hp),
        cp(s.cp),
        memory(s.memory),
        ub(batch),
        place_(s.place),
        weights_(s.weights),
        read_layers_(s.read_layers) {}

  const hparams& hp;
  const context_params& cp;
  const memory_layout& memory;
  const ubatch ub;

  tensor* inp_embd = nullptr;  ///< input embeddings before their scale, a view if they are wider

  // --- results that are read after the run: never freed

  tensor* embd = nullptr;  ///< final hidden state
  tensor* logits = nullptr;
  tensor* h_nextn = nullptr;  ///< hidden state kept for a draft head
  tensor* embd_pooled = nullptr;

  bool adapts_output = true;  ///< off: adapters of the output matrix are loaded, and change nothing

  /// Says that this model has a part that is not described; its graph is then no simulation.
  void leave_undescribed(const char* part) { undescribed = part; }
  const char* undescribed = nullptr;

  tensor* tokens = nullptr;  ///< their numbers, after token_embeddings

  // --- weights

  /// The tensor "blk.il.NAME" (il < 0: "NAME"), or null.
  tensor* weight(int il, tensor_name name, std::string_view suffix = ".weight") {
    if (il < 0) return weights_.find(il, name.with(suffix));
    const std::uint32_t block = hp.block(static_cast<std::uint32_t>(il));
    return weights_.find(static_cast<int>(block), name.with(suffix), place_.layer_backend(block));
  }
  /// The same; its absence makes the model one the engine refuses.
  tensor* require(int il, tensor_name name, std::string_view suffix = ".weight") {
    if (tensor* t = weight(il, name, suffix)) return t;
    std::string full = il < 0 ? "" : "blk." + std::to_string(il) + ".";
    full += std::string(name.text()) + std::string(suffix);
    g_.fail("tensor '" + full + "' is missing");
    return g_.make(ggml_type::f32, 1);
  }
  /// A weight that the engine gives other dimensions than the file when it loads it.
  tensor* reshaped_weight(int il, tensor_name name, const std::array<std::int64_t, 4>& ne) {
    tensor* w = require(il, name);
    tensor shape = *w;
    shape.ne = ne;
    g_.require(n_elements(*w) == n_elements(shape), "a weight of the right size", *w, shape);
    w->ne = ne;
    w->nb[1] = row_size(w->type, static_cast<std::uint64_t>(ne[0])).count;
    w->nb[2] = w->nb[1] * static_cast<std::uint64_t>(ne[1]);
    w->nb[3] = w->nb[2] * static_cast<std::uint64_t>(ne[2]);
    return w;
  }
  [[nodiscard]] bool has(int il, tensor_name name) { return weight(il, name) != nullptr; }

  /// W x, and what adapters add to it.
  /// Source: llama.cpp, src/llama-graph.cpp: build_lora_mm
  tensor* mul_mat(tensor* w, tensor* x) { return adapted(w, x, plain_mul_mat(w, x)); }
  /// W x without what they add: the engine multiplies by some tensors so.
  tensor* plain_mul_mat(tensor* w, tensor* x) { return op_builder::mul_mat(w, x); }
  /// What `make` gives, with all its products so.
  template <class Make>
  auto plainly(Make&& make) {
    adapts_ = false;
    auto made = make();
    adapts_ = true;
    return made;
  }
  /// y with what adapters add to W x.
  tensor* adapted(tensor* w, tensor* x, tensor* y) {
    for (low_rank_product& p : added_to(w)) {
      tensor* low = plain_mul_mat(&p.a, x);
      tensor* added = plain_mul_mat(&p.b, low);
      low->name = p.a.name;
      added->name = p.b.name;
      y = add(y, scale(added));
    }
    return y;
  }
  /// The same of the experts that are used.
  /// Source: llama.cpp, src/llama-graph.cpp: build_lora_mm_id
  tensor* adapted(tensor* experts, tensor* x, tensor* ids, tensor* y) {
    for (low_rank_product& p : added_to(experts))
      y = add(y, scale(mul_mat_id(&p.b, mul_mat_id(&p.a, x, ids), ids)));
    return y;
  }

  /// W x [* scale] [+ bias], as far as the file has them.
  tensor* linear(int il, tensor_name name, tensor* x) {
    tensor* y = scaled_product(il, name, x);
    if (tensor* b = weight(il, name, ".bias")) y = add(y, b);
    return named(y, name.text(), il);
  }
  /// W x [* scale], whatever bias the file has.
  tensor* linear_without_bias(int il, tensor_name name, tensor* x) {
    return named(scaled_product(il, name, x), name.text(), il);
  }

  /// W x.
  tensor* product(int il, tensor_name name, tensor* x) {
    tensor* w = require(il, name);
    return adapted(w, x, bare_product(w, name, x));
  }

  static tensor* named(tensor* t, const char* name, int il) {
    t->name = name;
    t->il = il;
    return t;
  }

  /// A tensor of no layer, or the target's if this draft has none.
  tensor* own_or_target(tensor_name name) {
    if (tensor* t = weight(-1, name)) return t;
    const std::uint64_t borrowed =
        tensor_name::of(".weight", tensor_name("target.").with(name.text()));
    if (tensor* t = weights_.find(-1, borrowed)) return t;
    return require(-1, name);
  }

  /// Says that `stream` goes into layer `il`, which keeps it if a draft reads it.
  void enters_layer(int il, tensor* stream) const {
    for (const std::uint32_t l : read_layers_)
      if (static_cast<int>(l) == il) stream->is_output = true;
  }

  // --- norms

  tensor* rms_norm_of(int il, tensor_name name, tensor* x) {
    return weighted(il, name, rms_norm(x));
  }
  /// A norm that the engine does not tie to its layer's device.
  tensor* rms_norm_unpinned(int il, tensor_name name, tensor* x) {
    return weighted(il, name, rms_norm(x), false);
  }
  tensor* layer_norm_unpinned(int il, tensor_name name, tensor* x) {
    return weighted(il, name, norm(x), false);
  }
  tensor* layer_norm_of(int il, tensor_name name, tensor* x) { return weighted(il, name, norm(x)); }
  tensor* norm_of(norm_kind kind, int il, tensor_name name, tensor* x) {
    return kind == norm_kind::layer ? layer_norm_of(il, name, x) : rms_norm_of(il, name, x);
  }

  /// The norm right after the embeddings; it belongs to the first layer.
  tensor* embedding_norm(norm_kind kind, tensor* x) {
    x = kind == norm_kind::layer ? norm(x) : rms_norm(x);
    return scale_and_shift(0, "token_embd_norm", x, weight(-1, "token_embd_norm"),
                           weight(-1, "token_embd_norm", ".bias"));
  }
  /// What follows a norm: times `w`, plus `b`, as far as they exist. With few tokens, or all layers on
  /// GPUs, the engine pins the norm to the device of layer `il`; -1: it does not.
  tensor* scale_and_shift(int il, tensor_name name, tensor* x, tensor* w, tensor* b) {
    if (!w && !b) return x;
    named(x, "norm", il);
    pin_to_layer(x, il);
    if (w) x = mul(x, w);
    if (b) x = add(x, b);
    return named(x, name.text(), il);
  }

  /// The last operation of a layer, which the engine of some models ties to the layer's device as it
  /// does with norms, lest it run where the next layer does.
  tensor* last_of_layer(int il, tensor* x) {
    pin_to_layer(x, il);
    return named(x, "l_last", il);
  }

  // --- checks

  /// Refuses heads of different size in K and V and, without `partial_rope`, heads rotated in part, as
  /// the engine does for most architectures.
  void require_whole_heads(bool partial_rope = false) {
    const std::uint32_t k = hp.n_embd_head_k(), v = hp.n_embd_head_v(), rot = hp.n_rot();
    if (k != v || (rot != k && !partial_rope))
      g_.fail("heads of K (" + std::to_string(k) + "), of V (" + std::to_string(v) +
              ") and what RoPE rotates (" + std::to_string(rot) + ") differ");
  }

  // --- inputs

  /// Token embeddings: the row look-up, and beside it the ways that are not taken for a batch of tokens,
  /// which the graph holds all the same: embeddings given directly (`both_inputs`), and rows of tokens
  /// among such (`mixed_inputs`).
  ///
  /// Source: llama.cpp, src/llama-graph.cpp: build_inp_embd
  tensor* token_embeddings(embedding_scale scaled = embedding_scale::none) {
    const std::int64_t n_embd_inp = hp.n_embd_inp();
    tokens = g_.make_input("inp_tokens", ggml_type::i32, ub.n_tokens);
    tensor* rows = look_up(tokens);
    expand(rows);
    if (cp.rules.both_inputs)
      expand(g_.make_input("inp_embd", ggml_type::f32, n_embd_inp, ub.n_tokens));
    if (cp.rules.mixed_inputs && hp.mixes_inputs && cp.kind == context_kind::model)
      expand(tokens_among_embeddings());
    if (n_embd_inp != hp.n_embd) rows = view_2d(rows, hp.n_embd, ub.n_tokens, rows->nb[1], 0);
    inp_embd = rows;
    const bool of_tokens = hp.n_deepstack_layers > 0 && cp.rules.scales_token_rows;
    if (hp.scale.f_embedding != 0.0f && !of_tokens) rows = scale(dense(rows));
    const bool by_row = cp.rules.scales_token_rows && scaled == embedding_scale::of_tokens;
    if (by_row || (hp.scale.f_embedding != 0.0f && of_tokens))
      rows = mul(dense(rows), g_.make_input("inp_scale_rows", ggml_type::f32, 1, ub.n_tokens));
    named(rows, "embd", -1);
    expand(rows);
    return scaled == embedding_scale::none || by_row ? rows : scale(rows);
  }
  /// Numbers of tokens, for graphs that take hidden states beside them.
  tensor* token_ids() { return g_.make_input("inp_tokens", ggml_type::i32, ub.n_tokens); }
  /// A vector per token that another graph has left.
  tensor* hidden_state(std::int64_t width) {
    return g_.make_input("inp_embd", ggml_type::f32, width, ub.n_tokens);
  }
  tensor* positions() {
    return g_.make_input("inp_pos", ggml_type::i32, ub.n_tokens * hp.n_pos_per_embd());
  }
  tensor* output_ids() { return g_.make_input("out_ids", ggml_type::i32, ub.n_outputs); }
  tensor* attention_scales() {
    return g_.make_input("inp_attn_scale", ggml_type::f32, 1, 1, ub.n_tokens);
  }

  /// Frequency factors of RoPE in a layer, or null: one table, or a short and a long one by context.
  tensor* rope_factors(int il) {
    if (tensor* t = weight(il, "rope_freqs")) return t;
    if (tensor* t = layer_copy(il, "rope_freqs")) return t;
    return layer_copy(il, cp.n_ctx_seq > hp.rope.n_ctx_orig_yarn
                              ? tensor_name("rope_factors_long")
                              : tensor_name("rope_factors_short"));
  }

  /// The copy of a tensor of no layer that lies with the weights of layer `il`.
  tensor* layer_copy(int il, tensor_name name) {
    return weights_.find(-1, name.with(".weight"),
                         place_.layer_backend(hp.block(static_cast<std::uint32_t>(il))));
  }

  // --- head

  /// Logits from `embd`, which the model may scale first, with the file's scale and bias and the model's logit scale. `pads`: the
  /// output matrix may lack the first rows of the vocabulary, whose logits are then a constant.
  void finish_logits(bool softcap = false, bool pads = false) {
    tensor* y = hp.scale.f_hidden != 0.0f ? scale(embd) : embd;
    tensor *w = output_matrix(), *x = y;
    y = plain_mul_mat(w, x);
    if (tensor* s = weight(-1, "output", ".scale")) y = mul(y, s);
    if (adapts_output) y = adapted(w, x, y);
    if (tensor* bias = weight(-1, "output", ".bias")) y = add(y, bias);
    if (hp.scale.f_logit != 0.0f) y = scale(y);
    if (softcap) y = scale(tanh(scale(y)));
    const std::int64_t n_missing = pads ? require(-1, "token_embd")->ne[1] - y->ne[0] : 0;
    g_.require(n_missing >= 0, "output: no more rows than the vocabulary", *y, *y);
    if (n_missing > 0) {
      tensor* constant = scale(view_1d(require(-1, "output_norm"), 1, 0));
      y = concat(repeat(constant, {n_missing, y->ne[1], 1, 1}), y, 0);
    }
    logits = named(y, "result_output", -1);
    expand(logits);
  }
  /// The output matrix; models without one use the token embeddings.
  tensor* output_matrix() {
    if (tensor* t = weight(-1, "output")) return t;
    if (tensor* t =
            weights_.find(-1, tensor_name("token_embd").with(".weight"), place_.output_backend()))
      return t;
    return require(-1, "output");
  }

  [[nodiscard]] const placement& where() const { return place_; }

 private:
  [[nodiscard]] std::span<low_rank_product> added_to(const tensor* w) {
    return adapts_ ? weights_.added_to(w) : std::span<low_rank_product>();
  }
  /// W x as the file has it. Some models overflow half precision where a branch ends.
  tensor* bare_product(tensor* w, tensor_name name, tensor* x) {
    tensor* y = plain_mul_mat(w, x);
    if (hp.f32_branch_ends) {
      const std::string_view role = name.text();
      y->f32_accumulator = role == "attn_output" || role.starts_with("ffn_down");
    }
    return y;
  }
  /// W x [* scale], and then what adapters add.
  tensor* scaled_product(int il, tensor_name name, tensor* x) {
    tensor* w = require(il, name);
    tensor* y = bare_product(w, name, x);
    if (tensor* s = weight(il, name, ".scale")) y = mul(y, s);
    return adapted(w, x, y);
  }

  /// Embeddings of tokens, as wide as the graph's input. Adapters have A by rows of the vocabulary.
  tensor* look_up(tensor* ids) {
    tensor* all = require(-1, "token_embd");
    tensor* rows = get_rows(all, ids);
    for (low_rank_product& p : added_to(all))
      rows = add(rows, scale(plain_mul_mat(&p.b, get_rows(&p.a, ids))));
    const std::int64_t missing = std::int64_t{hp.n_embd_inp()} - hp.n_embd;
    return missing != 0 ? pad(rows, missing) : rows;
  }
  tensor* tokens_among_embeddings() {
    tensor* ids = g_.make_input("inp_mixed_tokens", ggml_type::i32, ub.n_tokens);
    tensor* slots = g_.make_input("inp_mixed_slots", ggml_type::i64, ub.n_tokens);
    tensor* direct = g_.make_input("inp_mixed_embd", ggml_type::f32, hp.n_embd_inp(), ub.n_tokens);
    return set_rows(dup(direct), look_up(ids), slots);
  }
  tensor* dense(tensor* x) { return is_contiguous(*x) ? x : cont(x); }

  tensor* weighted(int il, tensor_name name, tensor* x, bool pinned = true) {
    tensor* w = weight(il, name);
    if (!w) w = weight(il, name, "");  // some converters leave the suffix out
    return scale_and_shift(pinned ? il : -1, name, x, w, weight(il, name, ".bias"));
  }
  void pin_to_layer(tensor* t, int il) {
    if (il >= 0 && (ub.n_tokens < 32 || place_.full_offload()))
      t->backend = static_cast<std::int8_t>(place_.layer_backend(static_cast<std::uint32_t>(il)));
  }

  const placement& place_;
  weight_table& weights_;
  std::span<const std::uint32_t> read_layers_;
  bool adapts_ = true;
};

}  // namespace vrambudget::arch
