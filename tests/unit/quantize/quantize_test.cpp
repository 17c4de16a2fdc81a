#include "vrambudget/quantize/quantize.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "../header_of.hpp"
#include "vrambudget/catalogue/shape.hpp"

using namespace vrambudget;

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

model shape(const std::string& id) {
  fs::path file = VRAMBUDGET_DATA "/models/" + id + ".json";
  if (!fs::exists(file)) file = VRAMBUDGET_TRUTH "/models/" + id + ".json";
  const auto header = header_from_shape(read_text(file)).value();
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  return read_model({&parsed, 1}).value();
}

bytes padded_data(const model& m) {
  bytes sum;
  for (const model_tensor& t : m.tensors) sum += pad(t.size, 32);
  return sum;
}

bytes file_data(const model& m, file_type f) {
  return padded_data(quantized(m, {f, true}).value());
}

/// How many tensors have each type, and FNV-1a of their names in llama-quantize's order.
std::string summary(const model& m) {
  std::vector<const model_tensor*> all;
  for (const model_tensor& t : m.tensors) all.push_back(&t);
  std::sort(all.begin(), all.end(), [](const model_tensor* a, const model_tensor* b) {
    return std::pair(layer_of(a->name).first, a->name) <
           std::pair(layer_of(b->name).first, b->name);
  });
  std::map<std::string, int> counts;
  std::string names;
  for (const model_tensor* t : all) {
    const std::string type(traits(t->type).name);
    ++counts[type];
    names += (names.empty() ? "" : ",") + type;
  }
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : names)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * std::uint64_t{0x100000001b3};
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(hash));
  std::string out;
  for (const auto& [type, n] : counts) out += type + ":" + std::to_string(n) + " ";
  return out + hex;
}

ggml_type type_of(const model& m, const char* name) { return m.find(name)->type; }

}  // namespace

TEST_CASE("types are those that llama-quantize chose, for every recorded model and file type") {
  std::ifstream in(VRAMBUDGET_TRUTH "/quantized.jsonl");
  int n = 0;
  for (std::string line; std::getline(in, line);) {
    const boost::json::value row = boost::json::parse(line);
    const std::string id(row.at("model").as_string());
    const model m = shape(id);
    for (const auto& [key, recorded] : row.at("types").as_object()) {
      const std::string_view what = key;
      const auto type = find_file_type(what.substr(0, what.find('+')));
      REQUIRE(type.has_value());
      const auto q = quantized(m, {*type, what.ends_with("+imatrix")});
      const std::string found = q ? summary(*q) : "refused";
      ++n;
      if (found == std::string_view(recorded.as_string())) continue;
      CAPTURE(id);
      CAPTURE(what);
      CHECK(found == std::string_view(recorded.as_string()));
    }
  }
  CHECK(n == 12840);  // 321 models, 35 file types, five of them with an importance matrix too
}

// Sizes of published files (data/published.json), less our tensors, leave the header. A Qwen3 layer
// has 11 tensors whose entries take 652 bytes with two-digit layers: 8 + name + 4 + 8 per dimension +
// 4 + 8. "output.weight" takes 53. Files of one publisher differ in nothing else but a few letters.
TEST_CASE(
    "Qwen3's published files are larger than the tensors by one tokenizer and their entries") {
  const auto rest = [](const char* id, file_type f, std::uint64_t file) {
    return file - file_data(shape(id), f).count;
  };
  const auto of_4b = rest("qwen3-4b", file_type::q4_k_m, 2497280256),
             of_8b = rest("qwen3-8b", file_type::q4_k_m, 5027783488),
             of_14b = rest("qwen3-14b", file_type::q4_k_m, 9001752960);
  CHECK(of_8b - of_4b == 64);     // 53, in steps of 32
  CHECK(of_14b - of_8b == 2624);  // 4 * 652 = 2608, in steps of 32
  CHECK(of_4b == 5956352);        // 151,936 tokens and as many merges
  CHECK(rest("qwen3-4b", file_type::q8_0, 4280403520) == 5955136);
}

