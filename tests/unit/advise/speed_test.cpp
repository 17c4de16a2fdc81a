#include "vrambudget/advise/speed.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/memory/effective_context.hpp"

using namespace vrambudget;

namespace {

// of the small llama: rows of 256 q8_0 values are 8 blocks of 34 bytes
constexpr std::uint64_t row = 8 * 34, embeddings = 1000 * row;
// norms 2 x 1024; q and output 2 x 131072; k and v 2 x 65536; FFN 3 x 262144
constexpr std::uint64_t layer = 2 * 1024 + 2 * 131072 + 2 * 65536 + 3 * 262144;
// K and V of a token in a layer: 2 heads of 64 values of f16 each
constexpr std::uint64_t cell = 2 * 128 * 2;

decode_traffic traffic(const model& m, std::uint64_t depth, run r = {}, std::uint32_t n_cards = 1) {
  const std::vector<device> cards(n_cards, testing::card());
  r.n_ctx = 4096;
  r.n_parallel = 1;
  return decode_traffic_of(m, r, cards, effective_context(r, m.hp).value(), depth).value();
}

/// A decode speed of `read` bytes on one device and `of_host` on the host.
std::optional<decode_speed> speed_of(std::uint64_t read, std::uint64_t of_host,
                                     const device_rate& rate) {
  decode_traffic t;
  t.devices.emplace_back().weights = {read};
  t.host.weights = {of_host};
  return decode_speed_of(t, {&rate, 1});
}

}  // namespace

