#include "vrambudget/memory/place_layers.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

namespace {
device card(std::uint64_t gib) { return {"card", 860, 82, 1_GiB * gib, 1_GiB * gib}; }
}  // namespace

TEST_SUITE("placement") {
  TEST_CASE("one layer on the GPU is the output and the last layers come next") {
    const std::vector<device> one{card(24)};
    const placement only_output = place_layers({.n_gpu_layers = 1}, one, 8).value();
    CHECK(only_output.output_backend() == 0);
    CHECK(only_output.layer_backend(7) == only_output.host());
    const placement three = place_layers({.n_gpu_layers = 3}, one, 8).value();
    CHECK(three.layer_backend(5) == three.host());
    CHECK(three.layer_backend(6) == 0);
    CHECK(three.n_offloaded() == 3);
    CHECK_FALSE(place_layers({.n_gpu_layers = 8}, one, 8).value().full_offload());
    CHECK(place_layers({.n_gpu_layers = 9}, one, 8).value().full_offload());
    CHECK(place_layers({.n_gpu_layers = 0}, one, 8).value().n_offloaded() == 0);
  }

  TEST_CASE("several cards share by free memory or as told") {
    const std::vector<device> two{card(24), card(8)};
    // shares 3/4 and 1/4 of 8 layers and the output: il / 9 < 0.75 up to layer 6
    const placement by_memory = place_layers({}, two, 8).value();
    CHECK(by_memory.layer_backend(6) == 0);
    CHECK(by_memory.layer_backend(7) == 1);
    CHECK(by_memory.output_backend() == 1);
    const placement told = place_layers({.tensor_split = {1, 2}}, two, 8).value();
    CHECK(told.layer_backend(2) == 0);
    CHECK(told.layer_backend(3) == 1);  // 3 / 9 is not below 1 / 3
    const placement none_on_second = place_layers({.tensor_split = {1, 0}}, two, 8).value();
    CHECK(none_on_second.output_backend() == 0);
    CHECK_FALSE(place_layers({.tensor_split = {1, 1, 1}}, two, 8).has_value());
  }

  TEST_CASE("without splitting the main GPU is the only one") {
    const std::vector<device> two{card(24), card(8)};
    const auto used = devices_of({.split_mode = split_mode::none, .main_gpu = 1}, two).value();
    REQUIRE(used.size() == 1);
    CHECK(used[0].total == 8_GiB);
    CHECK(index_of({.split_mode = split_mode::none, .main_gpu = 1}, 0) == 1);
    CHECK(index_of({.main_gpu = 1}, 0) == 0);
    const auto wrong = devices_of({.split_mode = split_mode::none, .main_gpu = 2}, two);
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().message.find("-mg 2") != std::string::npos);
  }
}
