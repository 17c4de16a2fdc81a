// Encoders and diffusion models: attention within a batch, in both directions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/model/rules/shared.hpp"

namespace vrambudget::detail::rules {

inline void without_causality(keys&, hparams& hp) { hp.attn.causal = false; }

inline void jina_bert_v2(keys&, hparams& hp) { hp.attn.f_max_alibi_bias = 8.0f; }

inline void modern_bert(keys& k, hparams& hp) {
  hp.swa.n = k.u32("attention.sliding_window");
  if (hp.swa.n > 0) window(k, hp, 3, true, swa_type::symmetric);
  constexpr std::uint32_t n_question_types = 3;
  hp.decision.n_layer_joint = k.u32("decision.block_count");
  if (hp.decision.n_layer_joint == 0) return;
  k.limit("decision.block_count", hp.decision.n_layer_joint, hp.n_layer() - 1);
  hp.decision.n_layer_joint = std::min(hp.decision.n_layer_joint, hp.n_layer() - 1);
  for (std::uint32_t il = hp.n_layer() - hp.decision.n_layer_joint; il < hp.n_layer(); ++il)
    hp.swa.arr[il] = 0;
  hp.n_embd_out_impl = n_question_types;
}

/// Dense layers after pooling begin and end with the model's own width; 0: a file has none.
inline void dense_ends(keys& k, const hparams& hp) {
  for (const char* name : {"dense_2_feat_in", "dense_3_feat_out"})
    if (const std::uint32_t n = k.u32(name); n != 0 && n != hp.n_embd)
      k.fail({errc::bad_format, "key '" + k.architecture() + "." + name + "' is " +
                                    std::to_string(n) + ", expected " + std::to_string(hp.n_embd)});
}
inline void gemma_embedding(keys& k, hparams& hp) {
  dense_ends(k, hp);
  hp.swa.n = k.required("attention.sliding_window");
  window(k, hp, 6, false, swa_type::symmetric);
  hp.attn.causal = false;
}

/// The cache has as many layers as the encoder, so the decoder cannot have more.
inline void t5(keys& k, hparams& hp) {
  hp.dec_n_layer = k.u32("decoder_block_count", hp.n_layer());
  k.limit("decoder_block_count", hp.dec_n_layer, hp.n_layer());
}

/// Features in, and what GGUF calls embeddings out.
inline void wavtokenizer(keys& k, hparams& hp) {
  hp.n_embd_out_impl = hp.n_embd;
  hp.n_embd = k.required("features_length");
  hp.vocoder.n_layer_posnet = k.required("posnet.block_count");
  hp.vocoder.n_layer_convnext = k.required("convnext.block_count");
  k.limit("features_length", hp.n_embd, 1u << 24);
  if (k.u32("posnet.embedding_length") != k.u32("convnext.embedding_length"))
    k.fail({errc::bad_format, "the widths of '" + k.architecture() +
                                  ".posnet.embedding_length' and 'convnext.' differ"});
  k.limit("posnet.block_count", hp.vocoder.n_layer_posnet, std::min(6u, hp.n_layer_all));
  k.limit("convnext.block_count", hp.vocoder.n_layer_convnext, hp.n_layer_all);
}

}  // namespace vrambudget::detail::rules
