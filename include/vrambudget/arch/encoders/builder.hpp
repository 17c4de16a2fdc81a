// What descriptions of encoders start from: the file's numbers and tensors, the image or sound, and the
// few operations that all of them share. Blocks of layers are in blocks/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/arch/encoders/input.hpp"
#include "vrambudget/arch/encoders/weights.hpp"
#include "vrambudget/ggml/convolution.hpp"

namespace vrambudget::arch::encoders {

using ggml::tensor;

enum class norm_kind : std::uint8_t { layer, rms };

/// Builds the graph of one encoder over one input.
class builder : public ggml::convolution_builder {
 public:
  builder(ggml::graph& g, const encoder& e, encoder_weights& weights, const encoder_input& input,
          bool use_flash_attn)
      : convolution_builder(g),
        hp(e.hp),
        type(*e.type),
        in(input),
        flash_attn(use_flash_attn),
        n_patches_x(input.nx / e.hp.patch_size),
        n_patches_y(input.ny / e.hp.patch_size),
        n_patches(n_patches_x * n_patches_y),
        n_embd(e.hp.n_embd),
        n_head(e.hp.n_head),
        n_head_kv(e.hp.n_head_kv),
        n_embd_head(e.hp.n_embd_head ? e.hp.n_embd_head
                    : e.hp.n_head    ? e.hp.n_embd / e.hp.n_head
                                     : 0),
        n_layer(static_cast<int>(e.hp.n_layer)),
        prefix(e.kind == modality::vision ? "v." : "a."),
        weights_(weights) {}

  const encoder_hparams& hp;
  const projector_type& type;
  const encoder_input in;
  const bool flash_attn;
  const std::int64_t n_patches_x, n_patches_y, n_patches;
  const std::int64_t n_embd, n_head, n_head_kv, n_embd_head;
  const int n_layer;
  const std::string prefix;  ///< "v." or "a.", before names of the tower's tensors

  bool clamps_products = false;  ///< every product's input and output is clamped (Gemma 4)
  bool f32_products = false;     ///< no product with weights may compute in half precision

  // --- weights; what is asked for is loaded, used or not

  /// The tensor of that name, or null.
  tensor* weight(std::string_view name) { return weights_.load(name); }
  /// The same; its absence makes the file one the engine refuses.
  tensor* require(std::string_view name) {
    if (tensor* t = weight(name)) return t;
    g_.fail("tensor '" + std::string(name) + "' is missing");
    return g_.make(ggml_type::f32, 1);
  }
  /// "v.blk.IL.NAME", or "a.blk. ..."
  [[nodiscard]] std::string in_layer(int il, std::string_view name) const {
    return prefix + "blk." + std::to_string(il) + "." + std::string(name);
  }
  [[nodiscard]] std::string in_tower(std::string_view name) const {
    return prefix + std::string(name);
  }

  // --- inputs

  tensor* input(const char* name, ggml_type t, std::int64_t ne0, std::int64_t ne1 = 1) {
    return g_.make_input(name, t, ne0, ne1);
  }
  tensor* raw_input(std::int64_t channels = 3) {
    return g_.make_input("inp_raw", ggml_type::f32, in.nx, in.ny, channels, in.n_batch);
  }

  // --- products and norms

  tensor* product(tensor* w, tensor* x) {
    tensor* y = mul_mat(w, clamps_products ? clamp(x) : x);
    y->f32_accumulator = f32_products;
    return clamps_products ? clamp(y) : y;
  }
  /// W x [+ bias]
  tensor* linear(tensor* w, tensor* bias, tensor* x) {
    tensor* y = product(w, x);
    return bias ? add(y, bias) : y;
  }
  /// The same with "NAME.weight" and, if the file has it, "NAME.bias".
  tensor* linear(const std::string& name, tensor* x) {
    tensor* w = require(name + ".weight");
    return linear(w, weight(name + ".bias"), x);
  }
  /// The norm, times `w`, plus `bias`, as far as they exist.
  tensor* norm_with(norm_kind kind, tensor* w, tensor* bias, tensor* x) {
    x = kind == norm_kind::rms ? rms_norm(x) : norm(x);
    if (w) x = mul(x, w);
    return bias ? add(x, bias) : x;
  }
  /// The same with "NAME.weight" and "NAME.bias".
  tensor* norm_of(norm_kind kind, const std::string& name, tensor* x) {
    tensor* w = weight(name + ".weight");
    return norm_with(kind, w, weight(name + ".bias"), x);
  }

  static tensor* named(tensor* t, const char* name, int il = -1) {
    t->name = name;
    t->il = il;
    return t;
  }
  /// Says that the engine cannot run this.
  void require_that(bool holds, const char* rule) {
    if (!holds) g_.fail(rule);
  }
  /// Says that `t` is what the text model gets.
  void finish(tensor* t) {
    output = t;
    expand(t);
  }
  tensor* output = nullptr;
  std::int64_t reported_width = 0;  ///< of the output, where the engine takes another one for it

 private:
  encoder_weights& weights_;
};

}  // namespace vrambudget::arch::encoders
