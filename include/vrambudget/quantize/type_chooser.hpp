// llama-quantize's rules: which type a tensor gets in a file of some type.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/file_type.hpp"
#include "vrambudget/quantize/recipe.hpp"
#include "vrambudget/quantize/tensor_role.hpp"
#include "vrambudget/quantize/tensor_uses.hpp"

namespace vrambudget {

namespace detail {

/// The rules for one file. Tensors must come in the order of llama-quantize, which counts them. Both must outlive it.
/// Source: llama.cpp, src/llama-quant.cpp: llama_tensor_get_type_impl
class type_chooser {
 public:
  type_chooser(const model& m, const recipe& r, const tensor_uses& uses)
      : m_(m),
        r_(r),
        f_(r.type),
        has_imatrix_(r.has_imatrix),
        usual_(traits(r.type).tensors),
        fewer_in_branches_(m.traits->fewer_bits_in_branches),
        has_8_experts_(m.hp.moe.n_expert == 8),
        shares_values_(m.hp.n_layer_all > 0 && m.hp.n_gqa() >= 4),
        n_layer_(static_cast<int>(m.hp.n_layer_all)) {
    for (std::size_t i = 0; i < m.tensors.size(); ++i) {
      const tensor_role role = uses.of(i).role;
      n_value_ += is_value(role);
      is_tied_ = is_tied_ && role != tensor_role::output;
    }
  }

  /// The type that the rules want, whatever the rows; such a tensor is counted.
  result<ggml_type> wanted(const model_tensor& t, const tensor_use& use) {
    return use.has_eight_bits ? result<gt>(gt::q8_0) : preferred(t, use.role);
  }

 private:
  using ft = file_type;
  using gt = ggml_type;

  [[nodiscard]] bool is_one_of(std::initializer_list<ft> types) const {
    return std::find(types.begin(), types.end(), f_) != types.end();
  }
  [[nodiscard]] bool is_tiny() const {
    return is_one_of({ft::iq1_s, ft::iq1_m, ft::iq2_xxs, ft::iq2_xs, ft::iq2_s, ft::iq2_m});
  }
  /// First and last eighth of the layers, and every third between.
  static bool gets_more(int i, int n) {
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
  }

  result<gt> preferred(const model_tensor& t, tensor_role r) {
    if (r == tensor_role::output || (is_tied_ && r == tensor_role::token_embd))
      return r_.output ? *r_.output : output(t);
    if (f_ == ft::mxfp4_moe) return mxfp4(t, r);
    if (r == tensor_role::token_embd) return token_embd();
    if (is_tiny()) return tiny(r);
    if (is_value(r)) return value(i_value_++);
    switch (r) {
      case tensor_role::attn_k:
        return has_8_experts_ ? gt::q8_0 : query();
      case tensor_role::attn_q:
        return query();
      case tensor_role::attn_output:
        return attn_output();
      case tensor_role::ffn_down:
        return in_layer(t, i_down_++, &type_chooser::ffn_down);
      case tensor_role::ffn_gate:
        return in_layer(t, i_gate_++, &type_chooser::ffn_in);
      case tensor_role::ffn_up:
        return in_layer(t, i_up_++, &type_chooser::ffn_in);
      default:
        return usual_;
    }
  }

  [[nodiscard]] gt output(const model_tensor& t) const {
    if (f_ == ft::mxfp4_moe || fewer_in_branches_ || t.ne[0] % traits(usual_).block != 0)
      return gt::q8_0;
    if (is_tiny() || f_ == ft::iq3_xxs) return gt::q5_k;
    return usual_ == gt::q8_0 ? gt::q8_0 : gt::q6_k;
  }

  [[nodiscard]] gt mxfp4(const model_tensor& t, tensor_role r) const {
    const bool is_ffn =
        r == tensor_role::ffn_up || r == tensor_role::ffn_gate || r == tensor_role::ffn_down;
    return t.ne[2] > 1 && (is_ffn || !m_.traits->mxfp4_in_ffn_only) ? gt::mxfp4 : gt::q8_0;
  }

  [[nodiscard]] gt token_embd() const {
    if (is_one_of({ft::iq1_s, ft::iq1_m, ft::iq2_xxs, ft::iq2_xs})) return gt::q2_k;
    if (is_one_of({ft::iq2_s, ft::iq2_m, ft::iq3_xxs})) return gt::iq3_s;
    if (is_one_of({ft::tq1_0, ft::tq2_0, ft::q2_0})) return gt::q4_k;
    return usual_;
  }

  [[nodiscard]] gt tiny(tensor_role r) {
    const bool is_iq2_s = is_one_of({ft::iq2_s, ft::iq2_m});
    if (is_value(r)) {
      if (shares_values_ || m_.hp.moe.n_expert >= 4) return gt::q4_k;
      return is_iq2_s ? gt::iq3_s : gt::q2_k;
    }
    if (r == tensor_role::attn_k && has_8_experts_) return gt::q4_k;
    if (r == tensor_role::ffn_down && i_down_++ < n_layer_ / 8)
      return is_iq2_s ? gt::iq3_s : gt::q2_k;
    if (r == tensor_role::attn_output) {
      if (has_8_experts_) return gt::q5_k;
      if (is_one_of({ft::iq1_s, ft::iq1_m})) return gt::iq2_xxs;
      if (is_iq2_s) return gt::iq3_s;
    }
    return usual_;
  }

