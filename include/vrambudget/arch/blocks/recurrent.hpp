// Recurrent states in a graph: reading the states of the sequences in the batch, writing them back.
#pragma once

#include <algorithm>

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// The copy indices of a batch and the state tensors of each layer.
class recurrent_input {
 public:
  explicit recurrent_input(builder& b) : b_(b), state_(*b.memory.recurrent) {
    const std::int64_t n_rs = state_.n_cell, n_seqs = b.ub.n_seqs;
    tensor* copy = b.get_graph().make_input("rs_s_copy", ggml_type::i32, n_rs);
    all_ = copy;
    main_ = b.view_1d(copy, n_seqs, 0);
    extra_ = b.view_1d(copy, n_rs - n_seqs, static_cast<std::uint64_t>(n_seqs) * copy->nb[0]);
    tail_ = b.view_1d(copy, n_rs - 1, copy->nb[0]);
  }

  /// Keeps the copy indices in a graph that reads none of them.
  void keep_indices() { b_.expand(all_); }

  /// All rows of a layer's convolution (R) or recurrence (S) state.
  tensor* all_r(int il) { return state_of("cache_r", il, layer(il).n_embd_r); }
  tensor* all_p(int il) { return state_of("cache_p", il, layer(il).n_embd_ple); }
  tensor* all_s(int il) { return state_of("cache_s", il, layer(il).n_embd_s); }

  /// The states of the sequences in the batch, [state size, sequences], by looking rows up.
  tensor* load(tensor* all) {
    tensor* states = cleared(all);
    if (!b_.cp.rules.gathers_states_once) {
      tensor* out = b_.get_rows(states, main_);
      b_.expand(out);
      keep(all, b_.get_rows(states, extra_));
      return out;
    }
    tensor* gathered = b_.get_rows(states, all_);
    tensor* out = b_.view_2d(gathered, all->ne[0], b_.ub.n_seqs, gathered->nb[1], 0);
    b_.expand(out);
    keep(all, behind(gathered, b_.ub.n_seqs));
    return out;
  }
  /// The same with an operation that reads the rows itself. What is gathered for the states behind
  /// begins with the second one, whoever it belongs to.
  ///
  /// Source: llama.cpp, src/llama-graph.cpp: build_rs
  template <class Rows>
  tensor* load(tensor* all, Rows&& rows) {
    tensor* states = cleared(all);
    tensor* out = rows(states, main_);
    b_.expand(out);
    keep(all, b_.cp.rules.gathers_states_once ? behind(b_.get_rows(states, tail_), b_.ub.n_seqs - 1)
                                              : b_.get_rows(states, extra_));
    return out;
  }

  /// Writes `state` (any shape) to the first rows of `all`, or of its snapshot `slot`.
  void store(tensor* all, tensor* state, std::int64_t slot = 0) {
    const auto row = static_cast<std::uint64_t>(slot * state_.n_cell);
    b_.expand(
        b_.cpy(state, b_.view_2d(all, all->ne[0], b_.ub.n_seqs, all->nb[1], row * all->nb[1])));
  }

  /// The same as one run of memory.
  void store_flat(tensor* all, tensor* state) {
    b_.expand(b_.cpy(state, b_.view_1d(all, all->ne[0] * b_.ub.n_seqs, 0)));
  }

  /// Convolution input: the state of the last kernel - 1 tokens, then the tokens; the new states are
  /// stored. x: [channels, tokens per sequence, sequences].
  ///
  /// Shape:    [kernel - 1 + tokens per sequence, channels, sequences]
  /// Source:   llama.cpp, src/models/delta-net-base.cpp: build_conv_state
  tensor* convolution_input(int il, tensor* x, std::int64_t kernel, std::int64_t channels) {
    tensor* all = all_r(il);
    const std::int64_t n_seqs = b_.ub.n_seqs, n_snapshot = b_.cp.n_rs_seq + 1;
    tensor* state = b_.reshape(load(all), kernel - 1, channels, n_seqs);
    tensor* input = b_.concat(state, b_.transpose(x), 0);
    for (std::int64_t t = 1; t <= n_snapshot; ++t) {
      const std::int64_t first =
          std::max<std::int64_t>(0, input->ne[0] - state->ne[0] - n_snapshot + t);
      tensor* last = b_.view_3d(input, kernel - 1, channels, n_seqs, input->nb[1], input->nb[2],
                                static_cast<std::uint64_t>(first) * input->nb[0]);
      store(all, last, n_snapshot - t);
    }
    return input;
  }

  /// The same for `n` columns of history in any state; what is stored is copied first, the latest
  /// snapshot first.
  ///
  /// Source:   llama.cpp, src/models/qwen4exp.cpp: build_conv_state_at
  tensor* delayed_input(tensor* all, tensor* x, std::int64_t n, std::int64_t channels) {
    const std::int64_t n_seqs = b_.ub.n_seqs;
    tensor* input = b_.concat(b_.reshape(load(all), n, channels, n_seqs), b_.transpose(x), 0);
    for (std::int64_t slot = 0; slot <= b_.cp.n_rs_seq; ++slot) {
      const std::int64_t first = std::max<std::int64_t>(0, input->ne[0] - n - slot);
      tensor* last = b_.view_3d(input, n, channels, n_seqs, input->nb[1], input->nb[2],
                                static_cast<std::uint64_t>(first) * input->nb[0]);
      store(all, b_.cont(last), slot);
    }
    return input;
  }

  /// Cells: rows of the states that belong to one snapshot.
  [[nodiscard]] std::int64_t n_cell() const { return state_.n_cell; }

 private:
  [[nodiscard]] const recurrent_layer& layer(int il) const {
    if (const recurrent_layer* l = state_.find(static_cast<std::uint32_t>(il))) return *l;
    b_.get_graph().fail("layer " + std::to_string(il) + " has no state to carry on");
    static constexpr recurrent_layer none{};
    return none;
  }
  tensor* state_of(const char* name, int il, std::uint64_t width) {
    return b_.get_graph().make_stored(&state_, name, il, layer(il).backend, ggml_type::f32,
                                      static_cast<std::int64_t>(width), state_.n_rows);
  }

  /// All states of a layer, one of them cleared.
  tensor* cleared(tensor* all) {
    tensor* states = b_.reshape(all, all->ne[0], all->ne[1]);
    b_.expand(b_.scale_inplace(b_.view_1d(states, all->ne[0], 0)));
    return states;
  }
  /// The gathered states that are not the batch's, from row `first` on.
  tensor* behind(tensor* gathered, std::int64_t first) {
    return b_.view_2d(gathered, gathered->ne[0], state_.n_cell - b_.ub.n_seqs, gathered->nb[1],
                      static_cast<std::uint64_t>(first) * gathered->nb[1]);
  }
  /// Writes them back behind those of the batch.
  void keep(tensor* all, tensor* states) {
    const std::int64_t n_seqs = b_.ub.n_seqs;
    b_.expand(b_.cpy(states, b_.view_2d(all, all->ne[0], state_.n_cell - n_seqs, all->nb[1],
                                        static_cast<std::uint64_t>(n_seqs) * all->nb[1])));
  }

  builder& b_;
  const recurrent_state& state_;
  tensor *all_, *main_, *extra_, *tail_;
};

}  // namespace vrambudget::arch
