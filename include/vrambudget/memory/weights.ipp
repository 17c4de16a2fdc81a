// Where tensors go, with regular expressions that send some elsewhere; see weights.hpp.
#pragma once

#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/name_pattern.hpp"

namespace vrambudget {
namespace detail {

/// What every name that matches a regular expression (ECMAScript) contains: the plain characters that it
/// begins with. Looking for it is a hundred times faster than matching.
inline std::string literal_start(std::string_view pattern) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  // alternatives may begin otherwise
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\')
      ++i;
    else if (in_class || c == '[')
      in_class = c != ']';
    else if (c == '|' && depth == 0)
      return {};
    else
      depth += (c == '(') - (c == ')');
  }
  std::string literal;
  for (std::size_t i = pattern.starts_with('^') ? 1 : 0; i < pattern.size(); ++i) {
    const bool escaped = pattern[i] == '\\' && i + 1 < pattern.size() && pattern[i + 1] == '.';
    if (!escaped && !is_plain(pattern[i])) break;
    i += escaped;
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (next == '*' || next == '?' || next == '{') break;  // perhaps none of it
    literal += pattern[i];
  }
  return literal;
}

/// Tensors sent elsewhere by `-ot`, `-cmoe`, `-ncmoe` and `-ncffn`; the first match decides.
class weight_overrides {
 public:
  static constexpr int none = -1;
  static constexpr int idle_device = -2;  ///< one that is there, but that the run does not use

  /// `n_present`: the devices of the machine, which may be more than the run uses.
  [[nodiscard]] static result<weight_overrides> compile(const run& r, const placement& place,
                                                        std::size_t n_present) {
    constexpr std::size_t most_steps = 1u << 14;  // some hundred lines of -ot as people write them
    weight_overrides all(r, place.host());
    std::size_t n_steps = 0;
    for (const tensor_override& o : r.overrides) {
      const result<int> backend = backend_of(o.buffer, r, place, n_present);
      if (!backend) return backend.error();
      auto pattern = name_pattern::compile(o.pattern);
      if (!pattern) return error{errc::invalid_argument, "-ot: " + pattern.error().message};
      n_steps += pattern->n_steps();
      if (n_steps > most_steps)
        return error{errc::invalid_argument,
                     "-ot: " + std::to_string(r.overrides.size()) +
                         " regular expressions that take more than " +
                         std::to_string(most_steps) + " steps together"};
      all.rules_.push_back({std::move(*pattern), literal_start(o.pattern), *backend,
                            o.after_cpu_moe, o.after_cpu_ffn});
    }
    return all;
  }

  /// The backend `name` is sent to, none, or idle_device.
  [[nodiscard]] int find(const std::string& name, const stacked_name& parts) const {
    if (is_empty_) return none;
    // the engine looks for "blk.N.ffn_" anywhere, thus also in T5's stacks
    const auto& [stack, il, rest] = parts;
    const bool by_moe = il >= 0 && is_expert(rest) && (cpu_moe_ || il < n_cpu_moe_);
    const bool by_ffn = il >= 0 && is_dense(rest) && il < n_cpu_ffn_;
    for (const rule& r : rules_) {
      if (!r.is_in(name)) continue;
      r.matches = true;
      return (r.after_cpu_moe && by_moe) || (r.after_cpu_ffn && by_ffn) ? host_ : r.backend;
    }
    return by_moe || by_ffn ? host_ : none;
  }

  /// Which rules, by number, match no tensor of all that were looked for, nor one that an earlier rule took.
  [[nodiscard]] std::vector<std::size_t> unmatched(const model& m) const {
    std::vector<std::size_t> none_of;
    for (std::size_t i = 0; i < rules_.size(); ++i)
      if (!rules_[i].matches &&
          std::none_of(m.tensors.begin(), m.tensors.end(),
                       [&](const model_tensor& t) { return rules_[i].is_in(t.name); }))
        none_of.push_back(i);
    return none_of;
  }

 private:
  weight_overrides(const run& r, int host)
      : host_(host),
        cpu_moe_(r.cpu_moe),
        n_cpu_moe_(static_cast<int>(r.n_cpu_moe)),
        n_cpu_ffn_(static_cast<int>(r.n_cpu_ffn)),
        is_empty_(!has_overrides(r)) {}

  /// The backend of a buffer that was typed.
  static result<int> backend_of(const std::string& buffer, const run& r, const placement& place,
                                std::size_t n_present) {
    int backend = none;
    std::string valid = "CPU";
    if (buffer == "CPU") backend = place.host();
    // cards that are one device are none that a tensor can be sent to
    const bool is_one = place.mode() == split_mode::tensor;
    for (std::uint32_t i = 0; i < place.n_devices() && !is_one; ++i) {
      const std::string id =
          name(device_id{place.memory(static_cast<int>(i)).backend, index_of(r, i)});
      valid += ", " + id;
      if (buffer == id) backend = static_cast<int>(i);
    }
    for (std::size_t i = 0; i < n_present && backend == none; ++i)
      if (buffer == name(device_id{place.memory(0).backend, static_cast<std::uint32_t>(i)}))
        backend = idle_device;
    if (backend == none)
      return error{errc::invalid_argument,
                   "-ot: there is no buffer '" + buffer + "'; there are " + valid};
    return backend;
  }

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
    name_pattern pattern;
    std::string start;  ///< literal_start() of it
    int backend;
    bool after_cpu_moe, after_cpu_ffn;
    mutable bool matches = false;  ///< a tensor that was looked for

    [[nodiscard]] bool is_in(const std::string& name) const {
      return name.find(start) != name.npos && pattern.is_in(name);
    }
  };
  std::vector<rule> rules_;
  int host_;
  bool cpu_moe_;
  int n_cpu_moe_, n_cpu_ffn_;
  bool is_empty_;  ///< nothing is sent anywhere
};

