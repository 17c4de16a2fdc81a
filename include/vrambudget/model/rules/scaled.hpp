// Architectures with constants on embeddings, branches or logits, and such as run layers repeatedly.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include "vrambudget/model/rules/attention.hpp"
#include "vrambudget/model/rules/dense.hpp"
#include "vrambudget/model/rules/recurrent.hpp"

namespace vrambudget::detail::rules {

inline void logit_scale(keys& k, hparams& hp) {
  k.need("logit_scale");
  hp.scale.f_logit = k.f32("logit_scale");
}

/// Image features beside the input embeddings: which of them each layer but the first adds.
inline void deepstack_mapping(keys& k, hparams& hp) {
  const gguf::value* v = k.find("deepstack_mapping");
  if (!v) return;
  std::set<std::int64_t> used;
  for (std::uint64_t il = 0; il < v->size() && il < hp.n_layer_all; ++il) {
    const std::int64_t columns = v->signed_integer(il).value_or(-1);
    if (columns >= 0) used.insert(columns);
    if (il > 0)
      hp.deepstack_arr.push_back(
          static_cast<std::int32_t>(std::clamp<std::int64_t>(columns, -1, INT32_MAX)));
  }
  hp.n_deepstack_layers = static_cast<std::uint32_t>(used.size());
  if (!used.empty())
    k.limit("deepstack_mapping", static_cast<std::uint64_t>(*used.rbegin()), used.size());
}

inline void granitemoe(keys& k, hparams& hp) {
  k.need("logit_scale");
  granite_scales(k, hp);
  hp.moe.n_ff_shexp = k.u32("expert_shared_feed_forward_length");
}
/// Granite, whose files may switch RoPE off.
inline void granite(keys& k, hparams& hp) {
  granitemoe(k, hp);
  deepstack_mapping(k, hp);
  hp.rope.arr.assign(hp.n_layer_all, k.boolean("rope.scaling.finetuned", true));
}
/// The same with windows, whose files list the layers with RoPE.
inline void granite_swa(keys& k, hparams& hp) {
  granitemoe(k, hp);
  deepstack_mapping(k, hp);
  listed_window(k, hp);
  if (k.has("attention.rope_pattern"))
    hp.rope.arr = k.listed_flags("attention.rope_pattern", hp.n_layer_all);
}
/// MiniCPM, whose first files had none of its constants.
inline void minicpm(keys& k, hparams& hp) {
  hp.scale.f_embedding = k.f32("embedding_scale", 12.0f);
  hp.scale.f_residual = k.f32("residual_scale", 1.4f / std::sqrt(static_cast<float>(hp.n_layer())));
  hp.scale.f_logit = k.f32("logit_scale", 256.0f / static_cast<float>(hp.n_embd));
}
/// Keys and values from one low-rank vector per token.
inline void low_rank_kv(keys& k, hparams& hp) {
  hp.mla.n_lora_kv = k.required("attention.kv_lora_rank");
}
inline void minicpm3(keys& k, hparams& hp) {
  low_rank_kv(k, hp);
  k.required("attention.q_lora_rank");
  hp.scale.f_hidden = 256.0f / static_cast<float>(hp.n_embd);
  hp.scale.f_residual = 1.4f / std::sqrt(static_cast<float>(hp.n_layer()));
}
inline void olmo(keys& k, hparams& hp) {
  size_70b<80>(k, hp);
  hp.attn.f_clamp_kqv = k.f32("attention.clamp_kqv");
}
inline void jais2(keys& k, hparams& hp) {
  size_70b<68>(k, hp);
  f32_branch_ends(k, hp);
}
inline void chameleon(keys& k, hparams& hp) { hp.swin_norm = k.boolean("swin_norm"); }
inline void muse_glimmer(keys& k, hparams& hp) {
  required_window<4>(k, hp);
  logit_scale(k, hp);
  hp.scale.f_final_logit_softcapping = k.f32("final_logit_softcapping", 30.0f);
  hp.rope.arr = hp.swa.arr;  // full layers have no positions
}

/// The stack runs several times over the same weights, each time with a cache of its own.
inline void nanbeige(keys& k, hparams& hp) {
  const std::uint32_t n_once = hp.n_layer();
  const std::uint32_t n_loops = k.has("num_loops") ? k.positive("num_loops") : 1;
  const std::uint64_t n = std::uint64_t{n_once} * n_loops;
  k.limit("num_loops", n, 512);
  if (n > 512) return;
  repeat_layers(hp, static_cast<std::uint32_t>(n));
  for (std::uint32_t il = 0; il < n; ++il) hp.block_arr.push_back(il % n_once);
  hp.loop.n_layer = static_cast<int>(n_once);
  hp.loop.is_normed = !k.boolean("skip_loop_final_norm");
}
/// Two stacks of the same depth: in each high cycle the low one runs some times, then the high one.
inline void hrm_text(keys& k, hparams& hp) {
  hp.scale.f_embedding = k.f32("embedding_scale");
  hp.hrm.n_layers_per_stack = k.required("hrm.layers_per_stack");
  hp.hrm.n_h_cycles = k.required("hrm.h_cycles");
  hp.hrm.n_l_cycles = k.required("hrm.l_cycles");
  const std::uint64_t n = std::uint64_t{hp.hrm.n_layers_per_stack} * hp.hrm.n_h_cycles;
  if (n == 0 || n > hp.n_layer() || n * (std::uint64_t{hp.hrm.n_l_cycles} + 1) != hp.n_layer()) {
    k.fail({errc::bad_format,
            "the cycles of both stacks take another number of layers than "
            "'" +
                k.architecture() + ".block_count' says"});
    return;
  }
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) {
    const std::uint32_t pass = il / hp.hrm.n_layers_per_stack % (hp.hrm.n_l_cycles + 1);
    const std::uint32_t stack = pass == hp.hrm.n_l_cycles ? hp.hrm.n_layers_per_stack : 0;
    hp.block_arr.push_back(stack + il % hp.hrm.n_layers_per_stack);
  }
}

}  // namespace vrambudget::detail::rules
