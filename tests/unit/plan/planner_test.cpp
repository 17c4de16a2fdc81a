#include "vrambudget/plan/planner.hpp"

#include <doctest/doctest.h>

#include "../catalogued.hpp"
#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/engine/find_profile.hpp"

using namespace vrambudget;
using testing::catalogued;

namespace {

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

  TEST_CASE("every device that a process sees pays for its context") {
    const model m = testing::small_llama().value();
    run r{.n_ctx = 4096, .n_parallel = 1, .split_mode = split_mode::none};
    r.main_gpu = 1;
    const budget b = plan(m, r, {testing::card(), testing::card()}).value();
    REQUIRE(b.devices.size() == 2);
    CHECK(name(b.devices[0].id) == "CUDA1");
    CHECK(name(b.devices[1].id) == "CUDA0");
    REQUIRE(b.devices[1].terms.size() == 1);
    CHECK(b.devices[1].terms[0].kind == term_kind::driver_context);
    CHECK(b.devices[1].used() == b.devices[0].of(term_kind::driver_context));
    CHECK(plan(m, r, {testing::card(), testing::card()}, {{}, true}).value().devices.size() == 1);
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

  TEST_CASE("a split within layers gives each card slices, copies and a whole compute buffer") {
    const model m = testing::small_llama().value();
    run r{.n_ctx = 4096, .flash_attn = flash_attn::on};
    const budget alone = plan(m, r, {testing::card()}).value();
    r.split_mode = split_mode::tensor;
    const budget b = plan(m, r, {testing::card(), testing::card()}).value();
    REQUIRE(b.devices.size() == 2);
    // a layer: norms of 1024 bytes twice; halves of Q, output (64 KiB), K, V (32 KiB), and of gate, up and
    // down (128 KiB). The last norm, and embeddings of 272 bytes a row with one more, padded to 128
    const std::uint64_t layer = 2048 + 2 * 65536 + 2 * 32768 + 3 * 131072;
    for (const device_budget& d : b.devices) {
      CHECK(d.of(term_kind::weights).count == 4 * layer + 1024 + 272384);
      // one head of 64 for K and V, in 4 layers
      CHECK(d.of(term_kind::kv_cache).count == 4 * 4096 * 2 * 64 * 2);
      CHECK(d.of(term_kind::compute_buffer) == alone.devices[0].of(term_kind::compute_buffer));
      CHECK(d.of(term_kind::all_reduce) == 32_MiB);
    }
    // 2 x (32 + 2 MiB) and 2 KiB
    CHECK(b.host.of(term_kind::all_reduce).count == 71305216);
    CHECK(b.aborts.empty());
    CHECK(plan(m, r, {testing::card(), testing::card(), testing::card()})
              .value()
              .devices[0]
              .of(term_kind::all_reduce)
              .count == 0);
  }

  TEST_CASE("what cannot be computed in slices is said, whatever fits") {
    const model m = testing::small_llama().value();
    run r{.n_ctx = 4096};
    r.split_mode = split_mode::tensor;
    const std::vector<device> two{testing::card(), testing::card()};
    const auto aborts = [&](std::vector<tensor_override> to) {
      r.overrides = std::move(to);
      return !plan(m, r, two).value().aborts.empty();
    };
    // the engine's own: ffn_up alone, or the gate and down, on the host abort; down or all of them run
    CHECK_FALSE(aborts({}));
    CHECK(aborts({{"ffn_up", "CPU"}}));
    CHECK(aborts({{"ffn_(gate|down)", "CPU"}}));
    CHECK_FALSE(aborts({{"ffn_down", "CPU"}}));
    CHECK_FALSE(aborts({{"ffn_(up|down)", "CPU"}}));
    CHECK_FALSE(aborts({{"ffn", "CPU"}}));
    CHECK(aborts({{"attn_q", "CPU"}}));
    CHECK_FALSE(aborts({{"attn_output", "CPU"}}));
    CHECK(aborts({{"blk.1", "CPU"}}));
    r.offload_kqv = false;
    CHECK(aborts({}));
    CHECK_FALSE(aborts({{"attn", "CPU"}}));
  }

  TEST_CASE("builds that divided by rows have each matrix on all cards, and the rest by layers") {
    const model m = testing::small_llama().value();
    run r{.n_ctx = 4096, .tensor_split = {1, 1}};
    r.split_mode = split_mode::row;
    r.profile = profile_for_build(9330).profile;
    const budget b = plan(m, r, {testing::card(), testing::card()}).value();
    // layers 0 to 2 lie on the first card, layer 3 and the output on the second. Halves of Q, output, gate, up
    // and down are on both; K and V of 128 rows, of which the first card would have none, are whole where
    // their layer is
    const std::uint64_t halves = 2 * 65536 + 3 * 131072, whole = 2048 + 2 * 65536;
    // the output's 1000 rows of 272 bytes: 384 on the first card (500 less 116), 616 on the second
    CHECK(b.devices[0].of(term_kind::weights).count == 4 * halves + 3 * whole + 385 * 272);
    CHECK(b.devices[1].of(term_kind::weights).count == 4 * halves + whole + 1024 + 617 * 272);
    CHECK(b.devices[0].terms[0].basis == basis::assumed);
    r.profile = default_profile;
    CHECK_FALSE(plan(m, r, {testing::card()}).has_value());
  }

  TEST_CASE("what is not divided is refused in tensor mode") {
    run r{.n_ctx = 4096};
    r.split_mode = split_mode::tensor;
    const model olmo = testing::small_llama({}, "olmoe").value();
    CHECK(plan(olmo, r, {testing::card()}).error().code == errc::invalid_argument);
    const model m = testing::small_llama().value();
    CHECK_FALSE(plan(m, r, {}).has_value());
    r.flash_attn = flash_attn::off;
    CHECK_FALSE(plan(m, r, {testing::card()}).has_value());
  }

  TEST_CASE("an architecture newer than the engine is refused with the first one that knows it") {
    model m = testing::small_llama().value();
    m.architecture = "glm5-next";
    m.traits = &find_architecture("glm5-next");
    const auto by_release = plan(m, {}, {testing::card()});
    REQUIRE_FALSE(by_release.has_value());
    CHECK(by_release.error().message ==
          "architecture 'glm5-next' is not known to llama.cpp v0.5.0; llama.cpp 2026-10 knows it: "
          "--engine 2026-10");
  }

  TEST_CASE("what a file has of newer engines is refused by older ones") {
    const auto refusal = [](const model& m, std::string_view engine) {
      run r;
      r.profile = find_profile(engine).value().profile;
      const auto b = plan(m, r, {testing::card()});
      return b ? std::string() : b.error().message;
    };
    model projects = testing::small_llama().value();
    projects.architecture = "qwen35";
    projects.traits = &find_architecture("qwen35");
    projects.tensors.push_back({"cls.output.weight", ggml_type::f32, {256, 64, 1, 1}, 65536_B});
    CHECK(refusal(projects, "2026-10")
              .starts_with("tensor 'cls.output.weight' of qwen35 is not known to llama.cpp "
                           "2026-10; llama.cpp 2026-11"));
    CHECK(refusal(projects, "2026-11").find("not known") == std::string::npos);

    model drafts = testing::small_llama({}, "llama").value();
    drafts.traits = &find_architecture("qwen4exp");
    drafts.architecture = "qwen4exp";
    drafts.hp.n_layer_nextn = 1;
    std::erase_if(drafts.tensors,
                  [](const model_tensor& t) { return t.name.starts_with("blk.0."); });
    CHECK(refusal(drafts, "v0.5.0")
              .starts_with(
                  "NextN layers of qwen4exp without the rest are not known to llama.cpp v0.5.0"));
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
