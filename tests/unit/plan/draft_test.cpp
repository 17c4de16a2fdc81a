// Speculative decoding: a second context beside the first.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "../catalogued.hpp"
#include "../header_of.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/ggml/graph.hpp"
#include "vrambudget/plan/max_context.hpp"

using namespace vrambudget;
using testing::catalogued;

namespace {

const run mtp{.n_ctx = 32768, .n_parallel = 1, .spec_types = {spec_type::draft_mtp}};

model renamed(model m, std::string architecture) {
  m.architecture = std::move(architecture);
  m.traits = &find_architecture(m.architecture);
  return m;
}

std::string refusal(const model& m, const run& r, const model* draft = nullptr) {
  const auto b = plan(m, r, {testing::card()}, {}, draft);
  REQUIRE_FALSE(b.has_value());
  CHECK(b.error().code == errc::invalid_argument);
  return b.error().message;
}

}  // namespace

TEST_SUITE("drafts") {
  // recorded: llama.cpp v0.5.0's own code, RTX 3090, --spec-type draft-mtp -c 32768 -np 1
  TEST_CASE("NextN layers are weights of the model and a context of their own") {
    const model m = catalogued("Qwen3.6-27B-MTP-UD-Q4_K_XL");
    const budget b = plan(m, mtp, {testing::card()}).value();
    const device_budget& d = b.devices[0];
    CHECK(d.of(term_kind::weights).count == 16375605248);
    CHECK((d.of(term_kind::kv_cache) + d.of(term_kind::recurrent_state)).count == 2775056384);
    CHECK(d.of(term_kind::compute_buffer).count == 161497344);
    CHECK(d.of(term_kind::draft_weights).count == 0);
    CHECK(d.of(term_kind::draft_kv_cache).count == 134217728);
    CHECK(d.of(term_kind::draft_recurrent_state).count == 0);
    CHECK(d.of(term_kind::draft_compute_buffer).count == 136331392);
    CHECK(b.host.of(term_kind::draft_compute_buffer).count == 54544416);
    REQUIRE(b.draft.has_value());
    CHECK(b.draft->type == spec_type::draft_mtp);
    CHECK(b.draft->context.kind == context_kind::mtp);
    // three states of each sequence are kept to undo three wrong tokens
    run alone = mtp;
    alone.spec_types.clear();
    const budget without = plan(m, alone, {testing::card()}).value();
    CHECK(d.of(term_kind::recurrent_state) ==
          4 * without.devices[0].of(term_kind::recurrent_state));
    CHECK(without.devices[0].of(term_kind::weights) < d.of(term_kind::weights));
    // on an RTX 3090 Ti MTP took 34 MiB beside its buffers, 14 of them a pool of its own
    CHECK(d.of(term_kind::driver_context) ==
          without.devices[0].of(term_kind::driver_context) + 20_MiB);
    CHECK_FALSE(without.draft.has_value());
    CHECK(without.context.n_outputs_max == 1);
    CHECK(b.context.n_outputs_max == 4);
  }

  TEST_CASE("a draft model is planned beside the main one with options of its own") {
    const model m = catalogued("Llama-3.3-70B"), draft = catalogued("Llama-3.2-3B");
    run r{.n_ctx = 32768,
          .n_parallel = 1,
          .type_k = ggml_type::q8_0,
          .type_v = ggml_type::q8_0,
          .draft_type_k = ggml_type::f16};
    const budget b = plan(m, r, {testing::card(32_GiB)}, {}, &draft).value();
    const device_budget& d = b.devices[0];
    const budget alone = plan(draft, {.n_ctx = 32768, .n_parallel = 1}, {testing::card()}).value();
    CHECK(d.of(term_kind::draft_weights) == alone.devices[0].of(term_kind::weights));
    CHECK(d.of(term_kind::draft_kv_cache) == alone.devices[0].of(term_kind::kv_cache));
    CHECK(d.of(term_kind::draft_compute_buffer) == alone.devices[0].of(term_kind::compute_buffer));
    CHECK(b.host.of(term_kind::draft_weights) == alone.host.of(term_kind::weights));
    CHECK(b.draft->type == spec_type::draft_simple);
    CHECK(d.of(term_kind::pool) >
          plan(m, r, {testing::card(32_GiB)}).value().devices[0].of(term_kind::pool));
    r.draft_n_gpu_layers = 0;
    const budget on_host = plan(m, r, {testing::card(32_GiB)}, {}, &draft).value();
    CHECK(on_host.devices[0].of(term_kind::draft_weights).count == 0);
    CHECK(on_host.devices[0].of(term_kind::weights) == d.of(term_kind::weights));
  }

  TEST_CASE("the largest context leaves room for the draft, and leaving it out is a suggestion") {
    const model m = catalogued("Qwen3.6-27B-MTP-UD-Q4_K_XL");
    planner p(m, {testing::card()});
    run r = mtp;
    const auto with = max_context(p, r).value();
    r.spec_types = {spec_type::none};
    CHECK(with.n_ctx < max_context(p, r).value().n_ctx);
    r.n_ctx = with.n_ctx + 256;
    REQUIRE(p.budget_for(r).value().fits());
    r.spec_types = {spec_type::draft_mtp};
    REQUIRE_FALSE(p.budget_for(r).value().fits());
    bool suggested = false;
    for (const suggestion& s : what_would_fit(p, r))
      suggested = suggested || s.has(change_kind::no_draft);
    CHECK(suggested);
  }

  TEST_CASE("a draft that reads hidden states has the target keep them, if it is said to draft") {
    const model m = testing::small_llama().value();
    model draft = m;
    draft.hp.draft.target_layers = {1, 3};
    planner p(m, {testing::card()}, {}, &draft);
    const run plain{.n_ctx = 4096, .n_parallel = 1, .spec_types = {spec_type::draft_simple}};
    run reads = plain;
    reads.spec_types = {spec_type::draft_eagle3};
    std::size_t kept = 0;
    const auto count = [&](graph_phase phase, const ggml::graph& g, const ggml::scheduler&) {
      if (phase == graph_phase::prompt)
        kept = static_cast<std::size_t>(
            std::count_if(g.nodes().begin(), g.nodes().end(),
                          [](const ggml::tensor* t) { return t->is_output; }));
    };
    const budget a = p.budget_for(plain, count).value();
    const std::size_t kept_alone = kept;
    const budget b = p.budget_for(reads, count).value();
    CHECK(kept == kept_alone + 2);
    CHECK(b.devices[0].of(term_kind::compute_buffer) >= a.devices[0].of(term_kind::compute_buffer));
    // 2 layers x 2048 tokens of a batch x 256 floats
    CHECK(b.host.of(term_kind::output_buffer) ==
          a.host.of(term_kind::output_buffer) + bytes{4 * 2 * 2048 * 256});
    CHECK(p.budget_for(plain, count).has_value());
    CHECK(kept == kept_alone);
    CHECK(refusal(renamed(m, "qwen2"), reads, &draft).find("hidden states") != std::string::npos);
  }

  TEST_CASE("an observer sees the graphs of both contexts") {
    const model m = testing::small_llama().value();
    planner p(m, {testing::card()}, {}, &m);
    std::vector<graph_phase> phases;
    CHECK(p.budget_for({}, [&](graph_phase phase, const ggml::graph&, const ggml::scheduler&) {
             phases.push_back(phase);
           }).has_value());
    CHECK(phases == std::vector{graph_phase::generation, graph_phase::prompt,
                                graph_phase::draft_generation, graph_phase::draft_prompt});
  }

  TEST_CASE("drafts that cannot be are refused for what is wrong") {
    const model m = testing::small_llama().value();
    CHECK(refusal(m, mtp).find("NextN") != std::string::npos);
    CHECK(refusal(m, {.spec_types = {spec_type::draft_simple}}).find("-md") != std::string::npos);
    model other = m;
    other.hp.n_vocab += 128;
    CHECK(plan(m, {}, {testing::card()}, {}, &other).has_value());
    other.hp.n_vocab += 1;
    CHECK(refusal(m, {}, &other).find("vocabulary") != std::string::npos);
    // an architecture that borrows from its target is no main model, and its target must have what it reads
    CHECK(refusal(renamed(m, "gemma4-assistant"), {}).find("-md") != std::string::npos);
    const model assistant = renamed(m, "gemma4-assistant");
    CHECK(refusal(m, {}, &assistant).find("sliding window") != std::string::npos);
    const auto nextn = testing::small_llama(
        [](gguf::writer& w) { w.add("llama.nextn_predict_layers", std::uint32_t{1}); });
    CHECK(refusal(nextn.value(), mtp).find("no graph") != std::string::npos);
  }

  TEST_CASE("names of types are llama-server's") {
    for (const char* n : {"none", "draft-simple", "draft-mtp", "ngram-cache"})
      CHECK(name(spec_type_named(n).value()) == n);
    CHECK_FALSE(spec_type_named("draft").has_value());
    CHECK(drafted_tokens({.spec_types = {spec_type::ngram_mod, spec_type::draft_mtp}}) == 64);
    CHECK(states_kept_back({.spec_types = {spec_type::draft_simple}}) == 0);
    CHECK(states_kept_back({.spec_types = {spec_type::draft_dflash}, .spec_draft_n_max = 5}) == 5);
  }
}