/// Places one tensor after the other.
class weight_placer {
 public:
  weight_placer(const model& m, const placement& place, const run& r,
                const weight_overrides& overrides)
      : m_(m),
        place_(place),
        overrides_(overrides),
        rules_(r.profile.rules),
        cpu_(r.cpu.value_or(usual_cpu_beside(place))),
        repacks_(r.repack),
        reads_host_(!r.no_host && place.n_devices() > 0 &&
                    has_host_buffers(place.memory(0).backend)),
        loads_nextn_(loads_nextn(r)),
        is_tied_(ties_output(m)) {
    out_.all.reserve(m.tensors.size() + 4);
  }

  /// Adds all copies of tensor `i`, none of one that is not loaded.
  result<void> add(std::uint32_t i) {
    const model_tensor& t = m_.tensors[i];
    const stacked_name name = stack_of(t.name);
    if (is_draft_tensor(m_, name) && !loads_nextn_) return {};
    if (is_ignored_tensor(name)) return {};
    const int sent = overrides_.find(t.name, name);
    if (sent == weight_overrides::idle_device)
      return error{errc::invalid_argument,
                   "-ot sends '" + t.name + "' to a GPU that this run does not use"};
    const auto chosen = [&](int usual) {
      if (sent >= 0) return sent;
      return usual != place_.host() && !takes_weight(place_.memory(usual), m_, t, rules_)
                 ? place_.host()
                 : usual;
    };
    const tensor_place p = place_of(m_, name, rules_.starts_hrm_in_layer);
    if (p.kind == tensor_class::input)
      add_input(i, sent >= 0 ? sent : place_.host(), chosen(place_.output_backend()));
    else if (p.kind == tensor_class::output)
      add_copy(i, chosen(place_.output_backend()));
    else if (p.per_layer)
      add_for_layers(i, chosen);
    else
      add_copy(i, chosen(place_.layer_backend(static_cast<std::uint32_t>(p.il))));
    return {};
  }

  [[nodiscard]] weights take() { return std::move(out_); }

 private:
  void add_copy(std::uint32_t i, int backend, bool is_input = false) {
    const model_tensor& t = m_.tensors[i];
    const bool is_cpus = backend == place_.host() && lies_in_plain_memory(t, is_input);
    if (!is_cpus)
      return out_.all.push_back({i, backend, weight_size(t, place_.buffers(backend))});
    const cpu::layout as = layout_of(t, is_input);
    out_.all.push_back({i, backend, cpu::size_of(t, as), as});
  }
  [[nodiscard]] cpu::layout layout_of(const model_tensor& t, bool is_input) const {
    return repacks_ ? cpu::layout_of(m_, t, is_input, cpu_) : cpu::layout::plain;
  }
  /// What the first device could not compute with does not lie in memory that it reads. Rows of inputs are only
  /// looked up.
  [[nodiscard]] bool lies_in_plain_memory(const model_tensor& t, bool is_input) const {
    if (!reads_host_) return true;
    const backend_memory& first = place_.memory(0);
    if (is_input) return first.largest_tensor > 0 && t.size.count > first.largest_tensor;
    return !takes_weight(first, m_, t, rules_);
  }
  /// An input, and the copy of tied embeddings that the output multiplies by.
  void add_input(std::uint32_t i, int backend, int of_output) {
    add_copy(i, backend, true);
    if (!is_tied_ || m_.tensors[i].name != "token_embd.weight") return;
    if (of_output != backend || always_copies_output(m_) || lies_elsewhere_as_output(i, of_output))
      add_copy(i, of_output);
  }
  /// On the host, where the embeddings lie too: but in another buffer.
  [[nodiscard]] bool lies_elsewhere_as_output(std::uint32_t i, int backend) const {
    const model_tensor& t = m_.tensors[i];
    return backend == place_.host() && lies_in_plain_memory(t, false) &&
           layout_of(t, false) != cpu::layout::plain;
  }
  /// One copy in each memory that has a layer which reads it.
  template <class Chosen>
  void add_for_layers(std::uint32_t i, Chosen&& chosen) {
    const hparams& hp = m_.hp;
    std::vector<int> seen;
    const bool all = loads_nextn_ || hp.n_layer() == 0;
    for (std::uint32_t il = 0; il < (all ? hp.n_layer_all : hp.n_layer()); ++il) {
      if (m_.traits->full_layer_factors && hp.is_swa(il)) continue;
      const int b = chosen(place_.layer_backend(il));
      if (std::find(seen.begin(), seen.end(), b) != seen.end()) continue;
      seen.push_back(b);
      add_copy(i, b);
    }
  }

  const model& m_;
  const placement& place_;
  const weight_overrides& overrides_;
  const engine_rules& rules_;
  cpu_variant cpu_;
  bool repacks_;
  bool reads_host_;  ///< the first device reads buffers of the host
  bool loads_nextn_, is_tied_;
  weights out_;
};

}  // namespace detail

result<weights> place_weights(const model& m, const placement& place, const run& r,
                              std::size_t n_present) {
  const auto overrides = detail::weight_overrides::compile(r, place, n_present);
  if (!overrides) return overrides.error();
  detail::weight_placer placer(m, place, r, *overrides);
  for (std::uint32_t i = 0; i < m.tensors.size(); ++i)
    if (const auto ok = placer.add(i); !ok) return ok.error();
  weights placed = placer.take();
  for (const std::size_t i : overrides->unmatched(m))
    placed.unmatched.push_back(r.overrides[i].pattern);
  return placed;
}

}  // namespace vrambudget