  /// `i`: of the tensors that values pass through, in order.
  [[nodiscard]] gt value(int i) const {
    if (has_8_experts_) return gt::q8_0;
    const gt type = value_by_file_type(i);
    return m_.hp.is_70b && (type == gt::q3_k || type == gt::q4_k) ? gt::q5_k : type;
  }
  [[nodiscard]] gt value_by_file_type(int i) const {
    switch (f_) {
      case ft::q2_k:
        return shares_values_ ? gt::q4_k : gt::q3_k;
      case ft::q2_k_s:
      case ft::iq3_xs:
      case ft::iq3_s:
        return shares_values_ ? gt::q4_k : usual_;
      case ft::iq3_xxs:
        return shares_values_ ? gt::q4_k : has_imatrix_ ? gt::iq3_xxs : gt::iq3_s;
      case ft::iq3_m:
        return gt::q4_k;
      case ft::q3_k_m:
        return i < 2 ? gt::q5_k : gt::q4_k;
      case ft::q3_k_l:
        return gt::q5_k;
      case ft::iq4_nl:
      case ft::iq4_xs:
        return shares_values_ ? gt::q5_k : usual_;
      case ft::q4_k_m:
      case ft::q5_k_m:
        return gets_more(i, n_value_) ? gt::q6_k : usual_;
      case ft::q4_k_s:
        return i < 4 ? gt::q5_k : usual_;
      default:
        return usual_;
    }
  }

  /// Queries, and keys but those of eight experts.
  [[nodiscard]] gt query() const {
    if (f_ == ft::iq3_xs) return gt::iq3_xxs;
    return f_ == ft::iq3_xxs ? gt::iq2_s : usual_;
  }

  [[nodiscard]] gt attn_output() const {
    if (fewer_in_branches_) return f_ == ft::q3_k_l ? gt::q4_k : usual_;
    if (has_8_experts_)
      return is_one_of({ft::q2_k, ft::iq3_xs, ft::iq3_xxs, ft::q3_k_s, ft::q3_k_m, ft::iq4_nl,
                        ft::q4_k_s, ft::q4_k_m, ft::iq3_s, ft::iq3_m, ft::iq4_xs})
                 ? gt::q5_k
                 : usual_;
    switch (f_) {
      case ft::q2_k:
        return gt::q3_k;
      case ft::iq3_xxs:
        return gt::iq3_s;
      case ft::q3_k_m:
      case ft::iq3_m:
        return gt::q4_k;
      case ft::q3_k_l:
        return gt::q5_k;
      default:
        return usual_;
    }
  }

  /// By the layer: of models with experts the name's, else the count so far, which is another number
  /// where some layers lack the tensor.
  [[nodiscard]] result<gt> in_layer(const model_tensor& t, int i,
                                    gt (type_chooser::*rule)(int) const) const {
    if (m_.hp.moe.n_expert > 1) {
      i = layer_of(t.name).first;
      if (i < 0 || i >= n_layer_)
        return error{errc::bad_format, "tensor '" + t.name + "' is in no layer of the model's " +
                                           std::to_string(n_layer_)};
    }
    return (this->*rule)(i);
  }

  [[nodiscard]] gt ffn_in(int i) const {
    return f_ == ft::iq3_xs && i >= n_layer_ / 8 && i < 7 * n_layer_ / 8 ? gt::iq3_xxs : usual_;
  }

  [[nodiscard]] gt ffn_down(int i) const {
    const bool is_early = i < n_layer_ / 8, more = gets_more(i, n_layer_);
    switch (f_) {
      case ft::q2_k:
        return gt::q3_k;
      case ft::q2_k_s:
        return is_early ? gt::q4_k : usual_;
      case ft::iq3_xxs:
        return has_imatrix_ ? usual_ : is_early ? gt::q4_k : gt::q3_k;
      case ft::q3_k_m:
        if (i < n_layer_ / 16) return gt::q5_k;
        return !fewer_in_branches_ || more ? gt::q4_k : gt::q3_k;
      case ft::iq3_m:
        return is_early || (has_8_experts_ && more) ? gt::q4_k : usual_;
      case ft::q3_k_l:
        return fewer_in_branches_ ? gt::q4_k : gt::q5_k;
      case ft::q4_k_m:
        if (fewer_in_branches_) return i < n_layer_ / 16 ? gt::q6_k : more ? gt::q5_k : gt::q4_k;
        return more ? gt::q6_k : usual_;
      case ft::iq4_nl:
      case ft::iq4_xs:
        return is_early && !has_imatrix_ ? gt::q5_k : usual_;
      case ft::q5_k_m:
        return more ? gt::q6_k : usual_;
      case ft::q4_k_s:
        return is_early && !fewer_in_branches_ ? gt::q5_k : usual_;
      case ft::q4_0:
        return is_early && has_imatrix_ ? gt::q4_1 : usual_;
      case ft::q5_0:
        return is_early && has_imatrix_ ? gt::q5_1 : usual_;
      default:
        return usual_;
    }
  }

  const model& m_;
  const recipe& r_;
  file_type f_;
  bool has_imatrix_;
  ggml_type usual_;  ///< of tensors that no rule names
  bool fewer_in_branches_, has_8_experts_;
  bool shares_values_;  ///< by at least four heads
  int n_layer_, n_value_ = 0;
  bool is_tied_ = true;
  int i_value_ = 0, i_down_ = 0, i_gate_ = 0, i_up_ = 0;
};

}  // namespace detail
}  // namespace vrambudget