TEST_CASE("published files leave what a header with their vocabulary takes") {
  struct file {
    const char* id;
    file_type type;
    std::uint64_t size;
  };
  constexpr auto q4 = file_type::q4_k_m;
  constexpr file files[] = {
      {"apertus-8b", q4, 5057885568},
      {"command-r7b", q4, 5057009792},
      {"ernie-4.5-0.3b", q4, 240645600},
      {"exaone-4.0-1.2b", q4, 812437792},
      {"falcon-mamba-7b", q4, 4204230432},
      {"gemma-2-2b", q4, 1708582752},
      {"gemma-2-9b", q4, 5761057728},
      {"gemma-3-1b", q4, 806058496},
      {"gemma-3-4b", q4, 2489758112},
      {"gemma-3-12b", q4, 7300575264},
      {"glm-4-9b-0414", q4, 6166574944},
      {"granite-4.1-8b", q4, 5347914400},
      {"lfm2-2.6b", q4, 1563668704},
      {"lfm2-8b-a1b", q4, 5044779712},
      {"llama-3.1-8b", q4, 4920734656},
      {"llama-4-scout", file_type::q3_k_s, 46740372480},
      {"mamba2-codestral-7b", q4, 4147481568},
      {"ministral-3-8b", q4, 5198911904},
      {"nemotron-nano-9b-v2", q4, 6525629280},
      {"nomic-embed-text-v1.5", file_type::f16, 274290560},
      {"olmo-2-1b", q4, 935515296},
      {"phi-4-mini", q4, 2491874688},
      {"qwen2.5-7b", q4, 4683073536},
      {"qwen2.5-14b", q4, 8988110272},
      {"qwen2.5-32b", q4, 19851335872},
      {"qwen3-0.6b", file_type::q8_0, 639446688},
      {"qwen3-30b-a3b", q4, 18556685824},
      {"qwen3-30b-a3b", file_type::q8_0, 32483930432},
      {"qwen3-32b", q4, 19762149024},
      {"qwen3-embedding-0.6b", file_type::f16, 1197629632},
      {"qwen3-vl-30b-a3b", q4, 18556687168},
      {"seed-oss-36b", q4, 21762149024},
      {"smollm3-3b", q4, 1915305312},
  };
  for (const file& f : files) {
    CAPTURE(f.id);
    const model m = shape(f.id);
    const bytes data = file_data(m, f.type);
    REQUIRE(f.size > data.count);
    const std::uint64_t header = f.size - data.count;
    // a token: its text after its length, score and type, and often a merge
    CHECK(header < 65u * m.hp.n_vocab);
    CHECK(header > 20u * m.hp.n_vocab);
  }
}

// Loads of Gemma 3 27B (15.404, 14.539 and 13.747 GiB) and of files of bartowski and unsloth print how
// many tensors have each type.
TEST_CASE("types of files in logs") {
  const model gemma = shape("gemma-3-27b");
  const auto counts = [&](file_type f, bool has_imatrix) {
    const std::string all = summary(quantized(gemma, {f, has_imatrix}).value());
    return all.substr(0, all.rfind(' '));
  };
  CHECK(counts(file_type::q4_k_m, true) == "f32:373 q4_K:374 q6_K:61");
  CHECK(counts(file_type::q4_0, true) == "f32:373 q4_0:427 q4_1:7 q6_K:1");
  CHECK(counts(file_type::iq4_xs, true) == "f32:373 iq4_xs:434 q6_K:1");
  CHECK(counts(file_type::iq4_xs, false) != counts(file_type::iq4_xs, true));
}

