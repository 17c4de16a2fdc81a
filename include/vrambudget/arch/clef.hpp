// Clef: Qwen3.5 over one batch, without any memory, below a head that scores the options of questions.
#pragma once

#include "vrambudget/arch/qwen3next.hpp"

namespace vrambudget::arch {

namespace detail {

/// The delta net of one batch: its states begin as zeros and are not kept.
///
/// Source:   llama.cpp, src/models/clef.cpp: build_layer_attn_linear
inline tensor* delta_net_from_zero(builder& b, int il, tensor* x) {
  const delta_net_shape s(b.hp);
  const delta_net_inputs in = inputs_of_sequences(b, il, x, 1);
  ggml::graph& g = b.get_graph();
  tensor* kernel = b.require(il, "ssm_conv1d");
  tensor* before = b.fill(g.make(ggml_type::f32, kernel->ne[0] - 1, s.channels()));
  const auto [q, k, v] =
      convolved_heads(b, b.concat(before, b.transpose(in.qkv), 0), kernel, false);
  tensor* state = b.fill(g.make(ggml_type::f32, s.head_v, s.head_v, s.n_head_v));
  tensor* result =
      b.gated_delta_net(q, k, v, in.gate, in.beta, state, std::int64_t{b.cp.n_rs_seq} + 1);
  return delta_net_output(b, il, outputs_of_rule(b, result, v), in.z);
}

/// The head: options read the prompt, questions read each other and the prompt, and each option has a
/// score for its question. When graphs are reserved there is one of either.
///
/// Source:   llama.cpp, src/models/clef.cpp: build_head
class decision_head {
 public:
  explicit decision_head(builder& b) : b_(b) {
    ggml::graph& g = b.get_graph();
    const std::int64_t nt = b.ub.n_tokens;
    tokens_ = g.make_input("decision_tokens", ggml_type::i32, nt);
    of_questions_ = g.make_input("pool_q", ggml_type::f32, nt, 1);
    of_options_ = g.make_input("pool_o", ggml_type::f32, nt, 1);
    type_ = g.make_input("question_type", ggml_type::i32, 1);
    question_ = g.make_input("option_question", ggml_type::i32, 1);
    mask_ = g.make_input("option_mask", ggml_type::f32, 1, 1);
  }

  /// Shape:    hidden [n_embd, tokens]; result [1, options]
  tensor* operator()(tensor* hidden) {
    hidden = norm(-1, "decision.hidden_norm", hidden);
    memory_ = project("decision.proj_memory", hidden);
    last_ = b_.view_2d(hidden, hidden->ne[0], 1, hidden->nb[1],
                       static_cast<std::uint64_t>(hidden->ne[1] - 1) * hidden->nb[1]);
    tensor* by_token = b_.cont(b_.transpose(hidden));
    tensor* question = b_.mul_mat(by_token, of_questions_);
    tensor* in_context = b_.mul_mat(by_token, of_options_);
    tensor* lexical = b_.get_rows(b_.output_matrix(), tokens_);
    lexical = b_.mul_mat(b_.cont(b_.transpose(lexical)), of_options_);

    tensor* options = project("decision.proj_option_context", in_context);
    options = b_.add(options, project("decision.proj_option_lexical", lexical));
    options =
        b_.add(options, b_.get_rows(project("decision.proj_option_question", question), question_));
    options = routed(options);
    tensor* fields = joined(summed_up(options, question));
    return scored(norm(-1, "decision.option_norm", options),
                  norm(-1, "decision.field_norm", fields), question, lexical);
  }

 private:
  tensor* norm(int il, tensor_name name, tensor* x) { return b_.layer_norm_unpinned(il, name, x); }
  tensor* project(tensor_name name, tensor* x) { return b_.mul_mat(b_.require(-1, name), x); }
  tensor* biased(int il, tensor_name name, tensor* x) {
    return b_.add(b_.mul_mat(b_.require(il, name), x), b_.require(il, name, ".bias"));
  }
  /// Attention of `x` to all of `source`.
  tensor* attend_to(int il, const std::array<tensor_name, 4>& names, tensor* x, tensor* source) {
    const std::int64_t n_head = b_.hp.decision.n_head, head = b_.part(x->ne[0], n_head);
    tensor *q = biased(il, names[0], x), *k = biased(il, names[1], source),
           *v = biased(il, names[2], source);
    q = b_.permute(b_.reshape(q, head, n_head, x->ne[1]), {0, 2, 1, 3});
    k = b_.permute(b_.reshape(k, head, n_head, source->ne[1]), {0, 2, 1, 3});
    v = b_.cont(b_.permute(b_.reshape(v, head, n_head, source->ne[1]), {1, 2, 0, 3}));
    tensor* kq = b_.soft_max(b_.mul_mat(k, q));
    tensor* out = b_.permute(b_.mul_mat(v, kq), {0, 2, 1, 3});
    return biased(il, names[3], b_.cont(out, head * n_head, x->ne[1]));
  }
  tensor* attend_to_prompt(int il, tensor* x, tensor* source) {
    return attend_to(
        il, {"dec.cross_attn_q", "dec.cross_attn_k", "dec.cross_attn_v", "dec.cross_attn_o"},
        norm(il, "dec.cross_attn_norm", x), source);
  }
  tensor* add_ffn(int il, tensor* x) {
    tensor* y = b_.gelu_erf(biased(il, "dec.ffn_up", norm(il, "dec.ffn_norm", x)));
    return b_.add(x, biased(il, "dec.ffn_down", y));
  }

