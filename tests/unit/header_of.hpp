// Headers and models for tests: a small llama to change, and shapes from the catalogue.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "vrambudget/gguf/writer.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::testing {

/// A llama of 4 layers, 4 heads of 64, 2 for K and V, with whatever `more` adds to its header.
inline result<model> small_llama(const std::function<void(gguf::writer&)>& more = {},
                                 std::string architecture = "llama") {
  gguf::writer w;
  w.add("general.architecture", std::string_view(architecture));
  const auto key = [&](const char* name, std::uint32_t n) { w.add(architecture + "." + name, n); };
  key("block_count", 4);
  key("context_length", 8192);
  key("embedding_length", 256);
  key("feed_forward_length", 512);
  key("attention.head_count", 4);
  key("attention.head_count_kv", 2);
  w.add(architecture + ".vocab_size", std::uint32_t{1000});
  w.add(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
  w.add_tensor("token_embd.weight", ggml_type::q8_0, {256, 1000});
  w.add_tensor("output_norm.weight", ggml_type::f32, {256});
  for (int il = 0; il < 4; ++il) {
    const std::string blk = "blk." + std::to_string(il) + ".";
    w.add_tensor(blk + "attn_norm.weight", ggml_type::f32, {256});
    w.add_tensor(blk + "attn_q.weight", ggml_type::f16, {256, 256});
    w.add_tensor(blk + "attn_k.weight", ggml_type::f16, {256, 128});
    w.add_tensor(blk + "attn_v.weight", ggml_type::f16, {256, 128});
    w.add_tensor(blk + "attn_output.weight", ggml_type::f16, {256, 256});
    w.add_tensor(blk + "ffn_norm.weight", ggml_type::f32, {256});
    w.add_tensor(blk + "ffn_gate.weight", ggml_type::f16, {256, 512});
    w.add_tensor(blk + "ffn_up.weight", ggml_type::f16, {256, 512});
    w.add_tensor(blk + "ffn_down.weight", ggml_type::f16, {512, 256});
  }
  if (more) more(w);
  const auto bytes = w.finish();
  const auto header = gguf::parse(bytes, {.check_data = false});
  if (!header) return header.error();
  return read_model({&*header, 1});
}

/// The small llama with 8 experts of its size besides in each layer, of which 2 are used.
inline model small_llama_with_experts() {
  return small_llama([](gguf::writer& w) {
           w.add("llama.expert_count", std::uint32_t{8});
           w.add("llama.expert_used_count", std::uint32_t{2});
           for (int il = 0; il < 4; ++il) {
             const std::string blk = "blk." + std::to_string(il) + ".";
             w.add_tensor(blk + "ffn_gate_inp.weight", ggml_type::f32, {256, 8});
             w.add_tensor(blk + "ffn_gate_exps.weight", ggml_type::f16, {256, 512, 8});
             w.add_tensor(blk + "ffn_up_exps.weight", ggml_type::f16, {256, 512, 8});
             w.add_tensor(blk + "ffn_down_exps.weight", ggml_type::f16, {512, 256, 8});
           }
         })
      .value();
}

/// A 24 GiB card of compute capability 8.6.
inline device card(bytes memory = 24_GiB) { return {"test card", 860, 82, memory, memory}; }

}  // namespace vrambudget::testing
