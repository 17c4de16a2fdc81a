// LoRA adapters and control vectors beside a model. What graphs with them need is in tests/truth.
#include "vrambudget/memory/adapters.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../header_of.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;

namespace {

model_tensor matrix(std::string name, ggml_type type, std::int64_t n, std::int64_t m) {
  return {std::move(name),
          type,
          {n, m, 1, 1},
          row_size(type, static_cast<std::uint64_t>(n)) * static_cast<std::uint64_t>(m)};
}

low_rank_pair pair_of(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t rank,
                      ggml_type type = ggml_type::f16) {
  return {name, matrix(name + ".lora_a", type, in, rank),
          matrix(name + ".lora_b", type, rank, out)};
}

/// For the queries of all four layers, of rank 3: A and B of 256 * 3 * 2 = 1,536 bytes each.
lora_adapter of_queries() {
  lora_adapter l{.path = "a.gguf", .name = "a", .architecture = "llama", .pairs = {}};
  for (int il = 0; il < 4; ++il)
    l.pairs.push_back(pair_of("blk." + std::to_string(il) + ".attn_q.weight", 256, 256, 3));
  return l;
}

model adapted(std::vector<lora_adapter> loras, std::vector<control_vector> vectors = {}) {
  model m = testing::small_llama().value();
  m.adapted_by = std::make_shared<const adapters>(adapters{std::move(loras), std::move(vectors)});
  return m;
}

const run four_thousand{.n_ctx = 4096, .n_parallel = 1};

result<budget> planned(const model& m, run r = four_thousand) {
  return plan(m, r, {testing::card()});
}

std::string refused(const model& m, errc code = errc::invalid_argument, run r = four_thousand) {
  const auto b = planned(m, r);
  REQUIRE_FALSE(b.has_value());
  CHECK(b.error().code == code);
  return b.error().message;
}

}  // namespace

TEST_SUITE("adapters") {
  TEST_CASE("matrices lie where the tensors lie that they are for") {
    const model m = adapted({of_queries()});
    CHECK(planned(m).value().devices[0].of(term_kind::adapters).count == 4 * 3072);
    // of 5 layers, the output among them, 3 on the card: those of layers 2 and 3
    run r = four_thousand;
    r.n_gpu_layers = 3;
    const budget b = planned(m, r).value();
    CHECK(b.devices[0].of(term_kind::adapters).count == 2 * 3072);
    CHECK(b.host.of(term_kind::adapters).count == 2 * 3072);
    CHECK(b.host.find(term_kind::adapters)->held == residence::anonymous);
    r.mmap = false;
    CHECK(planned(m, r).value().host.find(term_kind::adapters)->held == residence::pinned);
  }

  TEST_CASE("each matrix is padded, and each adapter has a buffer") {
    // of rank 1 for 512 x 256: 512 * 2 and 256 * 2 bytes
    lora_adapter small = of_queries();
    small.pairs = {pair_of("blk.0.ffn_down.weight", 512, 256, 1)};
    const model m = adapted({of_queries(), small});
    const budget b = planned(m).value();
    CHECK(b.devices[0].of(term_kind::adapters).count == 4 * 3072 + 1024 + 512);
    std::vector<bytes> asked;
    for (const allocation& a : b.allocations)
      if (a.stage == term_kind::adapters) asked.push_back(a.size);
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].count == 4 * 3072);
    CHECK(asked[1].count == 1536);
    CHECK(b.allocations[0].stage == term_kind::weights);
    CHECK(b.allocations[1].stage == term_kind::adapters);
  }

  TEST_CASE("a pair of the embeddings lies with them on the host, padded to 32 bytes") {
    lora_adapter l = of_queries();
    // A has a row for each of 1,000 tokens: 2,000 bytes, which are padded to 2,016; B 512
    l.pairs = {{"token_embd.weight", matrix("a", ggml_type::f16, 1, 1000),
                matrix("b", ggml_type::f16, 1, 256)}};
    run r = four_thousand;
    r.lora_apply = false;
    const budget b = planned(adapted({l}), r).value();
    CHECK(b.devices[0].of(term_kind::adapters).count == 0);
    CHECK(b.host.of(term_kind::adapters).count == 2016 + 512);
    // the output is the embeddings' matrix and has their name: the engine aborts over A's shape there
    CHECK(refused(adapted({l})).find("the engine cannot run this") != std::string::npos);
  }

  TEST_CASE("a control vector has a row for each layer but the first, whatever it changes") {
    const control_vector v{.path = "v.gguf", .n_embd = 256};
    run r = four_thousand;
    CHECK(planned(adapted({}, {v, v})).value().devices[0].of(term_kind::adapters).count ==
          3 * 1024);
    r.n_gpu_layers = 3;
    const budget b = planned(adapted({}, {v}), r).value();
    CHECK(b.devices[0].of(term_kind::adapters).count == 2 * 1024);
    CHECK(b.host.of(term_kind::adapters).count == 1024);
    CHECK(b.allocations.back().stage != term_kind::weights);
  }

  TEST_CASE("an adapter that is loaded and not applied changes no graph") {
    const budget without = planned(testing::small_llama().value()).value();
    lora_adapter l = of_queries();
    run later = four_thousand;
    later.lora_apply = false;
    const budget waits = planned(adapted({l}), later).value();
    CHECK(waits.devices[0].of(term_kind::pool) == without.devices[0].of(term_kind::pool));
    CHECK(waits.devices[0].of(term_kind::adapter_growth).count == 0);
    CHECK(waits.devices[0].of(term_kind::adapters).count == 4 * 3072);
    l.scale = 0;
    const budget zero = planned(adapted({l})).value();
    CHECK(zero.devices[0].used() == waits.devices[0].used());
    // a planner that was asked before answers as a new one
    const model m = adapted({of_queries()});
    planner p(m, {testing::card()});
    for (const bool apply : {true, false, true}) {
      run r = four_thousand;
      r.lora_apply = apply;
      CHECK(p.budget_for(r).value().devices[0].used() == planned(m, r).value().devices[0].used());
    }
  }

  TEST_CASE("an adapter for another model is refused by what does not match") {
    lora_adapter l = of_queries();
    l.architecture = "qwen3";
    CHECK(refused(adapted({l})) ==
          "--lora a.gguf: an adapter for architecture 'qwen3', and the model's is 'llama'");
    l = of_queries();
    l.pairs.push_back(pair_of("blk.4.attn_q.weight", 256, 256, 3));
    CHECK(
        refused(adapted({l})) ==
        "--lora a.gguf: the model has no tensor 'blk.4.attn_q.weight', which this adapter is for");
    l.pairs.back() = pair_of("blk.3.attn_k.weight", 256, 256, 3);
    CHECK(refused(adapted({l})) ==
          "--lora a.gguf: tensor 'blk.3.attn_k.weight' [256, 128, 1, 1]: an adapter for another "
          "model, with A [256, 3, 1, 1] and B [3, 256, 1, 1]");
    CHECK(refused(adapted({}, {{.path = "v.gguf", .n_embd = 512}})) ==
          "--control-vector v.gguf: rows of 512 values, and the model's layers give 256");
    run r = four_thousand;
    r.split_mode = split_mode::tensor;
    CHECK(refused(adapted({of_queries()}), errc::unsupported, r) ==
          "adapters on cards that share tensors (-sm tensor, -sm row) are not modelled");
  }
}