  tensor* routed(tensor* options) {
    for (int il = 0; il < static_cast<int>(b_.hp.decision.n_layer_routing); ++il) {
      tensor* source = norm(il, "dec.cross_attn_norm_kv", memory_);
      options = b_.add(options, attend_to_prompt(il, options, source));
      options = add_ffn(il, options);
    }
    return options;
  }
  /// A vector per question: its text, its options, the end of the prompt, its type.
  tensor* summed_up(tensor* options, tensor* question) {
    tensor* fields = project("decision.proj_question", question);
    tensor* shares = b_.soft_max(b_.add(b_.scale(b_.mul_mat(options, fields)), mask_));
    tensor* summary = b_.mul_mat(b_.cont(b_.transpose(options)), shares);
    fields = b_.add(fields, norm(-1, "decision.option_summary_norm", summary));
    fields = b_.add(fields, project("decision.proj_global", last_));
    return b_.add(fields, b_.get_rows(b_.require(-1, "token_types"), type_));
  }
  tensor* joined(tensor* fields) {
    const int first = static_cast<int>(b_.hp.decision.n_layer_routing),
              n = static_cast<int>(b_.hp.decision.n_layer_joint);
    for (int il = first; il < first + n; ++il) {
      tensor* x = norm(il, "dec.attn_norm", fields);
      fields = b_.add(
          fields, attend_to(il, {"dec.attn_q", "dec.attn_k", "dec.attn_v", "dec.attn_o"}, x, x));
      fields = b_.add(fields, attend_to_prompt(il, fields, memory_));
      fields = add_ffn(il, fields);
    }
    return fields;
  }
  /// What the words of an option say before the prompt, and its likeness to its question's vector.
  tensor* scored(tensor* options, tensor* fields, tensor* question, tensor* lexical) {
    tensor* anchor = b_.get_rows(b_.l2_norm(b_.add(question, last_)), question_);
    tensor* prior = b_.sum_rows(b_.mul(b_.l2_norm(lexical), anchor));
    tensor* field = b_.get_rows(fields, question_);
    tensor* cosine = b_.sum_rows(b_.mul(b_.l2_norm(field), b_.l2_norm(options)));
    tensor* features = b_.concat(field, options, 0);
    features = b_.concat(features, b_.mul(field, options), 0);
    features = b_.concat(features, b_.abs(b_.sub(field, options)), 0);
    tensor* rest = b_.gelu_erf(biased(-1, "decision.scorer", features));
    rest = biased(-1, "decision.scorer_out", rest);
    tensor* scales = b_.require(-1, "decision.scales", "");
    const auto scale = [&](std::uint64_t i) { return b_.view_1d(scales, 1, i * scales->nb[0]); };
    tensor* joint = b_.add(b_.mul(cosine, scale(1)), rest);
    return b_.add(b_.mul(prior, scale(0)), b_.mul(joint, scale(2)));
  }

  builder& b_;
  tensor *tokens_, *of_questions_, *of_options_, *type_, *question_, *mask_;
  tensor *memory_ = nullptr, *last_ = nullptr;
};

}  // namespace detail

/// One row a token, of which the first are the options' scores.
///
/// Source: llama.cpp, src/models/clef.cpp: graph
inline void build_clef(builder& b) {
  tensor* stream = b.token_embeddings();
  tensor* pos = b.positions();
  uncached_attention attention(b);

  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    tensor* x = b.rms_norm_of(il, "attn_norm", stream);
    x = b.hp.is_recr(static_cast<std::uint32_t>(il))
            ? detail::delta_net_from_zero(b, il, x)
            : detail::gated_attention(b, attention, il, x, pos, false);
    stream = b.add(x, stream);
    stream = b.add(ffn(b, il, b.rms_norm_of(il, "post_attention_norm", stream)), stream);
  }
  tensor* scores = detail::decision_head(b)(b.rms_norm_of(-1, "output_norm", stream));
  scores = b.pad(scores, 0, b.ub.n_tokens - scores->ne[1]);
  b.embd = b.add(scores, b.get_graph().make_input("status", ggml_type::f32, 1));
  b.expand(b.embd);
}

}  // namespace vrambudget::arch
