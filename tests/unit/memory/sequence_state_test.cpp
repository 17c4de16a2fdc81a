#include "vrambudget/memory/sequence_state.hpp"

#include <doctest/doctest.h>

#include <string>

#include "../header_of.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"

using namespace vrambudget;

namespace {

constexpr engine_rules silent{.states_tell_rotation = false}, telling{.states_tell_rotation = true};
constexpr std::uint64_t n_tokens = 100;

memory_layout layout(const model& m) {
  const run r{.n_ctx = 4096, .n_parallel = 1};
  return layout_of(m, effective_context(r, m.hp).value(),
                   place_layers(r, std::vector{testing::card()}, m.hp.n_layer_all).value());
}
std::uint64_t state(const model& m, const engine_rules& rules) {
  return sequence_state_bytes(layout(m), m.hp, rules, n_tokens).count;
}
std::uint64_t checkpoint(const model& m, const engine_rules& rules) {
  return checkpoint_bytes(layout(m), m.hp, rules, n_tokens).count;
}

model windowed() {
  return testing::small_llama(
             [](gguf::writer& w) { w.add("gemma3.attention.sliding_window", std::uint32_t{64}); },
             "gemma3")
      .value();
}
/// Layers 0, 1 and 2 are delta nets, layer 3 attends.
model mixed() {
  return testing::small_llama(
             [](gguf::writer& w) {
               const auto key = [&](const char* name, std::uint32_t n) {
                 w.add(std::string("qwen3next.") + name, n);
               };
               key("ssm.conv_kernel", 4);
               key("ssm.inner_size", 256);
               key("ssm.state_size", 64);
               key("ssm.time_step_rank", 4);
               key("ssm.group_count", 2);
             },
             "qwen3next")
      .value();
}
model recurrent() {
  return testing::small_llama(
             [](gguf::writer& w) {
               const auto key = [&](const char* name, std::uint32_t n) {
                 w.add(std::string("mamba2.") + name, n);
               };
               key("ssm.conv_kernel", 4);
               key("ssm.inner_size", 512);
               key("ssm.state_size", 128);
               key("ssm.time_step_rank", 8);
               key("ssm.group_count", 1);
             },
             "mamba2")
      .value();
}

}  // namespace

TEST_SUITE("sequence_state") {
  // 4 layers, 2 heads of 64 for K and for V in f16: 256 bytes each a cell.
  // llama_context: 8; state_write: streams 4, cells 4; state_write_meta: 4 + 4 + 4 a cell;
  // state_write_data: V's order 4, layers 4, and a layer's K and V each: type 4, size of a row 8, rows
  TEST_CASE("a plain cache is its cells behind a header") {
    const model m = testing::small_llama().value();
    CHECK(state(m, silent) == 8 + (4 + 4 + 4 + 4) + 4 * (12 + 12) + n_tokens * (12 + 4 * 512));
    CHECK(checkpoint(m, silent) == state(m, silent));
  }

  // llama.cpp of November 2026, src/llama-kv-cache.cpp: state_write_data writes n_rot_k and n_rot_v, 4 bytes
  // each, between the number of layers and the first of them; src/llama-memory-recurrent.cpp writes none
  TEST_CASE("each cache tells how K and V were rotated, whether they were or not") {
    const model plain = testing::small_llama().value();
    CHECK(state(plain, telling) == state(plain, silent) + 8);
    CHECK(checkpoint(plain, telling) == checkpoint(plain, silent) + 8);

    CHECK(state(windowed(), telling) == state(windowed(), silent) + 2 * 8);
    CHECK(checkpoint(windowed(), telling) ==
          checkpoint(windowed(), silent) + 8);  // the window alone

    CHECK(state(mixed(), telling) == state(mixed(), silent) + 8);
    CHECK(checkpoint(mixed(), telling) == checkpoint(mixed(), silent));  // states alone

    CHECK(state(recurrent(), telling) == state(recurrent(), silent));
  }
}
