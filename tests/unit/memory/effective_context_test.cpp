#include "vrambudget/memory/effective_context.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/engine/find_profile.hpp"

using namespace vrambudget;

namespace {
const hparams& small() {
  static const model m = testing::small_llama().value();  // trained for 8192, heads of 64
  return m.hp;
}
std::string refusal(const run& r, const hparams& hp = small()) {
  const auto c = effective_context(r, hp);
  REQUIRE_FALSE(c.has_value());
  CHECK(c.error().code == errc::invalid_argument);
  return c.error().message;
}
}  // namespace

TEST_SUITE("context") {
  TEST_CASE("without parallel there are four sequences over one cache") {
    const auto c = effective_context({.n_ctx = 5000}, small()).value();
    CHECK(c.n_seq_max == 4);
    CHECK(c.kv_unified);
    CHECK(c.n_ctx == 5120);  // the next multiple of 256
    CHECK(c.n_ctx_seq == 5120);
    CHECK(c.n_outputs_max == 4);
  }

  TEST_CASE("given slots get caches of their own each rounded up") {
    const auto c = effective_context({.n_ctx = 5000, .n_parallel = 3}, small()).value();
    CHECK_FALSE(c.kv_unified);
    CHECK(c.n_ctx_seq == 1792);  // 5120 / 3 = 1706, up to 7 * 256
    CHECK(c.n_ctx == 3 * 1792);
  }

  TEST_CASE("the batch is cut to the context before that is rounded") {
    const auto c = effective_context({.n_ctx = 100, .n_parallel = 1}, small()).value();
    CHECK(c.n_batch == 100);
    CHECK(c.n_ubatch == 100);
    CHECK(c.n_ctx == 256);
  }

  TEST_CASE("more states to keep back than a graph could have are refused") {
    hparams recurrent = small();
    recurrent.supports_rollback = true;
    CHECK(effective_context({.n_rs_seq = 4096}, recurrent).value().n_rs_seq == 4096);
    CHECK(refusal({.n_rs_seq = 4097}, recurrent).find("4097 drafted tokens") != std::string::npos);
    CHECK(effective_context({.n_rs_seq = 4097}, small()).value().n_rs_seq == 0);
  }

  TEST_CASE("no context means the trained one") {
    CHECK(effective_context({}, small()).value().n_ctx == 8192);
  }

  TEST_CASE("embeddings run in one micro-batch and keep a row for every token") {
    const auto c =
        effective_context({.n_ctx = 4096, .n_ubatch = 256, .embeddings = true}, small()).value();
    CHECK(c.n_batch == 256);
    CHECK(c.n_outputs_max == 256);
  }

  TEST_CASE("a quantized V turns automatic flash attention on") {
    const auto c = effective_context({.type_v = ggml_type::q8_0}, small()).value();
    CHECK(c.flash_attn);
    CHECK_FALSE(c.fa_auto);
    CHECK(effective_context({}, small()).value().fa_auto);
  }

  TEST_CASE("cards that are one device always use flash attention") {
    const auto c = effective_context({.split_mode = split_mode::tensor}, small()).value();
    CHECK(c.flash_attn);
    CHECK_FALSE(c.fa_auto);
  }

  TEST_CASE("builds before b9890 take -sm row") {
    run r{.split_mode = split_mode::row};
    for (const std::uint32_t build : {9330u, 9603u, 9889u}) {
      r.profile = profile_for_build(build).profile;
      CHECK(effective_context(r, small()).has_value());
    }
    r.profile = profile_for_build(9890).profile;
    CHECK_FALSE(effective_context(r, small()).has_value());
  }

  // llama.cpp of November 2026, src/models/qwen4exp.cpp: load_arch_hparams
  TEST_CASE("blocks of an index over pooled keys are of one size that divides what it chooses") {
    run november;
    november.profile.rules.pools_index_blocks = true;
    hparams hp = small();
    const auto with = [&](std::uint32_t kpool, std::uint32_t top_k) {
      hp.indexer.kpool = kpool;
      hp.indexer.top_k = top_k;
      hp.indexer.block_arr = {0, kpool, 0, kpool};
      return effective_context(november, hp).has_value();
    };
    CHECK(with(0, 64));
    CHECK(with(16, 64));
    CHECK_FALSE(with(64, 32));
    CHECK_FALSE(with(1, 64));
    CHECK_FALSE(with(16, 0));
    hp.indexer.block_arr = {0, 16, 0, 32};
    hp.indexer.kpool = 16;
    CHECK(refusal(november, hp).find("of 16 and of 32") != std::string::npos);
    CHECK(effective_context({}, hp).has_value());  // the release takes them
  }

  TEST_CASE("refusals name what is wrong") {
    CHECK(refusal({.flash_attn = flash_attn::off, .type_v = ggml_type::q4_0}).find("q4_0") !=
          std::string::npos);
    CHECK(refusal({.n_parallel = 257}).find("257") != std::string::npos);
    // an output row per sequence must fit in a batch: 48 rows do not hold 64
    CHECK(refusal({.n_batch = 48, .n_parallel = 64}).find("48") != std::string::npos);
    CHECK(effective_context({.n_batch = 64, .n_parallel = 64}, small()).has_value());
    CHECK(refusal({.split_mode = split_mode::row}).find("row") != std::string::npos);
    CHECK(refusal({.flash_attn = flash_attn::off, .split_mode = split_mode::tensor}).find("-sm") !=
          std::string::npos);
    hparams odd = small();
    odd.attn.n_embd_head_k = 80;
    const std::string why = refusal({.type_k = ggml_type::q8_0}, odd);
    CHECK(why.find("q8_0") != std::string::npos);
    CHECK(why.find("80") != std::string::npos);
    hparams latent = small();
    latent.mla.n_embd_head_k = latent.mla.n_embd_head_v = 128;
    CHECK(refusal({.type_k = ggml_type::q8_0}, latent).find("same") != std::string::npos);
    hparams no_length = small();
    no_length.n_ctx_train = 0;
    CHECK_FALSE(effective_context({}, no_length).has_value());
  }
}
