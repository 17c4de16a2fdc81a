#include "vrambudget/quantize/recognised_recipe.hpp"

#include <doctest/doctest.h>

#include <string>

#include "../header_of.hpp"
#include "recorded_recipes.hpp"

using namespace vrambudget;

namespace {

model made_by(const char* id, const request::recipe_request& q) {
  const auto recipes = request::recipes_of(q).value();
  return quantize_file({}, testing::full_precision(id), recipes.front().r).value().m;
}

request::recipe_request with_base(const char* base) {
  request::recipe_request q;
  q.base = base;
  return q;
}

}  // namespace

TEST_CASE("what is recognised gives the types again, for every recorded recipe") {
  int n = 0;
  for (const boost::json::value& row : testing::recorded_recipes()) {
    const std::string id(row.at("model").as_string());
    const auto q = testing::request_of(row);
    CAPTURE(id);
    CAPTURE(row.at("file_type").as_string());
    CAPTURE(row.at("flags").as_string());
    if (q.base == "COPY" || !q.prune_layers.empty()) continue;
    const model m = made_by(id.c_str(), q);
    if (id == "gpt-oss-20b" && q.token_embedding_type == "q4_k")
      continue;  // which no file can have
    const auto found = recognise_recipe(m);
    REQUIRE(found.has_value());
    CHECK(found->is_whole);
    const auto again = chosen_types(m, found->r).value();
    for (std::size_t i = 0; i < again.size(); ++i) {
      CAPTURE(m.tensors[i].name);
      CHECK(again[i].type == m.tensors[i].type);
    }
    ++n;
  }
  CHECK(n == 72);  // of 77: without 2 copies, 2 pruned ones, and one that cannot be written
}

TEST_CASE("a file type with other ends needs no rules") {
  request::recipe_request q = with_base("Q4_K_M");
  q.token_embedding_type = q.output_tensor_type = "q8_0";
  const auto found = recognise_recipe(made_by("qwen3.6-27b-ud-q4kxl", q)).value();
  CHECK(found.r.type == file_type::q4_k_m);
  CHECK(found.n_differ == 0);
  CHECK(found.words.empty());
  CHECK(found.r.token_embedding == ggml_type::q8_0);
  CHECK(found.r.output == ggml_type::q8_0);
  CHECK_FALSE(found.r.pure);
}

TEST_CASE("what differs is told in the words of --tensor-type") {
  request::recipe_request q = with_base("Q4_K_S");
  q.tensor_types = {"attn_k=q8_0", "blk\\.(0|1|2|10|11)\\.ffn_up=q6_k"};
  const auto found = recognise_recipe(made_by("llama-3.1-8b", q)).value();
  CHECK(found.r.type == file_type::q4_k_s);
  CHECK(found.n_differ == 37);  // 32 keys, 5 of ffn_up
  REQUIRE(found.words.size() == 2);
  CHECK(found.words[0] == "attn_k=q8_0");
  CHECK(found.words[1] == "blk.([0-2]|1[01]).ffn_up.weight=q6_K");
}

TEST_CASE("numbers of layers are short as a pattern, and no other numbers") {
  CHECK(detail::layers_pattern({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) == "[0-9]|1[0-2]");
  CHECK(detail::layers_pattern({23, 27, 31, 43, 47}) == "31|[24][37]");
  CHECK(detail::layers_pattern({5}) == "5");
  CHECK(detail::layers_pattern({100, 102, 9}) == "9|10[02]");
}
