// A feed-forward network with experts, some of them for each patch.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/arch/encoders/builder.hpp"

namespace vrambudget::arch::encoders {

/// That of layer `il` over `x` [n_embd, n_tokens]: the best experts by the router's sigmoids and a
/// bias, weighted by the sigmoids alone.
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_moe_ffn
inline tensor* moe_ffn(builder& b, int il, tensor* x) {
  const auto get = [&](const char* name) { return b.require(b.in_layer(il, name)); };
  tensor *gate_w = get("ffn_gate_exps.weight"), *up_w = get("ffn_up_exps.weight"),
         *down_w = get("ffn_down_exps.weight");
  const std::int64_t n = x->ne[1], n_expert = gate_w->ne[2],
                     used = std::min<std::int64_t>(b.hp.n_expert_used, n_expert);
  tensor* probs = b.sigmoid(b.product(get("ffn_gate_inp.weight"), x));
  tensor* bias = b.weight(b.in_layer(il, "exp_probs_b.weight"));
  tensor* chosen = b.top_k(bias ? b.add(probs, bias) : probs, used);
  tensor* shares = b.get_rows(b.reshape(probs, 1, n_expert, n), chosen);
  shares = b.reshape(shares, used, n);
  shares = b.reshape(b.div(shares, b.sum_rows(shares)), 1, used, n);

  x = b.reshape(x, x->ne[0], 1, n);
  tensor* gate = b.mul_mat_id(gate_w, x, chosen);
  tensor* up = b.mul_mat_id(up_w, x, chosen);
  x = b.mul_mat_id(down_w, b.mul(b.silu(gate), up), chosen);
  x = b.mul(x, shares);
  tensor* sum = nullptr;
  for (std::int64_t i = 0; i < used; ++i) {
    tensor* one = b.view_2d(x, x->ne[0], n, x->nb[2], static_cast<std::uint64_t>(i) * x->nb[1]);
    sum = sum ? b.add(sum, one) : one;
  }
  return used == 1 ? b.cont(sum) : sum;
}

}  // namespace vrambudget::arch::encoders