// Older builds gave a fused attn_qkv Q5_K throughout: Phi-4's file of January 2025 has 40 of them,
// 5120 x 7680, where 20 now have Q6_K and 20 Q4_K, 6,144,000 bytes more.
TEST_CASE("files of older builds differ by the rules of their time") {
  model phi = quantized(shape("phi-4"), {file_type::q4_k_m, true}).value();
  const std::uint64_t file = 9053114816;
  CHECK(padded_data(phi).count > file);
  bytes now, then;
  for (model_tensor& t : phi.tensors)
    if (t.name.ends_with("attn_qkv.weight")) {
      now += t.size;
      t.type = ggml_type::q5_k;
      t.size = data_size(t.type, t.ne);
      then += t.size;
    }
  CHECK(now.count - then.count == 6144000);
  const std::uint64_t header = file - padded_data(phi).count;
  CHECK(header > 20u * phi.hp.n_vocab);
  CHECK(header < 65u * phi.hp.n_vocab);

  // DeepSeek V2 Lite's file has attn_kv_b whole. Of its parts attn_k_b has rows of 128 and so Q5_0
  // instead of Q4_K, a bit more for each of 27 * 16 * 512 * 128 weights.
  const model deepseek = quantized(shape("deepseek-v2-lite"), {file_type::q4_k_m, true}).value();
  CHECK(type_of(deepseek, "blk.0.attn_k_b.weight") == ggml_type::q5_0);
  const std::uint64_t rest = 10364416736 + 27 * 16 * 512 * 128 / 8 - padded_data(deepseek).count;
  CHECK(rest > 20u * deepseek.hp.n_vocab);
  CHECK(rest < 65u * deepseek.hp.n_vocab);
}

TEST_CASE("layers that get more bits") {
  // 36 layers: 0-3 and 31-35, and every third from 6 on: 6, 9, ..., 30
  const model m = quantized(shape("qwen3-8b"), {file_type::q4_k_m, false}).value();
  for (int il = 0; il < 36; ++il) {
    CAPTURE(il);
    const bool more = il < 4 || il >= 31 || (il >= 6 && il % 3 == 0);
    const std::string blk = "blk." + std::to_string(il);
    CHECK(type_of(m, (blk + ".ffn_down.weight").c_str()) ==
          (more ? ggml_type::q6_k : ggml_type::q4_k));
    CHECK(type_of(m, (blk + ".attn_v.weight").c_str()) ==
          (more ? ggml_type::q6_k : ggml_type::q4_k));
    CHECK(type_of(m, (blk + ".attn_q.weight").c_str()) == ggml_type::q4_k);
    CHECK(type_of(m, (blk + ".attn_norm.weight").c_str()) == ggml_type::f32);
  }
  CHECK(type_of(m, "output.weight") == ggml_type::q6_k);
}

TEST_CASE("rows that blocks of 256 do not fill get blocks of 32") {
  // 896 = 3.5 * 256 = 28 * 32
  const model m = quantized(shape("qwen2.5-0.5b"), {file_type::q4_k_m, false}).value();
  CHECK(type_of(m, "blk.0.attn_q.weight") == ggml_type::q5_0);
  CHECK(type_of(m, "blk.0.attn_v.weight") == ggml_type::q8_0);
  CHECK(type_of(m, "token_embd.weight") == ggml_type::q8_0);
  CHECK(type_of(m, "blk.0.ffn_down.weight") == ggml_type::q6_k);  // rows of 4864 = 19 * 256
}

TEST_CASE("file types are found by name") {
  CHECK(find_file_type("q4_k_m") == file_type::q4_k_m);
  CHECK(find_file_type("MXFP4_MOE") == file_type::mxfp4_moe);
  CHECK_FALSE(find_file_type("UD-Q4_K_XL").has_value());
  CHECK_FALSE(find_file_type("").has_value());
}

TEST_CASE("experts outside the layers are refused") {
  const auto m = testing::small_llama([](gguf::writer& w) {
                   w.add("llama.expert_count", std::uint32_t{4});
                   w.add("llama.expert_used_count", std::uint32_t{2});
                   w.add_tensor("blk.7.ffn_down_exps.weight", ggml_type::f16, {256, 256, 4});
                 }).value();
  const auto q = quantized(m, {file_type::q4_k_m, false});
  REQUIRE_FALSE(q.has_value());
  CHECK(q.error().message.find("blk.7.ffn_down_exps.weight") != std::string::npos);
}
