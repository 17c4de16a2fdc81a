#include "vrambudget/plan/host_budget.hpp"

#include <doctest/doctest.h>

#include "../catalogued.hpp"
#include "../header_of.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/verdict.hpp"

using namespace vrambudget;
using testing::catalogued;

namespace {

/// 3 GiB of mapped weights, 1 GiB of buffers, half a GiB of the server.
host_budget with_ram(std::optional<bytes> ram) {
  host_budget h;
  h.ram = ram;
  h.process = {100_MiB, 300_MiB, 512_MiB, basis::assumed, ""};
  term weights{term_kind::weights, 3_GiB};
  weights.held = residence::mapped;
  term buffers{term_kind::compute_buffer, 1_GiB};
  buffers.held = residence::pinned;
  h.add(weights);
  h.add(buffers);
  return h;
}

const note* find(const budget& b, note_kind k) {
  for (const note& n : b.notes)
    if (n.kind == k) return &n;
  return nullptr;
}

}  // namespace

TEST_SUITE("host_budget") {
  TEST_CASE("mapped weights may be read again, the rest must stay") {
    const host_budget enough = with_ram(4_GiB + 512_MiB);
    CHECK(enough.resident() == 1_GiB + 512_MiB);
    CHECK(enough.mapped() == 3_GiB);
    CHECK(enough.fits());
    CHECK_FALSE(enough.reads_from_disk());
    CHECK_FALSE(enough.short_bytes().has_value());
    CHECK(enough.spare() == 0_B);

    const host_budget slow = with_ram(4_GiB);
    CHECK(slow.fits());
    CHECK(slow.reads_from_disk());
    CHECK(slow.short_bytes() == 512_MiB);

    const host_budget none = with_ram(1_GiB);
    CHECK_FALSE(none.fits());
    CHECK_FALSE(none.reads_from_disk());
    CHECK(none.short_bytes() == 3_GiB + 512_MiB);
  }

  TEST_CASE("unknown memory has no verdict") {
    const host_budget h = with_ram({});
    CHECK(h.fits());
    CHECK_FALSE(h.reads_from_disk());
    CHECK_FALSE(h.short_bytes().has_value());
    CHECK_FALSE(h.spare().has_value());
    CHECK_FALSE(h.outgrows());
  }

  TEST_CASE("saved prompts and checkpoints come with use, and are said where they are too much") {
    host_budget h = with_ram(12_GiB);
    CHECK(h.grows_to() == h.resident());
    h.prompts = prompt_cache{8_GiB, 2_GiB};
    CHECK(h.grows_to() == 9_GiB + 512_MiB);
    CHECK(h.outgrows());  // it is 12.5 with the mapped weights
    h.ram = 12_GiB + 512_MiB;
    CHECK_FALSE(h.outgrows());
    h.checkpoints = context_checkpoints{100_MiB, 32, 4};
    CHECK(h.checkpoints->all() == 12800_MiB);
    CHECK(h.grows_to() == 9_GiB + 512_MiB + 12800_MiB);
    CHECK(h.outgrows());
    CHECK(h.fits());
    h.prompts->limit.reset();
    CHECK_FALSE(h.grows_to().has_value());
    CHECK(h.outgrows());
  }

  // recorded: 156,894,364 bytes a checkpoint, 65,560 bytes a token and 156,894,764 beside them
  TEST_CASE("a server of a hybrid model grows by what the engine says of its states") {
    const model m = catalogued("Qwen3.6-27B-UD-Q4_K_XL");
    planner p(m, {testing::card(80_GiB)});
    const budget b = p.budget_for({.n_ctx = 262144, .n_parallel = 1}).value();
    REQUIRE(b.host.checkpoints.has_value());
    CHECK(b.host.checkpoints->each == 156894364_B);
    CHECK(b.host.checkpoints->per_slot == 32);
    CHECK(b.host.checkpoints->n_slots == 1);
    REQUIRE(b.host.prompts.has_value());
    CHECK(b.host.prompts->limit == 8192_MiB);
    CHECK(b.host.prompts->full_slot == bytes{262144ull * 65560 + 156894764});
    CHECK_FALSE(b.host.prompts->saves_full_slot());
    CHECK(b.host.state_basis == basis::exact);
    REQUIRE(find(b, note_kind::prompt_not_saved) != nullptr);
    CHECK(find(b, note_kind::prompt_not_saved)->n == 262144);

    const budget none =
        p.budget_for({.n_ctx = 8192, .n_parallel = 4, .cache_ram = 0, .ctx_checkpoints = 0})
            .value();
    CHECK_FALSE(none.host.prompts.has_value());
    CHECK_FALSE(none.host.checkpoints.has_value());
    CHECK(none.host.grows_to() == none.host.resident());
  }

  TEST_CASE("plain attention and full windows make no checkpoints") {
    const model llama = testing::small_llama().value();
    CHECK_FALSE(
        plan(llama, {.n_ctx = 4096}, {testing::card()}).value().host.checkpoints.has_value());
    const model gemma = catalogued("gemma-3-27b");
    planner p(gemma, {testing::card(80_GiB)});
    CHECK(p.budget_for({.n_ctx = 8192}).value().host.checkpoints.has_value());
    CHECK_FALSE(
        p.budget_for({.n_ctx = 8192, .swa_full = true}).value().host.checkpoints.has_value());
  }

  TEST_CASE("terms lie as the run and the machine have them") {
    const model m = testing::small_llama().value();
    const auto held = [&](const run& r, std::vector<device> devices, term_kind k) {
      budget b = plan(m, r, std::move(devices)).value();
      const term* t = b.host.find(k);
      REQUIRE(t != nullptr);
      return *t->held;
    };
    const device gpu = testing::card();
    using enum residence;
    CHECK(held({.n_ctx = 4096}, {gpu}, term_kind::weights) == mapped);
    CHECK(held({.n_ctx = 4096, .mlock = true}, {gpu}, term_kind::weights) == locked);
    CHECK(held({.n_ctx = 4096, .mmap = false}, {gpu}, term_kind::weights) == pinned);
    CHECK(held({.n_ctx = 4096, .mmap = false}, {}, term_kind::weights) == anonymous);
    CHECK(held({.n_ctx = 4096}, {gpu}, term_kind::compute_buffer) == pinned);
    CHECK(held({.n_ctx = 4096}, {}, term_kind::compute_buffer) == anonymous);
    CHECK(held({.n_ctx = 4096, .offload_kqv = false}, {gpu}, term_kind::kv_cache) == anonymous);
  }

  TEST_CASE("repacked weights are no part of the file: they must stay") {
    const model m = testing::small_llama().value();
    // embeddings of q8_0: 1000 x 8 blocks of 34 bytes, which ARM multiplies by in another order
    const budget arm = plan(m, {.n_ctx = 4096, .cpu = usual_apple_cpu}, {}).value();
    CHECK(arm.host.of(term_kind::repacked_weights).count == 1000 * 8 * 34);
    CHECK(*arm.host.find(term_kind::repacked_weights)->held == residence::anonymous);
    CHECK(arm.host.find(term_kind::repacked_weights)->basis == basis::assumed);  // never recorded
    CHECK(arm.host.repacked_for == usual_apple_cpu);
    const budget x64 = plan(m, {.n_ctx = 4096, .cpu = *find_cpu_variant("x64")}, {}).value();
    CHECK(x64.host.find(term_kind::repacked_weights) == nullptr);
    CHECK_FALSE(x64.host.repacked_for.has_value());
    CHECK(arm.host.mapped() == x64.host.mapped());
    CHECK(arm.host.of(term_kind::weights) == x64.host.of(term_kind::weights));
  }

  TEST_CASE("the file is mapped from the first to the last tensor that lies in it") {
    // v0.5.0, files with these tensors in this order: CPU_Mapped of a model that was loaded
    const auto mapped = [](const char* name, const char* cpu) {
      model m = catalogued(name);
      m.path = "a.gguf";
      const budget b = plan(m, {.n_ctx = 512, .cpu = *find_cpu_variant(cpu)}, {}).value();
      return b.host.mapped_range.value_or(bytes{}).count;
    };
    CHECK(mapped("qwen2.5-0.5b", "haswell") == 169701888);
    CHECK(mapped("smollm2-360m", "haswell") == 246685440);
    CHECK(mapped("mamba2-2.7b", "zen4") == 1089208000);
    CHECK_FALSE(plan(catalogued("smollm2-360m"), {.n_ctx = 512}, {}).value().host.mapped_range);
  }

  TEST_CASE("an ARM server's log has what its instructions repack") {
    // a public log of September 2026, 16 cores: CPU_REPACK model buffer size = 19142.57 MiB
    const run r{.n_ctx = 4096, .cpu = *find_cpu_variant("armv8.6_1")};
    const budget b = plan(catalogued("laguna-xs.2"), r, {}).value();
    const double mib = static_cast<double>(b.host.of(term_kind::repacked_weights).count) / 0x1p20;
    CHECK(mib == doctest::Approx(19142.57).epsilon(0.005 / 19142.57));
  }

  TEST_CASE("a CPU that nobody told is said to be assumed") {
    const model m = catalogued("gemma-3-4b");  // Q4_0
    const budget b = plan(m, {.n_ctx = 4096}, {}).value();
    REQUIRE(find(b, note_kind::cpu_not_told) != nullptr);
    CHECK(find(b, note_kind::cpu_not_told)->about == "haswell");
    CHECK(b.host.find(term_kind::weights)->basis == basis::assumed);
    planner here(m, {}, {.cpu = *find_cpu_variant("zen4")});
    const budget told = here.budget_for({.n_ctx = 4096}).value();
    CHECK(find(told, note_kind::cpu_not_told) == nullptr);
    CHECK(told.host.find(term_kind::repacked_weights)->basis == basis::exact);
    // tests/truth/backends/cpu.jsonl: d-c-gemma-3-4b-ngl0
    CHECK(told.host.of(term_kind::repacked_weights).count == 1804861440);
    CHECK(told.host.of(term_kind::weights).count == 551974912);
  }

  TEST_CASE("without a GPU all lies on the host, whose memory bounds the context") {
    const model m = testing::small_llama().value();
    const run r{.n_ctx = 4096, .n_parallel = 1};
    const budget b = plan(m, r, {}).value();
    CHECK(b.devices.empty());
    CHECK(b.fits());
    // 4 layers x 4096 cells x (K and V of 128 values in f16)
    CHECK(b.host.of(term_kind::kv_cache).count == 4 * 4096 * 2 * 128 * 2);

    planner exact(m, {}, limits{{}, false, b.host.needed()});
    CHECK(exact.budget_for(r).value().fits());
    planner less(m, {}, limits{{}, false, saturating_sub(b.host.needed(), 1_B)});
    const budget over = less.budget_for(r).value();
    CHECK_FALSE(over.fits());
    CHECK(over.missing() == 1_B);
    const context_limit most = max_context(exact, {.n_parallel = 1}).value();
    CHECK(most.n_ctx >= 4096);
    CHECK(most.n_ctx < 8192);
    CHECK(most.bound_by == context_bound::host);
  }

  TEST_CASE("a host that is too small is a verdict, whatever the cards have") {
    const model m = testing::small_llama().value();
    const run r{.n_ctx = 4096, .n_parallel = 1};
    const host_budget needs = plan(m, r, {testing::card()}).value().host;
    const auto verdict_with = [&](bytes ram) {
      planner p(m, {testing::card()}, limits{{}, false, ram});
      return judge(p, r, p.budget_for(r).value()).value();
    };
    CHECK(verdict_with(needs.needed()).kind == verdict_kind::fits);
    CHECK(verdict_with(saturating_sub(needs.needed(), 1_B)).kind == verdict_kind::reads_from_disk);
    CHECK(verdict_with(needs.resident()).kind == verdict_kind::reads_from_disk);
    const run_verdict none = verdict_with(saturating_sub(needs.resident(), 1_B));
    CHECK(none.kind == verdict_kind::does_not_load);
    CHECK_FALSE(none.fails_at.has_value());
    CHECK_FALSE(none.runs());
  }

  TEST_CASE("memory that the host shares is counted once, and nothing moves within it") {
    const model m = testing::small_llama().value();
    device both = testing::card(4_GiB);
    both.unified = true;
    const run r{.n_ctx = 8192, .n_parallel = 1, .n_gpu_layers = 2};
    const budget b = plan(m, r, {both}).value();
    CHECK(b.devices[0].held_by_host == b.host.needed());
    CHECK(b.devices[0].usable == saturating_sub(4_GiB, b.host.needed()));
    both.free = both.total = b.devices[0].used() + b.host.needed();
    planner exact(m, {both});
    CHECK(exact.budget_for(r).value().fits());
    both.free = both.total = saturating_sub(both.total, 1_B);
    planner less(m, {both});
    CHECK_FALSE(less.budget_for(r).value().fits());
    for (const suggestion& s : what_would_fit(less, r)) {
      CHECK_FALSE(s.has(change_kind::n_gpu_layers));
      CHECK_FALSE(s.has(change_kind::n_cpu_moe));
    }
  }

  TEST_CASE("a suggestion that moves weights to the host needs room there") {
    const model m = testing::small_llama().value();
    const run r{.n_ctx = 8192, .n_parallel = 1};
    const budget whole = plan(m, r, {testing::card()}).value();
    const bytes needed = whole.devices[0].used();
    const device small = testing::card(saturating_sub(needed, 1_MiB));
    const auto moves = [&](std::optional<bytes> ram) {
      planner p(m, {small}, limits{{}, false, ram});
      for (const suggestion& s : what_would_fit(p, r))
        if (s.has(change_kind::n_gpu_layers)) return true;
      return false;
    };
    CHECK(moves({}));
    CHECK(moves(4_GiB));
    CHECK_FALSE(moves(bytes{whole.host.needed().count / 2}));
    planner p(m, {small}, limits{{}, false, whole.host.needed()});
    for (const suggestion& s : what_would_fit(p, r)) CHECK(s.host <= whole.host.needed());
  }
}

