// EAGLE-3: one layer that drafts from hidden states of three layers of its target, which an encoder
// has made one vector per token.
#pragma once

#include "vrambudget/arch/blocks/draft.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// The decoder; Q, K and V see the token's embedding beside the target's state.
inline void build_eagle3(builder& b) {
  const int il = 0;
  tensor* tokens = b.token_ids();
  tensor* state = b.hidden_state(b.hp.n_embd);
  tensor* rows = b.get_rows(b.own_or_target("token_embd"), tokens);
  tensor* pos = b.positions();
  attention_input attention(b);

  tensor* rows_normed = b.rms_norm_of(il, "attn_norm", rows);
  tensor* state_normed = b.rms_norm_unpinned(il, "attn_norm_2", state);
  tensor* residual = b.hp.draft.norm_before_residual ? state_normed : state;
  qkv x = project_qkv(b, il, b.concat(rows_normed, state_normed, 0));
  rotate_positions(b, x, pos, b.rope_factors(il));
  residual = builder::named(b.add(attention(il, x), residual), "ffn_inp", il);
  tensor* y = ffn(b, il, b.rms_norm_of(il, "ffn_norm", residual));
  b.h_nextn = builder::named(b.add(y, residual), "l_out", il);
  finish_draft_logits(b, b.rms_norm_of(-1, "output_norm", b.h_nextn));
}

}  // namespace vrambudget::arch
