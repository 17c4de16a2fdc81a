// Nemotron Nano VL: a RADIO tower with registers before the patches.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/nemotron-v2-vl.cpp
inline void build_nemotron_v2_vl(builder& b) {
  tensor* registers = b.require("v.class_embd");
  const std::int64_t n_registers = registers->ne[1];
  tensor* x = b.add(patches(b), b.require("v.position_embd.weight"));
  x = vit(b, b.concat(registers, x, 1), b.n_patches + n_registers, {});
  x = b.view_2d(x, b.n_embd, b.n_patches, x->nb[1],
                static_cast<std::uint64_t>(n_registers) * x->nb[1]);
  x = merged_patches(b, x, b.hp.n_merge);
  x = b.norm_with(norm_kind::rms, b.require("mm.model.mlp.0.weight"), nullptr, x);
  ffn_weights w;
  w.up = b.require("mm.model.mlp.1.weight");
  w.down = b.require("mm.model.mlp.3.weight");
  b.finish(ffn(b, w, x, true));
}

}  // namespace vrambudget::arch::encoders
