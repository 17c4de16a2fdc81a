#include "vrambudget/catalogue/metal_devices.hpp"

#include <doctest/doctest.h>

#include <string>

#include "../header_of.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;

TEST_CASE("chips by the names that people type") {
  const struct {
    const char *typed, *name;
    std::uint64_t gib;
  } cases[] = {
      {"m4-max-64gb", "Apple M4 Max 64 GB", 64}, {"m4max-64", "Apple M4 Max 64 GB", 64},
      {"M4 Max 36GB", "Apple M4 Max 36 GB", 36}, {"m1-16gb", "Apple M1 16 GB", 16},
      {"m4-16", "Apple M4 16 GB", 16},           {"m4pro-24", "Apple M4 Pro 24 GB", 24},
      {"m1max-32", "Apple M1 Max 32 GB", 32},    {"m3ultra-256", "Apple M3 Ultra 256 GB", 256},
      {"apple m1", "Apple M1 8 GB", 8},          {"macbook neo", "Apple A18 Pro 8 GB", 8},
  };
  for (const auto& c : cases) {
    CAPTURE(c.typed);
    const auto found = find_metal_gpu(c.typed);
    REQUIRE(found.has_value());
    CHECK(found->d.full_name() == c.name);
    CHECK(found->memory == 1_GiB * c.gib);
    CHECK(found->d.backend == backend_kind::metal);
    CHECK(found->d.unified);
    CHECK(found->d.pool == found->memory);
  }
  CHECK(find_metal_gpu("m4-16", {.backend = backend_kind::vulkan}).error().code ==
        errc::invalid_argument);
  CHECK(find_metal_gpu("m4-17").error().code == errc::invalid_argument);
  CHECK(find_metal_gpu("m4 max 16gb").error().message.find("36, 48, 64 or 128 GB") !=
        std::string::npos);
  for (const char* other : {"", "m40", "tesla m4", "m9", "7900xtx", "-16", "apple"}) {
    CAPTURE(other);
    CHECK(find_metal_gpu(other).error().code == errc::not_found);
  }
}

// recommendedMaxWorkingSetSize as logs of such Macs print it: 10922.67, 16384 and 21845.33 MiB
TEST_CASE("a Mac by the name of the machine") {
  const auto is = [](const char* typed, const char* chip, bytes memory) {
    CAPTURE(typed);
    const auto found = find_metal_gpu(typed, {});
    REQUIRE(found.has_value());
    CHECK(found->d.name == chip);
    CHECK(found->memory == memory);
  };
  is("macbook air m2", "Apple M2", 8_GiB);
  is("MacBook Pro 14 M3 Pro 36GB", "Apple M3 Pro", 36_GiB);
  is("MacBook Pro 16-inch M1 Max 2021 64 GB", "Apple M1 Max", 64_GiB);
  is("mac mini m4 pro 48gb", "Apple M4 Pro", 48_GiB);
  is("Mac Studio (M2 Ultra, 192GB)", "Apple M2 Ultra", 192_GiB);
  is("m1 imac", "Apple M1", 8_GiB);
  for (const char* none : {"macbook pro", "mac", "mac mini 16gb", "macbook pro 14"}) {
    CAPTURE(none);
    CHECK_FALSE(find_metal_gpu(none, {}).has_value());
  }
}

TEST_CASE("the GPU may use two thirds of the memory, and three quarters of more than 32 GB") {
  CHECK(working_set_of(16_GiB) == bytes{11453246122});
  CHECK(working_set_of(24_GiB) == 16_GiB);
  CHECK(working_set_of(32_GiB) == bytes{22906492245});
  CHECK(working_set_of(64_GiB) == 48_GiB);
  CHECK(find_metal_gpu("m4-16", {.working_set = 14_GiB})->d.total == 14_GiB);
  CHECK(find_metal_gpu("m4-16", {.working_set = 17_GiB}).error().code == errc::invalid_argument);
}

TEST_CASE("a mapped file counts for the GPU with what lies between its tensors") {
  model m = testing::small_llama([](gguf::writer& w) {
              w.add_tensor("output.weight", ggml_type::q8_0, {256, 1000});
            }).value();
  const device mac = find_metal_gpu("m4-16")->d;
  const auto rest = [&](run r) {
    return planner(m, {mac}).budget_for(r)->devices[0].of(term_kind::mapped_rest);
  };
  const auto term = [&](run r) {
    return *planner(m, {mac}).budget_for(r)->devices[0].find(term_kind::mapped_rest);
  };
  // as llama-quantize orders them: token_embd behind output and output_norm, before the layers
  const bytes embeddings = m.find("token_embd.weight")->size;
  run r{.n_ctx = 512, .n_parallel = 1};
  CHECK(term(r).basis == basis::assumed);
  CHECK(rest(r) + 32_KiB >= embeddings);
  CHECK(rest(r) <= embeddings + 32_KiB);
  r.mmap = false;
  CHECK(rest(r).count == 0);
  // in a file that begins with them, nothing lies between
  r.mmap = true;
  m.path = "a.gguf";
  std::uint64_t end = 0;
  for (model_tensor& t : m.tensors)
    if (t.name == "token_embd.weight") end = t.size.count;
  for (model_tensor& t : m.tensors) {
    if (t.name == "token_embd.weight") {
      t.offset = 0;
      continue;
    }
    t.offset = end;
    end += t.size.count;
  }
  CHECK(rest(r) <= 16_KiB);
}

TEST_CASE("what the host needs is taken of the memory that the GPU may not use") {
  const model m = testing::small_llama().value();
  const auto usable = [&](const device& d) {
    return planner(m, {d}).budget_for({.n_ctx = 512})->devices[0].usable;
  };
  device mac = find_metal_gpu("m4-16")->d;
  CHECK(usable(mac) == mac.total);
  mac.total = mac.free = *mac.pool;
  CHECK(usable(mac) < mac.total);
}

TEST_CASE("a Mac has one GPU, and shares no tensors") {
  const model m = testing::small_llama().value();
  const device mac = find_metal_gpu("m4-16")->d;
  CHECK(planner(m, {mac, mac}).budget_for({}).error().code == errc::unsupported);
  CHECK(planner(m, {mac, testing::card()}).budget_for({}).error().code == errc::unsupported);
  CHECK(planner(m, {mac}).budget_for({.split_mode = split_mode::none}).has_value());
}
