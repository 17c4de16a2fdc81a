#include "vrambudget/request/find_recipe.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "vrambudget/catalogue/expected_kld.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;
using namespace vrambudget::request;

namespace {

struct model_on_cards {
  recipe_request q;
  recipe_answer answer;
};

recipe_source source(const char* name) {
  model_reader reader({.offline = true}, environment{});
  return open_recipe_source(name, {}, reader).value();
}

result<model_on_cards> find(const char* name, const char* gpu, run r, recipe_request q = {},
                            std::optional<bytes> ram = {}) {
  plan_request plan;
  plan.r = r;
  plan.gpus.ram = ram;
  // whatever this machine's system is: Windows' desktop would take a part of the card
  plan.gpus.system = operating_system::native_linux;
  const std::vector<device> cards{
      to_device(find_gpu(gpu).value(), {.system = operating_system::native_linux})};
  const recipe_source from = source(name);
  auto f = find_recipe(from, q, plan, cards, {});
  if (!f) return f.error();
  auto all = make_recipes(from, *f).value();
  plan_recipes(all, plan, cards, {});
  return model_on_cards{*f, all.front()};
}

ggml_type type_of(const model_on_cards& f, const char* tensor) {
  return f.answer.file.m.find(tensor)->type;
}

}  // namespace

TEST_CASE("what is model_on_cards fits, and leaves no room for a layer more") {
  for (const std::uint32_t n_ctx : {8192u, 40960u}) {
    CAPTURE(n_ctx);
    const auto f = find("Qwen3-8B", "3060-12gb", {.n_ctx = n_ctx, .n_parallel = 1}).value();
    REQUIRE(f.answer.runs.has_value());
    CHECK(f.answer.runs->fits);
    // a layer's matrices have 192,937,984 weights, and no type is within half a bit of the next
    if (f.answer.base != "Q8_0") CHECK(f.answer.runs->spare < 32_MiB);
    CHECK(f.answer.file.unwritable.empty());
    CHECK(f.q.pure);
  }
}

TEST_CASE("a longer context takes bits, where they help least first") {
  const auto small = find("Qwen3-8B", "3060-12gb", {.n_ctx = 16384, .n_parallel = 1}).value();
  const auto large = find("Qwen3-8B", "3060-12gb", {.n_ctx = 40960, .n_parallel = 1}).value();
  CHECK(small.answer.file.data > large.answer.file.data);
  for (const model_on_cards& f : {small, large}) {
    const auto bits = [&](const char* t) {
      const type_traits& type = traits(type_of(f, t));
      return static_cast<double>(type.block_bytes) / static_cast<double>(type.block);
    };
    CHECK(bits("blk.0.attn_v.weight") >= bits("blk.0.ffn_down.weight"));
    CHECK(bits("blk.0.ffn_down.weight") >= bits("blk.0.ffn_up.weight"));
    CHECK(type_of(f, "token_embd.weight") == ggml_type::q8_0);  // which is read on the host
  }
}

TEST_CASE("of experts few are used, and so they get fewer bits than attention") {
  const auto f = find("Qwen3-30B-A3B", "3090", {.n_ctx = 32768}).value();
  CHECK(type_of(f, "blk.20.attn_q.weight") == ggml_type::q8_0);
  CHECK(type_of(f, "blk.20.ffn_up_exps.weight") == ggml_type::q5_k);
}

TEST_CASE("what lies on the host wants to be told what it has") {
  const run r{.n_ctx = 8192, .cpu_moe = true};
  const auto none = find("Qwen3-30B-A3B", "3060-12gb", r);
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == errc::invalid_argument);
  CHECK(none.error().message.find("--ram") != std::string::npos);
  const auto small = find("Qwen3-30B-A3B", "3060-12gb", r, {}, 24_GiB).value();
  const auto large = find("Qwen3-30B-A3B", "3060-12gb", r, {}, 64_GiB).value();
  CHECK(small.answer.file.data < large.answer.file.data);
}

TEST_CASE("nothing is found where the smallest does not fit, or no context is named") {
  CHECK(find("Llama-3.3-70B", "3060-12gb", {.n_ctx = 8192}).error().code == errc::not_found);
  CHECK(find("Qwen3-8B", "3090", {}).error().code == errc::invalid_argument);
}

TEST_CASE("types that want an importance matrix are taken where one is given") {
  recipe_request q;
  CHECK_FALSE(find("Llama-3.3-70B", "3090", {.n_ctx = 8192, .n_parallel = 1}).has_value());
  q.imatrix = "FILE";
  const auto f = find("Llama-3.3-70B", "3090", {.n_ctx = 8192, .n_parallel = 1}, q).value();
  CHECK(f.answer.runs->fits);
  CHECK(f.answer.file.n_need_imatrix == 0);
}

// Between 4.835 and 5.573 bits the curve falls from 0.03896 to 0.01659: halfway, at 5.204, their geometric mean.
TEST_CASE("the curve goes straight in logarithms") {
  const double halfway = std::sqrt(0.03896 * 0.01659);
  CHECK(curve_kld(5.204).value() == doctest::Approx(halfway));
  CHECK_FALSE(curve_kld(1.9).has_value());
  CHECK_FALSE(curve_kld(9).has_value());
}

TEST_CASE("files of a model that were measured draw the curve to them") {
  const auto unknown = expected_kld_of("no such model", 5.204).value();
  CHECK(unknown.n == 0);
  CHECK(unknown.range.low == doctest::Approx(estimated_kld(5.204)->low));
  // three against BF16: Q3_K_M, UD-Q3_K_XL and IQ4_XS, all nearer than Llama 3 8B's
  const auto known = expected_kld_of("Qwen3.6-27B", 5.204).value();
  CHECK(known.n == 3);
  CHECK(known.reference == "BF16");
  CHECK(known.range.high / known.range.low == doctest::Approx(1.7 * 1.7));
  CHECK(std::sqrt(known.range.high * known.range.low) < curve_kld(5.204).value());
  // of UD-Q4_K_XL, against another reference, 0.02254 was measured
  CHECK(known.range.high > 0.02254);
}

TEST_CASE("of a model that was trained in few bits nothing is expected") {
  CHECK_FALSE(expected_kld_of("gpt-oss-20b", 5).has_value());
  CHECK(is_trained_in_few_bits("gpt-oss-20b"));
  CHECK(is_trained_in_few_bits("Gemma-3-4B-QAT"));
  CHECK_FALSE(is_trained_in_few_bits("Qwen3-8B"));
}
