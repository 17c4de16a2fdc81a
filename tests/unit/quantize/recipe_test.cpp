#include "vrambudget/quantize/recipe.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "../header_of.hpp"
#include "recorded_recipes.hpp"

using namespace vrambudget;

namespace {

namespace json = boost::json;
using testing::full_precision;
using testing::request_of;

std::string upper(std::string_view name) {
  std::string s(name);
  for (char& c : s)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return s;
}

/// "0-3,5" as numbers.
std::set<int> layers(const std::string& text) {
  std::set<int> all;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const std::size_t dash = part.find('-');
    const int first = std::stoi(part),
              last = dash == part.npos ? first : std::stoi(part.substr(dash + 1));
    for (int il = first; il <= last; ++il) all.insert(il);
  }
  return all;
}

/// What is recorded for a tensor: a type, or layers by type.
std::string recorded_type(const json::object& by_name, std::string_view name) {
  const auto [il, rest] = layer_of(name);
  const json::value& v = by_name.at(il < 0 ? std::string(name) : "blk.N." + std::string(rest));
  if (v.is_string()) return std::string(v.as_string());
  for (const auto& [type, text] : v.as_object())
    if (layers(std::string(text.as_string())).count(il)) return std::string(type);
  return "none";
}

model tiny() {
  return testing::small_llama([](gguf::writer&) {}).value();
}

}  // namespace

TEST_CASE("recipes give the types and bytes that llama-quantize's dry run gave") {
  int n = 0;
  for (const json::value& row : testing::recorded_recipes()) {
    ++n;
    const std::string id(row.at("model").as_string());
    CAPTURE(id);
    CAPTURE(row.at("file_type").as_string());
    CAPTURE(row.at("flags").as_string());
    const auto asked = request::recipes_of(request_of(row)).value();
    REQUIRE(asked.size() == 1);
    const model source = full_precision(id);
    const auto f = quantize_file({}, source, asked[0].r);
    REQUIRE(f.has_value());
    std::map<std::string, std::int64_t> counts;
    for (const model_tensor& t : f->m.tensors) {
      ++counts[upper(traits(t.type).name)];
      CAPTURE(t.name);
      CHECK(upper(traits(t.type).name) == recorded_type(row.at("by_name").as_object(), t.name));
    }
    CHECK(f->m.tensors.size() == row.at("tensors").to_number<std::size_t>());
    std::map<std::string, std::int64_t> recorded;
    for (const auto& [type, count] : row.at("types").as_object()) recorded[type] = count.as_int64();
    CHECK(counts == recorded);
    CHECK(f->data.count == row.at("data_bytes").to_number<std::uint64_t>());
    CHECK(f->padded.count == row.at("padded_bytes").to_number<std::uint64_t>());
    const auto* fallbacks = row.as_object().if_contains("fallbacks");
    CHECK(f->n_fallback == (fallbacks ? fallbacks->to_number<std::size_t>() : 0));
    CHECK((f->n_need_imatrix > 0) == row.as_object().contains("needs_imatrix"));
    // "16670.25 MiB (5.20 BPW)", of the source's elements, pruned ones among them
    char printed[64];
    std::snprintf(printed, sizeof printed, "%.2f MiB (%.2f BPW)",
                  static_cast<double>(f->data.count) / 1048576.0,
                  static_cast<double>(f->data.count) * 8 / static_cast<double>(source.n_params));
    CHECK(std::string(printed) == row.at("printed").as_string());
  }
  CHECK(n == 77);
}

// llama-bench prints the bytes of all tensors of a file (`model_size`), its header left out: as it did in the results of
// lhl/strix-halo-testing (2025) and kyuz0/amd-strix-halo-toolboxes (2026-08). Of two files of one repository, here
// unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF, the headers are of one size.
TEST_CASE("published files have the bytes that their recipes give, to the last") {
  const auto made = [](const char* id, file_type type) {
    recipe r;
    r.type = type;
    return quantize_file({}, full_precision(id), r).value();
  };
  CHECK(made("llama-3.2-1b", file_type::q4_k_m).data.count == 799862912);
  CHECK(made("qwen3-32b", file_type::q8_0).data.count == 34811744256);
  CHECK(made("qwen3.6-27b-mtp-ud-q4kxl", file_type::q8_0).data.count == 29036089344);
  CHECK(made("qwen3-30b-a3b", file_type::q8_0).padded.count -
            made("qwen3-30b-a3b", file_type::q4_k_m).padded.count ==
        32483935392 - 18556689568);
}

