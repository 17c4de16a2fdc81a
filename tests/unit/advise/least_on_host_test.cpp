#include "vrambudget/advise/least_on_host.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"

using namespace vrambudget;

namespace {

/// The small llama with 8 experts of its size in each layer.
model with_experts() {
  return testing::small_llama([](gguf::writer& w) {
           w.add("llama.expert_count", std::uint32_t{8});
           w.add("llama.expert_used_count", std::uint32_t{2});
           for (int il = 0; il < 4; ++il) {
             const std::string blk = "blk." + std::to_string(il) + ".";
             w.add_tensor(blk + "ffn_gate_inp.weight", ggml_type::f32, {256, 8});
             w.add_tensor(blk + "ffn_gate_exps.weight", ggml_type::f16, {256, 512, 8});
             w.add_tensor(blk + "ffn_up_exps.weight", ggml_type::f16, {256, 512, 8});
             w.add_tensor(blk + "ffn_down_exps.weight", ggml_type::f16, {512, 256, 8});
           }
         })
      .value();
}

bool fits(const model& m, bytes memory, run r, std::int64_t experts, std::int64_t layers) {
  if (experts > 0) r.n_cpu_moe = static_cast<std::uint32_t>(experts);
  if (layers > 0) r.n_gpu_layers = static_cast<std::int32_t>(m.hp.n_layer_all + 1 - layers);
  return plan(m, r, {testing::card(memory)}).value().fits_devices();
}

}  // namespace

// every card from one that holds nothing to one that holds all, a MiB each, and every number of layers
TEST_CASE("as few are moved as it takes") {
  for (const model& m : {testing::small_llama().value(), with_experts()}) {
    const bool has_experts = m.hp.moe.n_expert > 0;
    CAPTURE(has_experts);
    const run r{.n_ctx = 2048, .n_parallel = 1};
    const budget whole = plan(m, r, {testing::card()}).value();
    const auto most = static_cast<std::uint32_t>(m.hp.n_layer_all);
    std::uint32_t n_moved = 0, n_refused = 0;
    for (bytes memory = saturating_sub(whole.devices[0].used(), 40_MiB);
         memory < whole.devices[0].used(); memory += 1_MiB) {
      CAPTURE(memory.count);
      if (fits(m, memory, r, 0, 0)) continue;
      planner p(m, {testing::card(memory)});
      const auto found = least_on_host(p, r);
      std::uint32_t experts = has_experts ? 1 : most + 1, layers = 1;
      while (experts <= most && !fits(m, memory, r, experts, 0)) ++experts;
      while (layers <= most + 1 && !fits(m, memory, r, 0, layers)) ++layers;
      if (experts <= most) {
        REQUIRE(found);
        CHECK(found->moved == on_host::feed_forward);
        CHECK(found->n == experts);
        CHECK(found->changed.cpu_moe == (experts == most));
        ++n_moved;
      } else if (layers <= most + 1) {
        REQUIRE(found);
        CHECK(found->moved == on_host::layers);
        CHECK(found->n == layers);
        CHECK(found->changed.n_gpu_layers == static_cast<std::int32_t>(most + 1 - layers));
        ++n_moved;
      } else {
        CHECK_FALSE(found);
        ++n_refused;
      }
    }
    CHECK(n_moved >= 3);
    CAPTURE(n_refused);
  }
}

TEST_CASE("nothing is moved where it was said what lies where, or where memory is one") {
  const auto may = [](const run& r, std::vector<device> devices = {testing::card()}) {
    return may_use_host(r, devices);
  };
  CHECK(may({}));
  CHECK_FALSE(may({.n_gpu_layers = 3}));
  CHECK_FALSE(may({.cpu_moe = true}));
  CHECK_FALSE(may({.split_mode = split_mode::tensor}));
  CHECK_FALSE(may({}, {}));
  device shared = testing::card();
  shared.unified = true;
  CHECK_FALSE(may({}, {shared}));
}
