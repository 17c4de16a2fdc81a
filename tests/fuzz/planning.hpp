// What fuzzers plan with: devices of each backend, and a run that a few bytes choose.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/request/answers.hpp"

namespace vrambudget::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// What failed says why.
template <class T>
bool holds(const result<T>& r) {
  if (!r) require(!r.error().message.empty());
  return r.has_value();
}

/// Two cards of NVIDIA's, one of AMD's under Vulkan, a chip of Apple's, none.
inline const std::vector<device>& devices_of(std::uint8_t choice) {
  static const auto named = [](std::vector<std::string> names) {
    request::plan_request q;
    q.gpus.names = std::move(names);
    return request::open_devices(q).value();
  };
  static const std::array<std::vector<device>, 5> all{
      named({"3090"}), named({"3090", "4060ti"}), named({"7900xtx"}), named({"m4-max-64gb"}), {}};
  return all[choice % all.size()];
}

constexpr std::size_t n_run_bytes = 8;

/// A run as these bytes say.
inline run run_of(std::span<const std::uint8_t, n_run_bytes> o) {
  constexpr std::array<std::uint32_t, 8> contexts{256,    512,      4096, 32768,
                                                  131072, 1u << 20, 0,    2147483647};
  constexpr std::array<std::uint32_t, 8> batches{512, 1, 0, 64, 2048, 4096, 2147483647, 33};
  constexpr std::array<std::uint32_t, 8> slots{1, 0, 2, 4, 8, 64, 256, 3};
  constexpr std::array types{ggml_type::f16, ggml_type::q8_0, ggml_type::q4_0, ggml_type::f32};
  run r;
  r.n_ctx = contexts[o[0] & 7];
  r.n_ubatch = batches[o[1] & 7];
  if (o[1] & 64) r.n_batch = batches[(o[1] >> 3) & 7];
  r.n_parallel = slots[o[2] & 7];
  r.type_k = types[o[3] & 3];
  r.type_v = types[(o[3] >> 2) & 3];
  r.flash_attn = static_cast<flash_attn>((o[3] >> 4) % 3);
  r.n_gpu_layers = o[4] & 128 ? -1 : o[4] & 127;
  r.cpu_moe = o[5] & 1;
  r.offload_kqv = !(o[5] & 2);
  r.op_offload = !(o[5] & 4);
  r.swa_full = o[5] & 8;
  r.embeddings = o[5] & 16;
  if (o[5] & 32) r.kv_unified = (o[5] & 64) != 0;
  r.pooling = static_cast<pooling>(o[6] % 6);
  if (o[6] & 64) r.spec_types.push_back(spec_type::draft_mtp);
  if ((o[7] & 0xc0) == 0xc0) r.split_mode = o[7] & 32 ? split_mode::row : split_mode::tensor;
  return r;
}

}  // namespace vrambudget::fuzz