TEST_SUITE("speed") {
  TEST_CASE("tied embeddings are a row on the host and whole on the card, where the output is") {
    const decode_traffic t = traffic(testing::small_llama().value(), 100);
    REQUIRE(t.devices.size() == 1);
    CHECK(t.devices[0].weights.count == 4 * layer + 1024 + embeddings);
    CHECK(t.devices[0].rows.count == 0);
    CHECK(t.devices[0].cache.count == 4 * 100 * cell);
    CHECK(t.devices[0].states.count == 0);
    CHECK(t.host.rows.count == row);
    CHECK_FALSE(t.host.computes());
    CHECK(t.most == ggml_type::f16);
  }

  TEST_CASE("on the host tied embeddings are read once as a row and once as the output") {
    const decode_traffic t = traffic(testing::small_llama().value(), 0, {.n_gpu_layers = 0});
    CHECK(t.devices[0].all().count == 0);
    CHECK(t.host.rows.count == row);
    CHECK(t.host.weights.count == 4 * layer + 1024 + embeddings);
    CHECK(t.host.computes());
  }

  TEST_CASE("each memory is read for its own layers and their cache") {
    const model m = testing::small_llama().value();
    // of 5 with the output, -ngl 3 are two layers and the output
    const decode_traffic t = traffic(m, 10, {.n_gpu_layers = 3});
    CHECK(t.devices[0].weights.count == 2 * layer + 1024 + embeddings);
    CHECK(t.devices[0].cache.count == 2 * 10 * cell);
    CHECK(t.host.weights.count == 2 * layer);
    CHECK(t.host.cache.count == 2 * 10 * cell);
    const decode_traffic two = traffic(m, 10, {}, 2);  // 3 layers; 1 and the output
    CHECK(two.devices[0].weights.count == 3 * layer);
    CHECK(two.devices[1].weights.count == layer + 1024 + embeddings);
    CHECK(two.devices[1].cache.count == 10 * cell);
  }

  TEST_CASE("a quantized cache is read as its rows are stored") {
    const decode_traffic t = traffic(testing::small_llama().value(), 10,
                                     {.type_k = ggml_type::q8_0, .type_v = ggml_type::q4_0});
    CHECK(t.devices[0].cache.count == 4 * 10 * (4 * 34 + 4 * 18));  // 128 values are 4 blocks
  }

  TEST_CASE("of experts those are read that are used") {
    const model m = testing::small_llama([](gguf::writer& w) {
                      w.add("llama.expert_count", std::uint32_t{8});
                      w.add("llama.expert_used_count", std::uint32_t{2});
                      w.add_tensor("blk.0.ffn_up_exps.weight", ggml_type::f16, {256, 32, 8});
                      w.add_tensor("blk.0.ffn_gate_inp.weight", ggml_type::f32, {256, 8});
                    }).value();
    const std::uint64_t routed = 2 * (256 * 32 * 2), router = 256 * 8 * 4;
    CHECK(traffic(m, 0).devices[0].weights.count ==
          4 * layer + 1024 + embeddings + routed + router);
    const decode_traffic sent = traffic(m, 0, {.cpu_moe = true});
    CHECK(sent.host.weights.count == routed);
  }

  TEST_CASE("a window ends what its layers read of the cache") {
    // every second layer of gemma2 has the window, the first too
    const auto windowed = [](gguf::writer& w) {
      w.add("gemma2.attention.sliding_window", std::uint32_t{64});
    };
    const model m = testing::small_llama(windowed, "gemma2").value();
    CHECK(traffic(m, 50).devices[0].cache.count == 4 * 50 * cell);
    CHECK(traffic(m, 1000).devices[0].cache.count == (2 * 1000 + 2 * 64) * cell);
  }

  TEST_CASE("GPUs that share tensors, and what does not decode, have no numbers") {
    const model m = testing::small_llama().value();
    const std::vector<device> two(2, testing::card());
    const auto c = effective_context({.n_ctx = 4096}, m.hp).value();
    const run shares{.n_ctx = 4096, .split_mode = split_mode::tensor};
    CHECK(decode_traffic_of(m, shares, two, c, 0).error().code == errc::unsupported);
    CHECK(decode_traffic_of(m, shares, {two.data(), 1}, c, 0).has_value());
    model other = m;
    other.traits = &unknown_architecture;
    CHECK(decode_traffic_of(other, {}, two, c, 0).error().code == errc::unsupported);
    model encoder = m;
    encoder.hp.attn.causal = false;
    CHECK(decode_traffic_of(encoder, {}, two, c, 0).error().code == errc::unsupported);
  }

  TEST_CASE("the bound is bytes over bandwidth, and the expectation a share of it") {
    const reached_share half{.low = 0.4, .median = 0.5, .high = 0.8, .n = 7, .of = "some"};
    const auto s = speed_of(10'000'000'000, 0, {500'000'000'000, half});
    REQUIRE(s);
    CHECK(s->most == doctest::Approx(50));
    CHECK(s->most_basis == basis::bound);
    REQUIRE(s->expected);
    CHECK(s->expected->low == doctest::Approx(20));
    CHECK(s->expected->median == doctest::Approx(25));
    CHECK(s->expected->high == doctest::Approx(40));
    CHECK(s->expected->n == 7);
    CHECK(s->expected_basis == basis::fitted);
    CHECK_FALSE(speed_of(1, 0, {500'000'000'000, {}})->expected);
  }

  TEST_CASE("what the host reads takes its time at two rates, assumed") {
    // the device 0.02 s at most; the host 0.1 s at 15 GB/s, 0.03 s at 50 GB/s
    const reached_share whole{.low = 1, .median = 1, .high = 1, .n = 1, .of = "some"};
    const auto s = speed_of(10'000'000'000, 1'500'000'000, {500'000'000'000, whole});
    REQUIRE(s);
    CHECK(s->most == doctest::Approx(20));
    CHECK(s->most_basis == basis::assumed);
    CHECK(s->expected->low == doctest::Approx(1 / 0.12));
    CHECK(s->expected->high == doctest::Approx(20));
    CHECK(s->expected_basis == basis::assumed);
  }

  TEST_CASE("a bandwidth that is not known gives no number, and neither does the host alone") {
    CHECK_FALSE(speed_of(1, 0, {}));
    CHECK_FALSE(speed_of(0, 1, {500'000'000'000, {}}));
  }

  TEST_CASE("weights are classed by what a value takes") {
    CHECK(weight_class_of(ggml_type::iq1_m) == weight_class::below_4_bits);
    CHECK(weight_class_of(ggml_type::q3_k) == weight_class::below_4_bits);
    CHECK(weight_class_of(ggml_type::iq4_xs) == weight_class::bits_4_to_6);
    CHECK(weight_class_of(ggml_type::mxfp4) == weight_class::bits_4_to_6);
    CHECK(weight_class_of(ggml_type::q6_k) == weight_class::bits_4_to_6);
    CHECK(weight_class_of(ggml_type::q8_0) == weight_class::bits_8);
    CHECK(weight_class_of(ggml_type::bf16) == weight_class::bits_16);
  }
}