TEST_CASE("the header of the file to come is the source's with what llama-quantize sets") {
  // 3 keys fewer of a split, 2 more: general.quantization_version 8 + 28 + 4 + 4, general.file_type 8 + 17 + 4 + 4
  gguf::writer w;
  w.add("general.architecture", "llama")
      .add("split.no", std::uint16_t{0})
      .add("llama.block_count", 1u);
  w.add_tensor("output.weight", ggml_type::bf16, {256, 4, 1});
  const auto bytes_of = w.finish();
  const auto source = gguf::parse(bytes_of, {.check_data = false}).value();
  model m = tiny();
  m.tensors = {{"output.weight", ggml_type::q8_0, {256, 4, 1, 1}, 1088_B}};
  recipe r;
  r.type = file_type::q8_0;
  const auto header = quantized_header({&source, 1}, m, r, imatrix_facts{"i.gguf", "wiki", 7, 3});
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  CHECK(parsed.find("split.no") == nullptr);
  CHECK(parsed.find("general.file_type")->u32() == 7u);
  CHECK(parsed.find("general.quantization_version")->u32() == 2u);
  CHECK(parsed.find("quantize.imatrix.dataset")->string() == "wiki");
  CHECK(parsed.find("quantize.imatrix.entries_count")->i32() == 7);
  CHECK(parsed.tensors().front().n_dims == 2);  // a dimension of 1 at the end is dropped
  CHECK(parsed.tensors().front().type == ggml_type::q8_0);
}

TEST_CASE("layers that are pruned close up, and one must be left") {
  model m = tiny();
  m.hp.n_layer_all = 4;
  m.tensors.clear();
  for (int il = 0; il < 4; ++il)
    m.tensors.push_back(
        {"blk." + std::to_string(il) + ".attn_q.weight", ggml_type::f16, {256, 1 + il, 1, 1}, {}});
  recipe r;
  r.pruned = parse_pruned_layers("2,0,2").value();
  CHECK(r.pruned == std::vector<std::uint32_t>{0, 2});
  const model left = without_pruned(m, r).value();
  REQUIRE(left.tensors.size() == 2);
  CHECK(left.tensors[0].name == "blk.0.attn_q.weight");
  CHECK(left.tensors[0].ne[1] == 2);
  CHECK(left.tensors[1].name == "blk.1.attn_q.weight");
  CHECK(left.tensors[1].ne[1] == 4);
  r.pruned = {4};
  CHECK(without_pruned(m, r).error().code == errc::invalid_argument);
  r.pruned = {0, 1, 2, 3};
  CHECK_FALSE(without_pruned(m, r).has_value());
  for (const char* wrong : {"1,", "a", "1-3", "-1", "1;2"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_pruned_layers(wrong).has_value());
  }
}

TEST_CASE("file types are those of llama-quantize: names, names without a size, numbers") {
  CHECK(parse_file_type("q4_k") == file_type::q4_k_m);
  CHECK(parse_file_type("Q3_K") == file_type::q3_k_m);
  CHECK(parse_file_type("15") == file_type::q4_k_m);  // LLAMA_FTYPE_MOSTLY_Q4_K_M
  CHECK(parse_file_type("41") == file_type::q2_0);
  CHECK_FALSE(parse_file_type("4").has_value());  // removed
  CHECK_FALSE(parse_file_type("").has_value());
  CHECK_FALSE(parse_file_type("99999999999999999999").has_value());
}

TEST_CASE("a range of file types goes in the order of their kinds") {
  request::recipe_request q;
  q.base = "IQ4_XS,Q3_K_M..Q4_K_M,q4_k_m";
  const auto all = request::recipes_of(q).value();
  std::string names;
  for (const auto& r : all) names += r.base + " ";
  CHECK(names == "IQ4_XS Q3_K_M Q3_K_L Q4_K_S Q4_K_M ");
  for (const char* wrong : {"Q6_K..Q4_K_M", "Q4_K_M..", "..Q4_K_M", "Q9", "", ","}) {
    CAPTURE(wrong);
    q.base = wrong;
    CHECK_FALSE(request::recipes_of(q).has_value());
  }
}

TEST_CASE("rules that are none are refused with what is wrong") {
  for (const char* wrong : {"attn_v", "=q8_0", "attn_v=q9", "attn_(v=q8_0", "attn_v="}) {
    CAPTURE(wrong);
    const auto rule = parse_tensor_type_rule(wrong);
    REQUIRE_FALSE(rule.has_value());
    CHECK(rule.error().code == errc::invalid_argument);
  }
}