TEST_SUITE("notes") {
  TEST_CASE("a context that is rounded or longer than its training is said") {
    const model m = testing::small_llama().value();  // trained for 8192
    planner p(m, {testing::card()});
    const budget odd = p.budget_for({.n_ctx = 1000, .n_parallel = 1}).value();
    REQUIRE(find(odd, note_kind::context_rounded) != nullptr);
    CHECK(find(odd, note_kind::context_rounded)->n == 1000);
    CHECK(find(odd, note_kind::context_rounded)->to == 1024);
    CHECK(find(odd, note_kind::beyond_training) == nullptr);
    const budget longer = p.budget_for({.n_ctx = 16384, .n_parallel = 1}).value();
    REQUIRE(find(longer, note_kind::beyond_training) != nullptr);
    CHECK(find(longer, note_kind::beyond_training)->n == 16384);
    CHECK(find(longer, note_kind::beyond_training)->to == 8192);
    // each of two slots gets what it was trained for
    const budget two = p.budget_for({.n_ctx = 16384, .n_parallel = 2}).value();
    CHECK(find(two, note_kind::beyond_training) == nullptr);
  }

  TEST_CASE("one slot instead of several is no longer than its training") {
    const model m = testing::small_llama().value();
    const run two{.n_ctx = 16384, .n_parallel = 2};
    const bytes needed = plan(m, two, {testing::card()}).value().devices[0].used();
    planner p(m, {testing::card(saturating_sub(needed, 1_B))});
    for (const suggestion& s : what_would_fit(p, two)) {
      if (s.has(change_kind::n_parallel)) CHECK(s.changed.n_ctx == 8192);
      if (s.has(change_kind::n_ctx)) CHECK(s.changed.n_ctx <= 16384);
    }
  }

  TEST_CASE("a pattern that matches no tensor is said, with those that have its words") {
    const model m = testing::small_llama().value();
    planner p(m, {testing::card()});
    const budget b =
        p.budget_for({.n_ctx = 4096, .overrides = {{"ffn_exps", "CPU"}, {"ffn_up", "CPU"}}})
            .value();
    REQUIRE(find(b, note_kind::override_unused) != nullptr);
    CHECK(find(b, note_kind::override_unused)->about == "ffn_exps");
    CHECK(find(b, note_kind::override_unused)->near ==
          std::vector<std::string>{"ffn_norm", "ffn_gate", "ffn_up", "ffn_down"});
    // all that the second matches went to the first: that is no mistake
    const budget after =
        p.budget_for({.n_ctx = 4096, .overrides = {{"ffn", "CPU"}, {"ffn_up", "CPU"}}}).value();
    CHECK(find(after, note_kind::override_unused) == nullptr);
  }
}
