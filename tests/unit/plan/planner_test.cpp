#include "vrambudget/plan/planner.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"

using namespace vrambudget;

namespace {

model catalogued(const char* name) { return read_shape(find_model(name).value()).value(); }

const run one_slot{
    .n_ctx = 262144, .n_parallel = 1, .type_k = ggml_type::q4_0, .type_v = ggml_type::q4_0};

}  // namespace

TEST_SUITE("planner") {
  // measured: llama.cpp v0.5.0's own code, Qwen3.6-27B UD-Q4_K_XL, -c 262144 -ctk q4_0 -ctv q4_0 -np 1
  TEST_CASE("the engine's bytes come out at every micro-batch") {
    const model m = catalogued("Qwen3.6-27B-UD-Q4_K_XL");
    planner p(m, {testing::card()});
    for (const auto& [ub, compute] : {std::pair{256, 1250189568ll},
                                      {512, 1426358528ll},
                                      {1024, 1778696448ll},
                                      {2048, 2483372288ll}}) {
      CAPTURE(ub);
      run r = one_slot;
      r.n_ubatch = static_cast<std::uint32_t>(ub);
      const budget b = p.budget_for(r).value();
      const device_budget& d = b.devices[0];
      CHECK(d.of(term_kind::weights).count == 16129986560);
      CHECK(d.of(term_kind::kv_cache).count == 4831838208);
      CHECK(d.of(term_kind::recurrent_state).count == 156893184);
      CHECK(d.of(term_kind::compute_buffer).count == static_cast<std::uint64_t>(compute));
      CHECK(b.fits());
    }
  }

  TEST_CASE("a planner used before answers as a new one") {
    const model m = testing::small_llama().value();
    planner used(m, {testing::card()});
    // weights of the layers left on the host are copied over for batches of 32 tokens and more, which
    // with 64 slots is every graph
    for (const int n_gpu_layers : {5, 2, 2, 0, 2})
      for (const std::uint32_t n_parallel : {64u, 1u, 64u})
        for (const std::uint32_t n_ctx : {16384u, 32768u}) {
          CAPTURE(n_gpu_layers);
          CAPTURE(n_parallel);
          const run r{.n_ctx = n_ctx, .n_parallel = n_parallel, .n_gpu_layers = n_gpu_layers};
          const budget again = used.budget_for(r).value();
          const budget once = plan(m, r, {testing::card()}).value();
          CHECK(again.devices[0].used() == once.devices[0].used());
          CHECK(again.host.used() == once.host.used());
          CHECK(again.prompt.n_splits == once.prompt.n_splits);
          CHECK(again.generation.n_splits == once.generation.n_splits);
        }
  }

  TEST_CASE("more context never needs less and more slots need more state") {
    const model m = catalogued("Qwen3.6-27B-UD-Q4_K_XL");
    planner p(m, {testing::card()});
    bytes before;
    for (std::uint32_t n = 256; n <= 262144; n *= 2) {
      run r = one_slot;
      r.n_ctx = n;
      const bytes used = p.budget_for(r).value().devices[0].used();
      CAPTURE(n);
      CHECK(used >= before);
      before = used;
    }
    run server = one_slot;
    server.n_parallel = 0;
    CHECK(p.budget_for(server).value().devices[0].of(term_kind::recurrent_state).count ==
          4 * 156893184);
  }

  TEST_CASE("a reserve takes from what is usable and buffers only counts no overhead") {
    const model m = testing::small_llama().value();
    const budget all = plan(m, {}, {testing::card()}, {1_GiB, false}).value();
    CHECK(all.devices[0].usable == 23_GiB);
    CHECK(all.devices[0].of(term_kind::driver_context).count > 0);
    CHECK(all.devices[0].weakest() == basis::assumed);
    const budget buffers = plan(m, {}, {testing::card()}, {bytes{}, true}).value();
    CHECK(buffers.devices[0].of(term_kind::driver_context).count == 0);
    CHECK(buffers.devices[0].of(term_kind::pool).count == 0);
    CHECK(buffers.devices[0].weakest() == basis::exact);
  }

  TEST_CASE("an unknown architecture has a bound for its compute buffer and says so") {
    const model m = testing::small_llama({}, "novel").value();
    const budget b = plan(m, {.n_ctx = 1024, .n_parallel = 1}, {testing::card()}).value();
    REQUIRE(b.notes.size() == 1);
    CHECK(b.notes[0].kind == note_kind::undescribed_architecture);
    CHECK(b.notes[0].about == "novel");
    for (const term& t : b.devices[0].terms)
      if (t.kind == term_kind::compute_buffer) CHECK(t.basis == basis::bound);
    // 4 layers x 1024 cells x (2 heads of 64 for K and V) x 2 bytes
    CHECK(b.devices[0].of(term_kind::kv_cache).count == 4 * 1024 * 2 * 128 * 2);
    // the same model as a llama needs less than the bound
    const model same = testing::small_llama().value();
    CHECK(plan(same, {.n_ctx = 1024, .n_parallel = 1}, {testing::card()})
              .value()
              .devices[0]
              .of(term_kind::compute_buffer) <= b.devices[0].of(term_kind::compute_buffer));
  }

  TEST_CASE("a split within layers is planned by layers, and no number of it is called exact") {
    const model m = testing::small_llama().value();
    run r{.n_ctx = 4096};
    r.split_mode = split_mode::tensor;
    const budget b = plan(m, r, {testing::card(), testing::card()}).value();
    for (const device_budget& d : b.devices)
      for (const term& t : d.terms) CHECK(t.basis == basis::assumed);
    REQUIRE(b.notes.size() == 1);
    CHECK(b.notes[0].kind == note_kind::split_mode_tensor);
  }

  TEST_CASE("a tensor the engine needs and the file lacks is named") {
    const model whole = testing::small_llama().value();
    model m = whole;
    std::erase_if(m.tensors, [](const model_tensor& t) { return t.name == "blk.2.attn_k.weight"; });
    const auto b = plan(m, {}, {testing::card()});
    REQUIRE_FALSE(b.has_value());
    CHECK(b.error().message.find("blk.2.attn_k.weight") != std::string::npos);
  }

  TEST_CASE("hostile sizes are refused and do not wrap") {
    model m = testing::small_llama().value();
    for (auto& t : m.tensors) t.ne[1] = std::int64_t{1} << 40;
    CHECK_FALSE(plan(m, {.n_ctx = 2147483647}, {testing::card()}).has_value());
  }
}
