#include "vrambudget/memory/weights.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/memory/place_layers.hpp"

using namespace vrambudget;

namespace {

weights placed(const model& m, const run& r, std::uint32_t n_cards = 1) {
  const std::vector<device> devices(n_cards, testing::card());
  return place_weights(m, place_layers(r, devices, m.hp.n_layer_all).value(), r).value();
}

int backend_of(const model& m, const weights& w, std::string_view name) {
  for (const placed_weight& p : w.all)
    if (m.tensors[p.tensor].name == name) return p.backend;
  return -1;
}

// of the small llama: 256 x 1000 of q8_0, 256 values in 8 blocks of 34 bytes
constexpr std::uint64_t embeddings = 1000 * 8 * 34;
// norms 2 x 1024; q and output 2 x 131072; k and v 2 x 65536; FFN 3 x 262144
constexpr std::uint64_t layer = 2 * 1024 + 2 * 131072 + 2 * 65536 + 3 * 262144;

}  // namespace

TEST_SUITE("weights") {
  TEST_CASE("tied embeddings are on the host and again where the output is") {
    const model m = testing::small_llama().value();
    const weights w = placed(m, {});
    CHECK(w.on(1).count == embeddings);
    // 256 is no multiple of 512: CUDA adds a row of 256 more values, 272 bytes; then multiples of 128
    CHECK(w.on(0).count == 4 * layer + 1024 + (embeddings + 272 + 127) / 128 * 128);
  }

  TEST_CASE("layers on the host take their tensors there and no copy is made of anything") {
    const model m = testing::small_llama().value();
    const weights w = placed(m, {.n_gpu_layers = 0});
    CHECK(w.on(0).count == 0);
    CHECK(w.on(1).count == embeddings + 1024 + 4 * layer);
  }

  TEST_CASE("what the host's CPU repacks lies in a buffer of its own, tied embeddings twice") {
    const model m = testing::small_llama().value();
    const cpu_variant haswell = *find_cpu_variant("haswell");
    const weights plain = placed(m, {.cpu = haswell}, 0);
    CHECK(plain.on(0).count == embeddings + 1024 + 4 * layer);
    CHECK(plain.on(0, true).count == 0);
    // q8_0 on ARM: looked up in the file's order, multiplied by in the CPU's
    const weights arm = placed(m, {.cpu = usual_apple_cpu}, 0);
    CHECK(arm.on(0, false).count == embeddings + 1024 + 4 * layer);
    CHECK(arm.on(0, true).count == embeddings);
    CHECK(placed(m, {.repack = false, .cpu = usual_apple_cpu}, 0).on(0, true).count == 0);
  }

  TEST_CASE("beside a GPU that reads the host's buffers nothing is repacked") {
    const model m = testing::small_llama().value();
    const run r{.n_gpu_layers = 0, .cpu = usual_apple_cpu};
    CHECK(placed(m, r).on(1, true).count == 0);
    run without = r;
    without.no_host = true;
    CHECK(placed(m, without).on(1, true).count == embeddings);
  }

  TEST_CASE("an output matrix of its own ends the copy") {
    const model m = testing::small_llama([](gguf::writer& w) {
                      w.add_tensor("output.weight", ggml_type::f16, {256, 1000});
                    }).value();
    CHECK(placed(m, {}).on(0).count == 4 * layer + 1024 + 512000);
  }

  TEST_CASE("the first override that matches decides and unknown buffers are listed") {
    const model m = testing::small_llama().value();
    const run r{.overrides = {{"blk\\.1\\.ffn", "CPU"}, {"ffn_up", "CUDA1"}}};
    const weights w = placed(m, r, 2);
    CHECK(backend_of(m, w, "blk.1.ffn_up.weight") == 2);
    CHECK(backend_of(m, w, "blk.2.ffn_up.weight") == 1);
    const auto where = place_layers({}, std::vector{testing::card()}, 4).value();
    const auto wrong = place_weights(m, where, {.overrides = {{"x", "CUDA1"}}});
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().message.find("CPU, CUDA0") != std::string::npos);
    // the main GPU alone keeps its name: CUDA0 is not in this run
    const auto alone = [](const char* buffer) {
      return run{.split_mode = split_mode::none, .main_gpu = 1, .overrides = {{"x", buffer}}};
    };
    CHECK(place_weights(m, where, alone("CUDA1")).has_value());
    CHECK_FALSE(place_weights(m, where, alone("CUDA0")).has_value());
    // if the machine has it, only a tensor that would go there is refused
    CHECK(place_weights(m, where, alone("CUDA0"), 2).has_value());
    const run up{.split_mode = split_mode::none, .overrides = {{"ffn_up", "CUDA1"}}};
    CHECK_FALSE(place_weights(m, where, up, 2).has_value());
    // by the names of the backend that the run's devices have
    device radeon = testing::card();
    radeon.backend = backend_kind::vulkan;
    const auto on_radeon = place_layers({}, std::vector{radeon}, 4).value();
    CHECK(place_weights(m, on_radeon, alone("Vulkan0"), 2).has_value());
    CHECK_FALSE(place_weights(m, on_radeon, alone("CUDA0"), 2).has_value());
    CHECK_FALSE(place_weights(m, where, {.overrides = {{"(", "CPU"}}}).has_value());
    const auto grouped = place_weights(m, where, {.overrides = {{"(a)\\1", "CPU"}}});
    REQUIRE_FALSE(grouped.has_value());
    CHECK(grouped.error().code == errc::invalid_argument);
    CHECK(grouped.error().message.starts_with("-ot: '(a)\\1'"));
    // std::regex would take years
    CHECK(place_weights(m, where, {.overrides = {{"(.*)*(.*)*(.*)*!", "CPU"}}}).has_value());
    // "blk.1.ffn" is eleven steps: the letters and the end, and where to begin
    const std::vector<tensor_override> many(3000, {"blk.1.ffn", "CPU"});
    const auto too_many = place_weights(m, where, {.overrides = many});
    REQUIRE_FALSE(too_many.has_value());
    CHECK(too_many.error().code == errc::invalid_argument);
  }

  // by ECMAScript's rules: which of blk.0 to blk.3 have their ffn_up on the host
  TEST_CASE("patterns with alternatives, classes, anchors and quantifiers match what they mean") {
    const model m = testing::small_llama().value();
    const std::pair<const char*, const char*> cases[] = {
        {"blk\\.1\\.ffn_up", "1"},
        {"blk\\.1\\.ffn_up|blk\\.3\\.ffn_up", "13"},
        {"blk\\.1\\.(ffn_up|ffn_down)", "1"},
        {"(blk\\.1|blk\\.2)\\.ffn_up", "12"},
        {"blk\\.[13]\\.ffn_up", "13"},
        {"blk\\.[^|1]\\.ffn_up", "023"},
        {"^blk\\.2\\.ffn_up", "2"},
        {"^lk\\.2\\.ffn_up", ""},
        {"k\\.2\\.ffn_upx?", "2"},
        {"k\\.2\\.ffn_upx*\\.w", "2"},
        {"k\\.2\\.ffn_upx{0,1}", "2"},
        {"k\\.2\\.f+n_up", "2"},
        {"k\\.2.ffn_u\\x70", "2"},
        {"ffn_up", "0123"},
        {"", "0123"},
    };
    for (const auto& [pattern, hosts] : cases) {
      CAPTURE(pattern);
      const weights w = placed(m, {.overrides = {{pattern, "CPU"}}});
      std::string found;
      for (const char* il : {"0", "1", "2", "3"})
        if (backend_of(m, w, "blk." + std::string(il) + ".ffn_up.weight") == 1) found += il;
      CHECK(found == hosts);
    }
  }

  TEST_CASE("experts and dense feed-forward of the first layers can stay on the host") {
    const model m =
        testing::small_llama([](gguf::writer& w) {
          w.add("llama.expert_count", std::uint32_t{2});
          w.add("llama.expert_used_count", std::uint32_t{1});
          for (const char* name : {"blk.0.ffn_up_exps.weight", "blk.3.ffn_gate_up_chexps.weight"})
            w.add_tensor(name, ggml_type::f16, {256, 512, 2});
        }).value();
    CHECK(backend_of(m, placed(m, {.cpu_moe = true}), "blk.3.ffn_gate_up_chexps.weight") == 1);
    CHECK(backend_of(m, placed(m, {.n_cpu_moe = 3}), "blk.3.ffn_gate_up_chexps.weight") == 0);
    CHECK(backend_of(m, placed(m, {.n_cpu_moe = 3}), "blk.0.ffn_up_exps.weight") == 1);
    CHECK(backend_of(m, placed(m, {.n_cpu_moe = 3}), "blk.0.ffn_up.weight") == 0);
    CHECK(backend_of(m, placed(m, {.n_cpu_ffn = 1}), "blk.0.ffn_up.weight") == 1);
    CHECK(backend_of(m, placed(m, {.n_cpu_ffn = 1}), "blk.0.ffn_norm.weight") == 0);
    // as on the command line: what is given first decides
    run r{.n_cpu_ffn = 1};
    r.overrides = {{"ffn_up", "CUDA0"}};
    CHECK(backend_of(m, placed(m, r), "blk.0.ffn_up.weight") == 0);
    r.overrides[0].after_cpu_ffn = true;
    CHECK(backend_of(m, placed(m, r), "blk.0.ffn_up.weight") == 1);
  }

  TEST_CASE("types that CUDA cannot multiply by stay on the host") {
    const model m = testing::small_llama([](gguf::writer& w) {
                      w.add_tensor("blk.0.attn_gate.weight", ggml_type::tq1_0, {256, 256});
                    }).value();
    CHECK(backend_of(m, placed(m, {}), "blk.0.attn_gate.weight") == 1);
  }
}
