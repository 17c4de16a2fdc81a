// Architectures that only draft for others.
#pragma once

#include <string>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/model/rules/latent.hpp"

namespace vrambudget::detail::rules {

/// Layers of the target whose hidden states a draft reads; `count`: how many there must be, 0: any.
inline void target_layers(keys& k, hparams& hp, std::size_t count) {
  const gguf::value* v = k.find("target_layers");
  if (!v || !v->is_array()) {
    k.fail({errc::not_found,
            "key '" + k.architecture() + ".target_layers' is missing: the architecture needs it"});
    return;
  }
  if (count && v->size() != count)
    k.fail({errc::bad_format, "key '" + k.architecture() + ".target_layers' has " +
                                  std::to_string(v->size()) + " entries, expected " +
                                  std::to_string(count)});
  for (std::size_t i = 0; i < v->size(); ++i)
    hp.draft.target_layers.push_back(static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(v->signed_integer(i).value_or(0), 0, llama_max_layers)));
}

inline void eagle3(keys& k, hparams& hp) {
  target_layers(k, hp, 3);
  k.required("target_hidden_size");
  hp.draft.norm_before_residual = k.boolean("norm_before_residual");
}

inline void dflash(keys& k, hparams& hp) {
  target_layers(k, hp, 0);
  hp.scale.f_embedding = k.f32("embedding_scale");
  hp.attn.f_value_scale = k.f32("attention.value_scale");
  const gguf::value* act = k.find("hidden_activation");
  const std::string activation(act && act->string() ? *act->string() : "silu");
  hp.draft.ffn_gelu = activation == "gelu" || activation == "gelu_pytorch_tanh";
  if (!hp.draft.ffn_gelu && activation != "silu")
    k.fail({errc::unsupported, "DFlash with activation '" + activation + "'"});
  hp.hc.mult = k.u32("hyper_connection.count");
  if (hp.hc.mult > 0) {
    hp.moe.gating_func = k.u32("expert_gating_func");
    by_square_root(k, hp);
    for (const char* key :
         {"attention.q_lora_rank", "attention.sliding_window", "expert_feed_forward_length",
          "expert_shared_count", "expert_weights_scale", "expert_weights_norm", "swiglu_clamp_exp",
          "attention.output_group_count", "attention.output_lora_rank",
          "hyper_connection.sinkhorn_iterations", "hyper_connection.epsilon"})
      k.ask(key);
  }
  hp.swa.n = k.u32("attention.sliding_window");
  if (hp.hc.mult > 0) {
    hp.swa.type = swa_type::standard;
    hp.swa.arr.assign(hp.n_layer_all, 1);
  } else if (hp.swa.n > 0) {
    listed_window(k, hp);
  }
}

inline void gemma4_assistant(keys& k, hparams& hp) {
  listed_window(k, hp);
  heads_of_one_size(k, hp);
  hp.n_embd_inp_impl = hp.n_embd_out();
}

}  // namespace vrambudget::detail::rules
