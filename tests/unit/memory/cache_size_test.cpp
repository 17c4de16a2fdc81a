#include "vrambudget/memory/cache_size.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"

using namespace vrambudget;

namespace {

memory_layout laid_out(const model& m, const run& r) {
  const auto where = place_layers(r, std::vector{testing::card()}, m.hp.n_layer_all).value();
  return layout_of(m, effective_context(r, m.hp).value(), where);
}
bytes on_gpu(const memory_layout& l) { return kv_cache_bytes(l, 0, cuda::buffers); }

}  // namespace

TEST_SUITE("cache_size") {
  // 4 layers, 2 heads of 64 for K and for V: 128 elements a cell each
  TEST_CASE("each half follows its own type and cells count per stream") {
    const model m = testing::small_llama().value();
    CHECK(on_gpu(laid_out(m, {.n_ctx = 4096, .n_parallel = 1})).count ==
          4 * 4096 * (128 + 128) * 2);
    CHECK(on_gpu(laid_out(m, {.n_ctx = 4096, .n_parallel = 4})).count ==
          4 * 4096 * (128 + 128) * 2);
    // K: 128 of q8_0 are 136 bytes, and CUDA wants room for 384 more elements, 408 bytes, to 512
    const bytes k = pad(bytes{4096 * 136 + 408}, 128);
    CHECK(on_gpu(laid_out(m, {.n_ctx = 4096, .n_parallel = 1, .type_k = ggml_type::q8_0})).count ==
          4 * (k.count + 4096 * 256));
  }

  TEST_CASE("quantized caches are rotated and others are not") {
    const model m = testing::small_llama().value();
    const auto l = laid_out(m, {.n_parallel = 1, .type_k = ggml_type::q8_0});
    CHECK(l.caches.at(0).rot_k == 64);
    CHECK(l.caches.at(0).rot_v == 0);
  }

  TEST_CASE("a sliding window keeps its tokens and a micro-batch per sequence") {
    const auto more = [](gguf::writer& w) {
      w.add("gemma3.attention.sliding_window", std::uint32_t{1000});
    };
    const model m = testing::small_llama(more, "gemma3").value();
    const auto l = laid_out(m, {.n_ctx = 8192, .n_ubatch = 512, .n_parallel = 2});
    REQUIRE(l.caches.size() == 2);
    CHECK(l.caches[1].n_cell == 1536);  // 1000 + 512, up to a multiple of 256, for each of 2
    CHECK(l.caches[1].n_stream == 2);
    CHECK(laid_out(m, {.n_ctx = 8192}).caches[1].n_cell == 4608);  // unified: 4 x 1000 + 512
    CHECK(laid_out(m, {.n_ctx = 1024}).caches[1].n_cell == 1024);  // never more than the context
    CHECK(laid_out(m, {.n_ctx = 8192, .swa_full = true}).caches[1].n_cell == 8192);
    CHECK(l.caches[1].layers.size() == 4);  // of every six layers the last is full; there are four
  }

  TEST_CASE("without KV offload the cache is on the host") {
    const model m = testing::small_llama().value();
    const auto l = laid_out(m, {.n_ctx = 4096, .n_parallel = 1, .offload_kqv = false});
    CHECK(on_gpu(l).count == 0);
    CHECK(kv_cache_bytes(l, 1, cpu::buffers).count == 4 * 4096 * 256 * 2);
  }

  TEST_CASE("recurrent layers keep a convolution and a state for each sequence") {
    const auto more = [](gguf::writer& w) {
      for (const auto& [name, n] : {std::pair{"conv_kernel", 4u},
                                    {"inner_size", 512u},
                                    {"state_size", 128u},
                                    {"time_step_rank", 8u},
                                    {"group_count", 1u}})
        w.add(std::string("mamba2.ssm.") + name, n);
    };
    const model m = testing::small_llama(more, "mamba2").value();
    const auto l = laid_out(m, {.n_parallel = 3});
    REQUIRE(l.recurrent.has_value());
    CHECK(l.caches.empty());
    // (4 - 1) x (512 + 2 x 128) and 128 x 512 elements of 4 bytes, 3 sequences, 4 layers
    CHECK(recurrent_state_bytes(*l.recurrent, 0, cuda::buffers).count ==
          4 * 3 * 4 * (3 * 768 + 128 * 512));
  }

  TEST_CASE("latent attention keeps K alone") {
    const auto more = [](gguf::writer& w) {
      for (const auto& [name, n] : {std::pair{"attention.kv_lora_rank", 512u},
                                    {"attention.key_length", 576u},
                                    {"attention.value_length", 512u},
                                    {"attention.key_length_mla", 192u},
                                    {"attention.value_length_mla", 128u}})
        w.add(std::string("deepseek2.") + name, n);
    };
    const model m = testing::small_llama(more, "deepseek2").value();
    CHECK(on_gpu(laid_out(m, {.n_ctx = 4096, .n_parallel = 1})).count ==
          4 * 4096 * 2 * 576 * 2);  // 2 KV heads here
    const memory_layout latent = laid_out(m, {});
    for (const kv_layer& k : latent.caches.at(0).layers) CHECK(k.v_width == 0);
  }
}
