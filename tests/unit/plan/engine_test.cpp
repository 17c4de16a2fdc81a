// Plans by the rules of older builds against what their logs say, in MiB as printed there.
#include <doctest/doctest.h>

#include "../catalogued.hpp"
#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;
using testing::catalogued;

namespace {

std::uint64_t mib(bytes b) { return (b.count + (1 << 19)) >> 20; }
enum basis basis_of(const term_list& l, term_kind k) {
  for (const term& t : l.terms)
    if (t.kind == k) return t.basis;
  return basis::assumed;
}
engine_profile build(std::string_view text) { return find_profile(text).value().profile; }

}  // namespace

TEST_SUITE("engine profiles") {
  // github.com/ggml-org/llama.cpp issue 23527: Qwen3.6-35B-A3B, master of 2026-05-28. At its peak the
  // card holds 294 MiB more than at rest: f16 copies of one layer's K and V, 2 x 150016 x 512 x 2 bytes.
  TEST_CASE("logits of all tokens and f32 masks of May 2026") {
    const model m = catalogued("Qwen3.6-35B-A3B-Q4_K_M");
    const run r{.n_ctx = 150000,
                .n_batch = 4096,
                .n_ubatch = 4096,
                .n_parallel = 1,
                .kv_unified = true,
                .flash_attn = flash_attn::on,
                .type_k = ggml_type::q8_0,
                .type_v = ggml_type::q8_0,
                .cpu_moe = true,
                .profile = build("2026-05-28")};
    planner p(m, {testing::card()});
    const budget b = p.budget_for(r).value();
    CHECK(mib(b.devices[0].of(term_kind::compute_buffer)) == 3976);
    CHECK(mib(b.host.of(term_kind::compute_buffer)) == 2408);
    const std::uint64_t pool = mib(b.devices[0].of(term_kind::pool));
    CHECK(pool >= 294);
    CHECK(pool <= 294 + 16);
    CHECK(basis_of(b.devices[0], term_kind::compute_buffer) == basis::assumed);
    CHECK(basis_of(b.devices[0], term_kind::kv_cache) == basis::exact);

    run now = r;  // the same planner by other rules
    now.profile = build(engine_release);
    CHECK(mib(p.budget_for(now).value().host.of(term_kind::compute_buffer)) == 1236);
  }

  // a log of b9246 on an RTX 5090: -np 4 --kv-unified, Q8_0 caches, drafts by the model's NextN layer
  TEST_CASE("drafts before recurrent states were kept back") {
    const model m = catalogued("Qwen3.6-27B-MTP-UD-Q4_K_XL");
    const run r{.n_ctx = 131072,
                .n_parallel = 4,
                .kv_unified = true,
                .flash_attn = flash_attn::on,
                .type_k = ggml_type::q8_0,
                .type_v = ggml_type::q8_0,
                .spec_types = {spec_type::draft_mtp},
                .draft_type_k = ggml_type::q8_0,
                .draft_type_v = ggml_type::q8_0,
                .profile = build("b9246")};
    const budget b = plan(m, r, {testing::card()}).value();
    CHECK(mib(b.devices[0].of(term_kind::kv_cache)) == 4352);
    CHECK(b.devices[0].of(term_kind::recurrent_state).count == 627572736);  // 598.5 MiB
    CHECK(mib(b.devices[0].of(term_kind::compute_buffer)) == 495);
    CHECK(mib(b.host.of(term_kind::compute_buffer)) == 276);
    CHECK(mib(b.devices[0].of(term_kind::draft_kv_cache)) == 272);
    CHECK(mib(b.devices[0].of(term_kind::draft_compute_buffer)) == 495);
  }

  // a log of b8829 on four Tesla P100: Qwen3.5-122B-A10B, experts of six layers on each of the middle cards
  TEST_CASE("four cards with experts on the host in April 2026") {
    const model m = catalogued("Qwen3.5-122B-A10B");
    device p100 = testing::card();
    p100.cc = 600;
    p100.n_sm = 56;
    run r{.n_ctx = 1024,
          .n_batch = 1024,
          .n_ubatch = 1024,
          .n_parallel = 1,
          .flash_attn = flash_attn::on,
          .tensor_split = {13, 12, 12, 12},
          .overrides = {{R"(blk\.([0-9]|1[0-8]|2[5-9]|30|3[7-9]|4[0-9])\.ffn_.*_exps)", "CPU"}},
          .profile = build("b8829")};
    const std::vector<device> cards(4, p100);
    const auto hundredths = [](bytes b) { return (b.count * 100 + (1 << 19)) >> 20; };
    const budget small = plan(m, r, cards).value();
    CHECK(hundredths(small.devices[1].of(term_kind::recurrent_state)) == 3727);
    CHECK(hundredths(small.devices[1].of(term_kind::compute_buffer)) == 23003);
    CHECK(hundredths(small.devices[2].of(term_kind::compute_buffer)) == 23003);
    CHECK(hundredths(small.devices[3].of(term_kind::compute_buffer)) == 100600);
    CHECK(hundredths(small.host.of(term_kind::compute_buffer)) == 2804);
  }

  // github.com/unslothai/unsloth issue 6718, builds of July 2026
  TEST_CASE("copies of quantized K and V lie in the compute buffer since June 2026") {
    const run r{.n_ctx = 262144,
                .n_parallel = 1,
                .flash_attn = flash_attn::on,
                .type_k = ggml_type::q8_0,
                .type_v = ggml_type::q8_0,
                .profile = build("2026-07")};
    for (const auto& [name, compute] :
         {std::pair{"Qwen3.6-27B-UD-Q4_K_XL", 1360}, {"gemma-4-31B", 2392}}) {
      CAPTURE(name);
      const model m = catalogued(name);
      CHECK(mib(plan(m, r, {testing::card()}).value().devices[0].of(term_kind::compute_buffer)) ==
            static_cast<std::uint64_t>(compute));
    }
  }

  // github.com/ggml-org/llama.cpp issue 13194, and DeepSeek-V3 in a log of 2025-05-09:
  // 2074 MiB = 61 layers x 16384 cells x (576 + 512) x 2 bytes
  TEST_CASE("caches of 2025") {
    const model m = catalogued("DeepSeek-V3");
    const run r{
        .n_ctx = 16384, .n_gpu_layers = 0, .offload_kqv = false, .profile = build("2025-05")};
    const budget b = plan(m, r, {testing::card()}).value();
    CHECK(b.host.of(term_kind::kv_cache).count == 61ull * 16384 * 1088 * 2);
    CHECK(b.context.n_seq_max == 1);
    const model gemma = catalogued("gemma-3-27B");
    run w{.n_ctx = 8192, .n_parallel = 1, .profile = build("2025-04")};
    const auto cache_of = [&](const run& x) {
      return plan(gemma, x, {testing::card()}).value().devices[0].of(term_kind::kv_cache).count;
    };
    CHECK(cache_of(w) == 62ull * 8192 * 2 * 16 * 128 * 2);  // every layer the whole context
    w.profile = build("2025-10");
    // ten layers the whole context, the others a window of 1024 and a micro-batch
    CHECK(cache_of(w) == (10ull * 8192 + 52ull * 1536) * 2 * 16 * 128 * 2);
  }

  TEST_CASE("what is not known exactly is not called exact") {
    const model m = catalogued("Llama-3.1-8B");
    const auto bases = [&](std::string_view text) {
      run r{.n_ctx = 8192, .n_parallel = 1};
      r.profile = build(text);
      const budget b = plan(m, r, {testing::card()}).value();
      const device_budget& d = b.devices[0];
      return std::vector{basis_of(d, term_kind::weights), basis_of(d, term_kind::kv_cache),
                         basis_of(d, term_kind::compute_buffer), basis_of(d, term_kind::pool)};
    };
    using enum basis;
    CHECK(bases(engine_release) == std::vector{exact, exact, exact, bound});
    CHECK(bases("2026-08") == std::vector{exact, exact, exact, assumed});
    CHECK(bases("2026-04") == std::vector{exact, exact, assumed, assumed});
    CHECK(bases("2025-10") == std::vector{exact, exact, assumed, assumed});
    CHECK(bases("b99999") == std::vector{exact, assumed, assumed, assumed});  // newer than is known
  }
}
