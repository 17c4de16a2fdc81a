// Changes that a run may take on its own account, each as data: what_would_fit.ipp looks for as few as it takes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::detail {

/// Changes a run; nothing if the run has nothing of the kind to give.
struct lever {
  change_kind kind;
  std::optional<run> (*pull)(const run&, const model&);
};

/// Whether there is memory of the host's own, to which something can go from devices.
[[nodiscard]] inline bool host_has_its_own(std::span<const device> devices) {
  return !devices.empty() &&
         std::none_of(devices.begin(), devices.end(), [](const device& d) { return d.unified; });
}

/// K and V in a type that is smaller than one of them.
template <ggml_type Type>
[[nodiscard]] std::optional<run> with_cache_type(const run& r, const model&) {
  if (row_size(Type, 256) >= row_size(r.type_k, 256) &&
      row_size(Type, 256) >= row_size(r.type_v, 256))
    return std::nullopt;
  run smaller = r;
  smaller.type_k = smaller.type_v = Type;
  return smaller;
}

/// Whether flash attention on these devices reads K and V of different types as they are. CUDA's usual builds make
/// copies of both in f16 for every token.
/// Source: llama.cpp, ggml/CMakeLists.txt: GGML_CUDA_FA_QUANTS; ggml/src/ggml-vulkan/ggml-vulkan.cpp: FLASH_ATTN_EXT
[[nodiscard]] inline bool reads_pairs(std::span<const device> devices) {
  return std::all_of(devices.begin(), devices.end(),
                     [](const device& d) { return d.backend == backend_kind::vulkan; });
}

/// Whether K or V lose more than next to nothing.
[[nodiscard]] inline bool has_few_bits(const run& r) {
  const auto is_few = [](ggml_type t) { return row_size(t, 256) < row_size(ggml_type::q8_0, 256); };
  return is_few(r.type_k) || is_few(r.type_v);
}

[[nodiscard]] inline std::optional<run> without_swa_full(const run& r, const model& m) {
  if (!r.swa_full || m.hp.swa.type == swa_type::none) return std::nullopt;
  run window = r;
  window.swa_full = false;
  return window;
}

/// One slot, with a context that is no longer than its training if it was not before.
[[nodiscard]] inline std::optional<run> with_one_slot(const run& r, const model& m) {
  if (sequences(r) <= 1) return std::nullopt;
  run one = r;
  one.n_parallel = 1;
  one.kv_unified.reset();
  const std::uint32_t trained = m.hp.n_ctx_train;
  const std::uint32_t of_a_slot = unified(r) ? r.n_ctx : r.n_ctx / sequences(r);
  if (trained > 0 && of_a_slot <= trained) one.n_ctx = std::min(r.n_ctx, trained);
  return one;
}

/// The smallest micro-batch that is worth it.
inline constexpr std::uint32_t least_ubatch = 64, usual_least_ubatch = 128;
[[nodiscard]] inline std::optional<run> with_small_ubatch(const run& r, const model&) {
  if (r.n_ubatch <= usual_least_ubatch) return std::nullopt;
  run smaller = r;
  smaller.n_ubatch = usual_least_ubatch;
  return smaller;
}

/// A run with something of its first `n` layers on the host: their experts, their feed-forward tensors, or all of them.
[[nodiscard]] inline run with_on_host(run r, change_kind by, std::uint32_t n, const model& m) {
  const std::uint32_t n_layer = m.hp.n_layer_all;
  if (by == change_kind::n_gpu_layers) {
    r.n_gpu_layers = static_cast<std::int32_t>(n_layer + 1 - n);
  } else if (by == change_kind::n_cpu_ffn) {
    r.n_cpu_ffn = n;
  } else {
    r.cpu_moe = n == n_layer;
    r.n_cpu_moe = r.cpu_moe ? 0 : n;
  }
  return r;
}

/// What may be pulled together, in this order: all of it leaves the model and its context as they are.
inline constexpr std::array levers{
    lever{change_kind::swa_full, without_swa_full},
    lever{change_kind::cache_types, with_cache_type<ggml_type::q8_0>},
    lever{change_kind::n_ubatch, with_small_ubatch},
    lever{change_kind::n_parallel, with_one_slot},
    lever{change_kind::cache_types, with_cache_type<ggml_type::q4_0>},
};

/// Which of them are pulled.
using pulled = std::array<bool, levers.size()>;

[[nodiscard]] inline run with(const pulled& which, run r, const model& m) {
  for (std::size_t i = 0; i < levers.size(); ++i)
    if (which[i])
      if (auto changed = levers[i].pull(r, m)) r = std::move(*changed);
  return r;
}

}  // namespace vrambudget::detail
