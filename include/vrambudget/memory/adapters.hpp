// Where LoRA adapters and control vectors go, and how much room they take there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/adapters.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// A pair of matrices in the memory of a backend.
struct placed_pair {
  const low_rank_pair* is = nullptr;
  int backend = 0;
  bytes size;  ///< of both, padded
};

/// One adapter.
struct placed_lora {
  std::vector<placed_pair> pairs;
  bool applies = true;  ///< off: its scale is 0

  [[nodiscard]] bytes on(int backend) const {
    bytes sum;
    for (const placed_pair& p : pairs)
      if (p.backend == backend) sum += p.size;
    return sum;
  }
};

/// All that is loaded beside a model's tensors.
struct placed_adapters {
  std::vector<placed_lora> loras;
  std::vector<bytes> directions;  ///< of control vectors, by backend; empty: there are none

  [[nodiscard]] bool applies() const {
    return std::any_of(loras.begin(), loras.end(), [](const placed_lora& l) { return l.applies; });
  }
  [[nodiscard]] bytes pairs_on(int backend) const {
    bytes sum;
    for (const placed_lora& l : loras) sum += l.on(backend);
    return sum;
  }
  [[nodiscard]] bytes directions_on(int backend) const {
    const auto i = static_cast<std::size_t>(backend);
    return i < directions.size() ? directions[i] : bytes{};
  }
  [[nodiscard]] std::uint64_t n_pairs() const {
    std::uint64_t n = 0;
    for (const placed_lora& l : loras) n += l.pairs.size();
    return n;
  }
};

namespace detail {

/// How they lie: on the host in plain memory, wherever the tensors are that they are for.
inline const ggml::buffer_type& buffers_of_adapters(const placement& where, int backend) {
  return backend == where.host() ? cpu::buffers : where.buffers(backend);
}

/// The pairs of an adapter, each where the model's tensor lies that it is for.
inline result<placed_lora> place_lora(const model& m, const weights& placed, const placement& where,
                                      const lora_adapter& l) {
  if (l.architecture != m.architecture)
    return error{errc::invalid_argument, "an adapter for architecture '" + l.architecture +
                                             "', and the model's is '" + m.architecture + "'"};
  placed_lora out;
  out.applies = l.scale != 0;
  std::unordered_map<std::string_view, const placed_weight*> by_name;
  for (const placed_weight& w : placed.all)  // of tied embeddings the first copy decides, the input
    by_name.emplace(m.tensors[w.tensor].name, &w);
  for (const low_rank_pair& p : l.pairs) {
    const auto found = by_name.find(p.of);
    if (found == by_name.end())
      return error{errc::invalid_argument, "the model has no tensor '" + gguf::printable(p.of) +
                                               "', which this adapter is for"};
    const placed_weight* const w = found->second;
    if (auto ok = check_pair(m.tensors[w->tensor], p); !ok) return ok.error();
    const ggml::buffer_type& in = buffers_of_adapters(where, w->backend);
    out.pairs.push_back({&p, w->backend, weight_size(p.a, in) + weight_size(p.b, in)});
  }
  return out;
}

}  // namespace detail

/// Places all that is loaded with a model.
///
/// Formula:  LoRA: per adapter and backend one buffer, sum of pad(A) + pad(B), where the tensor lies that
///           they are for; control vectors: one f32 row of n_embd for each layer but the first, where the
///           layer is computed, whatever layers they change
/// Errors:   invalid_argument  an adapter or a control vector for another model
///           unsupported       adapters of cards that share tensors (-sm tensor, -sm row)
/// Accuracy: exact
/// Source:   llama.cpp, src/llama-adapter.cpp: llama_adapter_lora_init_impl, llama_adapter_cvec::init
[[nodiscard]] inline result<placed_adapters> place_adapters(const model& m, const weights& placed,
                                                            const placement& where) {
  placed_adapters out;
  if (!m.adapted_by) return out;
  if (where.mode() == split_mode::tensor || where.mode() == split_mode::row)
    return error{errc::unsupported,
                 "adapters on cards that share tensors (-sm tensor, -sm row) are not modelled"};
  for (const lora_adapter& l : m.adapted_by->loras) {
    auto one = detail::place_lora(m, placed, where, l);
    if (!one) return in_context("--lora " + l.path, one.error());
    out.loras.push_back(std::move(*one));
  }
  for (const control_vector& v : m.adapted_by->control_vectors)
    if (v.n_embd != m.hp.n_embd)
      return error{errc::invalid_argument,
                   "--control-vector " + v.path + ": rows of " + std::to_string(v.n_embd) +
                       " values, and the model's layers give " + std::to_string(m.hp.n_embd)};
  if (m.adapted_by->control_vectors.empty()) return out;
  out.directions.resize(static_cast<std::size_t>(where.host()) + 1);
  for (std::uint32_t il = 1; il < m.hp.n_layer(); ++il) {
    const int backend = where.layer_backend(il);
    out.directions[static_cast<std::size_t>(backend)] +=
        pad(bytes{4} * m.hp.n_embd, detail::buffers_of_adapters(where, backend).alignment);
  }
  return out;
}

}  // namespace vrambudget
