#include "vrambudget/advise/trade.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/report/trade.hpp"

using namespace vrambudget;

namespace {

const trade& find(const std::vector<trade>& all, ggml_type type, std::uint32_t n_ubatch,
                  std::uint32_t n_parallel) {
  return *std::find_if(all.begin(), all.end(), [&](const trade& t) {
    return t.cache_type == type && t.n_ubatch == n_ubatch && t.n_parallel == n_parallel;
  });
}

}  // namespace

TEST_SUITE("trade") {
  TEST_CASE("each is the largest context of its run, which runs, and 256 tokens more do not") {
    const model m = testing::small_llama().value();
    planner p(m, {testing::card(64_MiB)});
    const run r{.n_ctx = 512};
    const trade_axes axes = trade_axes_of(r);
    const std::vector<trade> all =
        find_trades([&] { return planner(m, {testing::card(64_MiB)}); }, r, axes).value();
    CHECK(all.size() == 3 * 4 * 4);
    std::size_t n_full = 0;
    for (const trade& t : all) {
      CAPTURE(t.n_ubatch);
      CAPTURE(t.n_parallel);
      run one{.n_batch = 2048, .n_ubatch = t.n_ubatch, .n_parallel = t.n_parallel};
      one.type_k = one.type_v = t.cache_type.value();
      one.n_ctx = t.largest.value().n_ctx;
      CHECK(t.n_ctx_seq == one.n_ctx / t.n_parallel);
      if (one.n_ctx > 0) CHECK(p.budget_for(one).value().fits());
      if (t.largest->bound_by != context_bound::device) continue;
      ++n_full;
      one.n_ctx += 256 * t.n_parallel;
      CHECK_FALSE(p.budget_for(one).value().fits());
    }
    CHECK(n_full > 0);
  }

  TEST_CASE("what a run asks for is among what is tried, once") {
    run r{.n_ubatch = 384, .n_parallel = 3};
    r.type_k = ggml_type::q5_1;
    const trade_axes axes = trade_axes_of(r);
    CHECK(axes.n_ubatch == std::vector<std::uint32_t>{256, 384, 512, 1024, 2048});
    CHECK(axes.n_parallel == std::vector<std::uint32_t>{1, 2, 3, 4, 8});
    CHECK(axes.cache_types.back() == ggml_type::q5_1);
    CHECK(trade_axes_of({}).n_parallel == std::vector<std::uint32_t>{1, 2, 4, 8});
  }

  TEST_CASE("slots that share one cache can each use all of it") {
    const model m = testing::small_llama().value();
    run r;
    r.kv_unified = true;
    for (const trade& t : find_trades([&] { return planner(m, {testing::card(64_MiB)}); }, r,
                                      {{ggml_type::f16}, {512}, {1, 4}})
                              .value())
      CHECK(t.n_ctx_seq == t.largest.value().n_ctx);
  }

  TEST_CASE("of a model without a KV cache no types are tried, since they change nothing") {
    const model m = read_shape(find_model("falcon-mamba-7b").value()).value();
    const auto plans = [&] { return planner(m, {testing::card(24_GiB)}); };
    const trade_axes axes = trade_axes_of({});
    const std::vector<trade> all = find_trades(plans, {}, axes).value();
    CHECK(all.size() == 4 * 4);  // micro-batches, slots
    for (const trade& t : all) {
      CHECK_FALSE(t.cache_type.has_value());
      for (const ggml_type type : axes.cache_types) {
        run one{.n_batch = 2048, .n_ubatch = t.n_ubatch, .n_parallel = t.n_parallel};
        one.type_k = one.type_v = type;
        planner p = plans();
        CHECK(max_context(p, one).value().n_ctx == t.largest.value().n_ctx);
      }
    }
    CHECK(trade_text(m, {}, all).find("\nnone       256 ") != std::string::npos);
    CHECK(trade_json(m, {}, all).find("cache_type") == std::string::npos);
  }

  TEST_CASE("refused runs are left open, and if all are their reason is told") {
    const model m = testing::small_llama().value();
    run r;
    r.flash_attn = flash_attn::off;  // without it V is not quantized
    const std::vector<trade> all = find_trades([&] { return planner(m, {testing::card(64_MiB)}); },
                                               r, {{ggml_type::f16, ggml_type::q8_0}, {512}, {1}})
                                       .value();
    CHECK(find(all, ggml_type::f16, 512, 1).largest.has_value());
    CHECK_FALSE(find(all, ggml_type::q8_0, 512, 1).largest.has_value());
    CHECK_FALSE(find_trades([&] { return planner(m, {testing::card(64_MiB)}); }, r,
                            {{ggml_type::q8_0}, {512}, {1}})
                    .has_value());
  }

  TEST_CASE("as text, JSON and a picture") {
    model m = testing::small_llama().value();
    m.name = "a<b";
    const std::vector<trade> all{
        {ggml_type::f16, 512, 1, context_limit{.n_ctx = 4096}, 4096},
        {ggml_type::f16, 512, 2, context_limit{.n_ctx = 5120}, 2560},
        {ggml_type::q8_0, 512, 1, context_limit{}, 0},
        {ggml_type::q8_0, 512, 2, std::nullopt, 0},
    };
    const std::string plain = trade_text(m, {}, all), marked = trade_text(m, {.n_ctx = 5000}, all);
    CHECK(plain.find("KV cache   -ub      -np 1      -np 2\n"
                     "f16        512      4,096      2,560\n"
                     "q8_0       512          -          -\n") != std::string::npos);
    CHECK(marked.find("f16        512      4,096     *2,560\n") != std::string::npos);
    CHECK(plain.find("\n\n-c is that times the slots.\n") != std::string::npos);
    run shared;
    shared.kv_unified = true;
    CHECK(trade_text(m, shared, all).find("tokens that all slots share at most") !=
          std::string::npos);
    CHECK(trade_text(m, {}, std::span(all).last(2)).find("no context fits") != std::string::npos);
    CHECK(marked.find("* holds -c 5,000: 1 of 4 runs\n") != std::string::npos);
    const boost::json::value v = boost::json::parse(trade_json(m, {.n_ctx = 5000}, all));
    const boost::json::array& runs = v.at("runs").as_array();
    REQUIRE(runs.size() == 4);
    CHECK(runs[1].at("n_ctx").as_int64() == 5120);
    CHECK(runs[1].at("n_ctx_seq").as_int64() == 2560);
    CHECK(runs[1].at("holds").as_bool());
    CHECK_FALSE(runs[3].as_object().contains("n_ctx"));
    const std::string svg = trade_svg(m, {}, all);
    CHECK(svg.find("a&lt;b") != std::string::npos);
    CHECK(svg.find("q8_0 -ub 512 -np 2: -. ") != std::string::npos);
  }
}
