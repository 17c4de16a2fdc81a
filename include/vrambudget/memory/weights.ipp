// Where tensors go, with regular expressions that send some elsewhere; see weights.hpp.
#pragma once

#include <regex>

#include "vrambudget/memory/weights.hpp"

namespace vrambudget {
namespace detail {

/// Tensors sent elsewhere by `-ot`, `-cmoe`, `-ncmoe` and `-ncffn`; the first match decides.
class weight_overrides {
 public:
  static constexpr int none = -1;
  static constexpr int idle_device = -2;  ///< one that is there, but that the run does not use

  /// `n_present`: the devices of the machine, which may be more than the run uses.
  [[nodiscard]] static result<weight_overrides> compile(const run& r, const placement& place,
                                                        std::size_t n_present) {
    weight_overrides all(r, place.host());
    for (const tensor_override& o : r.overrides) {
      int backend = none;
      std::string valid = "CPU";
      if (o.buffer == "CPU") backend = place.host();
      for (std::uint32_t i = 0; i < place.n_devices(); ++i) {
        const std::string id = device_id(r, i);
        valid += ", " + id;
        if (o.buffer == id) backend = static_cast<int>(i);
      }
      for (std::size_t i = 0; i < n_present && backend == none; ++i)
        if (o.buffer == "CUDA" + std::to_string(i)) backend = idle_device;
      if (backend == none)
        return error{errc::invalid_argument,
                     "-ot: there is no buffer '" + o.buffer + "'; there are " + valid};
      try {
        all.rules_.push_back({std::regex(o.pattern), backend, o.after_cpu_moe, o.after_cpu_ffn});
      } catch (const std::regex_error& e) {
        return error{errc::invalid_argument,
                     "-ot: '" + o.pattern + "' is not a regular expression: " + e.what()};
      }
    }
    return all;
  }

  /// The backend `name` is sent to, none, or idle_device.
  [[nodiscard]] int find(const std::string& name) const {
    // the engine looks for "blk.N.ffn_" anywhere, thus also in T5's stacks
    const auto [stack, il, rest] = stack_of(name);
    const bool by_moe = il >= 0 && is_expert(rest) && (cpu_moe_ || il < n_cpu_moe_);
    const bool by_ffn = il >= 0 && is_dense(rest) && il < n_cpu_ffn_;
    for (const rule& r : rules_) {
      if (!std::regex_search(name, r.pattern)) continue;
      return (r.after_cpu_moe && by_moe) || (r.after_cpu_ffn && by_ffn) ? host_ : r.backend;
    }
    return by_moe || by_ffn ? host_ : none;
  }

 private:
  weight_overrides(const run& r, int host)
      : host_(host),
        cpu_moe_(r.cpu_moe),
        n_cpu_moe_(static_cast<int>(r.n_cpu_moe)),
        n_cpu_ffn_(static_cast<int>(r.n_cpu_ffn)) {}

  /// "ffn_", a side, then what must follow it.
  static bool has_ffn_side(std::string_view name, std::initializer_list<std::string_view> sides,
                           std::initializer_list<std::string_view> followers) {
    if (!name.starts_with("ffn_")) return false;
    name.remove_prefix(4);
    for (const std::string_view side : sides)
      for (const std::string_view f : followers)
        if (name.starts_with(side) && name.substr(side.size()).starts_with(f)) return true;
    return false;
  }
  static bool is_expert(std::string_view name) {
    return has_ffn_side(name, {"up", "down", "gate", "gate_up"}, {"_exps", "_chexps"});
  }
  static bool is_dense(std::string_view name) {
    return has_ffn_side(name, {"up", "down", "gate"}, {"."});
  }

  struct rule {
    std::regex pattern;
    int backend;
    bool after_cpu_moe, after_cpu_ffn;
  };
  std::vector<rule> rules_;
  int host_;
  bool cpu_moe_;
  int n_cpu_moe_, n_cpu_ffn_;
};

/// Whether CUDA can do with a layer's tensor what the model does with it.
/// Source: llama.cpp, src/llama-model-loader.cpp: weight_buft_supported
inline bool cuda_takes(const model& m, const model_tensor& t) {
  const hparams& hp = m.hp;
  const std::string_view rest = layer_of(t.name).second;
  if (rest == "ssm_conv1d.weight") return t.ne[1] % 128 == 0;
  if (rest == "ssm_a") {
    if (hp.ssm_d_inner == 0 || t.ne[1] <= 1)
      return m.architecture != "plamo2";  // delta nets multiply by it
    if (t.ne[0] == 1)
      return (hp.ssm_d_state == 128 || hp.ssm_d_state == 256) &&
             (hp.ssm_d_inner / t.ne[1]) % 16 == 0;
    return t.ne[0] == 16 && hp.ssm_d_inner / t.ne[1] == 1 && t.ne[1] % 128 == 0;
  }
  if (rest.find("norm") != std::string_view::npos)
    return !is_quantized(t.type);  // elementwise products are of floats
  return t.ne[1] == 1 || t.type == ggml_type::i32 || cuda::multiplies_by(t.type);
}

}  // namespace detail

result<weights> place_weights(const model& m, const placement& place, const run& r,
                              std::size_t n_present) {
  const auto overrides = detail::weight_overrides::compile(r, place, n_present);
  if (!overrides) return overrides.error();
  weights out;
  out.all.reserve(m.tensors.size() + 4);
  const auto add = [&](std::uint32_t i, int backend) {
    out.all.push_back({i, backend, weight_size(m.tensors[i], backend != place.host())});
  };
  const bool tied = ties_output(m);
  for (std::uint32_t i = 0; i < m.tensors.size(); ++i) {
    const model_tensor& t = m.tensors[i];
    if (is_draft_tensor(m, t.name) && !loads_nextn(r)) continue;
    if (is_ignored_tensor(t.name)) continue;
    const int sent = overrides->find(t.name);
    if (sent == detail::weight_overrides::idle_device)
      return error{errc::invalid_argument,
                   "-ot sends '" + t.name + "' to a GPU that this run does not use"};
    const auto chosen = [&](int usual) {
      if (sent >= 0) return sent;
      return usual != place.host() && !detail::cuda_takes(m, t) ? place.host() : usual;
    };
    const tensor_place p = place_of(m, t.name);
    if (p.kind == tensor_class::input) {
      add(i, sent >= 0 ? sent : place.host());
      if (tied && t.name == "token_embd.weight")
        if (const int b = chosen(place.output_backend());
            b != out.all.back().backend || always_copies_output(m))
          add(i, b);
    } else if (p.kind == tensor_class::output) {
      add(i, chosen(place.output_backend()));
    } else if (p.per_layer) {
      std::vector<int> seen;
      const bool all = loads_nextn(r) || m.hp.n_layer() == 0;
      for (std::uint32_t il = 0; il < (all ? m.hp.n_layer_all : m.hp.n_layer()); ++il) {
        if (m.architecture.starts_with("gemma4") && m.hp.is_swa(il))
          continue;  // its window layers rotate without
        if (const int b = chosen(place.layer_backend(il));
            std::find(seen.begin(), seen.end(), b) == seen.end()) {
          seen.push_back(b);
          add(i, b);
        }
      }
    } else {
      add(i, chosen(place.layer_backend(static_cast<std::uint32_t>(p.il))));
    }
  }
  return out;
}

}  // namespace vrambudget
