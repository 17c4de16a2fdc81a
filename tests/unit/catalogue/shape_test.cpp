#include "vrambudget/catalogue/shape.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

static std::string failure(const std::string& json) {
  const auto bytes = header_from_shape(json);
  return bytes ? "accepted" : bytes.error().message;
}

static std::string shape_with(const std::string& metadata, const std::string& tensors) {
  return R"({"name": "tiny", "architecture": "llama", "metadata": {)" + metadata +
         R"(}, "tensors": [)" + tensors + "]}";
}

TEST_CASE("a shape becomes a header with its metadata and all its layers") {
  const auto bytes = header_from_shape(shape_with(
      R"("llama.block_count": ["u32", 4], "a": ["f32", 1e-06], "b": ["arr:i32", [11, 0, -1]],
         "c": ["bool", true], "d": ["str", "none"], "e": ["arr:bool", [true, false]])",
      R"(["output.weight", "Q8_0", [64, 10]], ["blk.{0,2-3}.attn_q.weight", "Q4_K", [256, 2]])"));
  REQUIRE(bytes.has_value());
  const auto h = gguf::parse(*bytes, {.check_data = false});
  REQUIRE(h.has_value());

  CHECK(h->find("general.architecture")->string() == "llama");
  CHECK(h->find("general.name")->string() == "tiny");
  CHECK(h->find("llama.block_count")->u32() == 4);
  CHECK(h->find("a")->f32() == 1e-6f);
  CHECK(h->find("b")->signed_integer(2) == -1);
  CHECK(h->find("c")->boolean() == true);
  CHECK(h->find("d")->string() == "none");
  CHECK(h->find("e")->integer(1) == 0);

  const auto tensors = h->tensors();
  REQUIRE(tensors.size() == 4);
  CHECK(tensors[0].name == "output.weight");
  CHECK(tensors[1].name == "blk.0.attn_q.weight");
  CHECK(tensors[2].name == "blk.2.attn_q.weight");
  CHECK(tensors[3].name == "blk.3.attn_q.weight");
  CHECK(tensors[3].type == ggml_type::q4_k);
  CHECK(tensors[3].ne == std::array<std::int64_t, 4>{256, 2, 1, 1});
  CHECK(tensors[3].size == 288_B);  // 2 rows of one 144-byte block
}

TEST_CASE("the metadata's own general.name wins over the shape's name") {
  const auto bytes = header_from_shape(shape_with(R"("general.name": ["str", "inner"])", ""));
  REQUIRE(bytes.has_value());
  const auto h = gguf::parse(*bytes, {.check_data = false});
  REQUIRE(h.has_value());
  CHECK(h->find("general.name")->string() == "inner");
  CHECK(h->metadata().size() == 2);
}

TEST_CASE("a bad shape is refused with the place and the cause") {
  const std::pair<std::string, const char*> bad[] = {
      {"", "not JSON"},
      {"{\"name\": ", "not JSON"},
      {"[]", "expected an object"},
      {"{}", "\"architecture\""},
      {R"({"architecture": "llama"})", "\"metadata\""},
      {R"({"architecture": "llama", "metadata": {}})", "\"tensors\""},
      {shape_with(R"("k": 1)", ""), "metadata \"k\": found 1, expected [type, value]"},
      {shape_with(R"("k": ["u33", 1])", ""), "unknown value type \"u33\""},
      {shape_with(R"("k": ["u32", -1])", ""), "metadata \"k\": found -1, expected u32"},
      {shape_with(R"("k": ["u8", 256])", ""), "found 256, expected u8"},
      {shape_with(R"("k": ["u32", 1.5])", ""), "expected u32"},
      {shape_with(R"("k": ["bool", 1])", ""), "expected bool"},
      {shape_with(R"("k": ["arr:i32", 1])", ""), "expected an array"},
      {shape_with(R"("k": ["arr:i32", [1, "x"]])", ""), "expected i32"},
      {shape_with("", "7"), "tensors[0]: found 7"},
      {shape_with("", R"(["t", "F32", [1]], ["t", "Q4_KK", [1]])"),
       "tensors[1]: unknown tensor type"},
      {shape_with("", R"(["t", "F32", [1, 1, 1, 1, 1]])"), "5 dimensions"},
      {shape_with("", R"(["t", "F32", [-1]])"), "expected a dimension"},
      {shape_with("", R"(["t", "F32", [1e30]])"), "expected a dimension"},
      {shape_with("", R"(["t.{0-1", "F32", [1]])"), "unpaired brace"},
      {shape_with("", R"(["t.}0{", "F32", [1]])"), "unpaired brace"},
  };
  for (const auto& b : bad) {
    CAPTURE(b.first);
    CAPTURE(failure(b.first));
    CHECK(failure(b.first).find(b.second) != std::string::npos);
  }
}

TEST_CASE("layers must rise and stay few") {
  for (const char* layers : {"", "-", "1-", "-1", "2-1", "1,1", "0-3,3", "1,", ",1", "a", "1 ",
                             "0x1", "65536", "0-4294967295", "99999999999"}) {
    const std::string text = shape_with("", "[\"t.{" + std::string(layers) + "}\", \"F32\", [1]]");
    CAPTURE(layers);
    CHECK(header_from_shape(text).error().code == errc::bad_format);
  }
  const std::string row = R"(["t.{0-65535}", "F32", [1]])";
  CHECK(header_from_shape(shape_with("", row)).has_value());
  CHECK(header_from_shape(shape_with("", row + "," + row)).error().code == errc::limit);
}

TEST_CASE("every catalogued shape is the shape of its own header") {
  for (const catalogued_model& m : catalogued_models()) {
    CAPTURE(m.name);
    const auto first = header_from_shape(m.shape);
    REQUIRE(first.has_value());
    const auto h = gguf::parse(*first, {.check_data = false});
    REQUIRE(h.has_value());
    const auto shape = shape_of_headers({&*h, 1}, m.name, "", "");
    REQUIRE(shape.has_value());
    const auto again = header_from_shape(*shape);
    REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error().message));
    const auto g = gguf::parse(*again, {.check_data = false});
    REQUIRE(g.has_value());
    CHECK(g->tensors().size() == h->tensors().size());
    CHECK(g->data_size() == h->data_size());
    const auto of_hparams = [](const gguf::header& all) {
      std::map<std::string, std::string> found;
      for (const gguf::entry& e : all.metadata()) {
        const auto p = e.v.payload();
        found[std::string(e.key)] = {reinterpret_cast<const char*>(p.data()), p.size()};
      }
      return found;
    };
    CHECK(of_hparams(*g) == of_hparams(*h));
  }
}

TEST_CASE("of a real header a shape has what memory depends on") {
  gguf::writer w;
  w.add("general.architecture", "llama");
  w.add("general.description", "left out");
  w.add("llama.block_count", std::uint32_t{3});
  w.add("llama.head_count_kv", std::vector<std::uint32_t>{8, 0, 8});
  w.add("llama.rope.freq_base", 1e6f);
  w.add("tokenizer.ggml.model", "gpt2");
  w.add("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "c"});
  for (const char* name : {"blk.0.x.weight", "output.weight", "blk.1.x.weight", "blk.2.x.weight"})
    w.add_tensor(name, ggml_type::f16, std::array<std::int64_t, 2>{32, name[0] == 'o' ? 3 : 2});
  const auto bytes = w.finish();
  const auto h = gguf::parse(bytes, {.check_data = false});
  REQUIRE(h.has_value());
  const auto shape = shape_of_headers({&*h, 1}, "Tiny-F16", "F16", "a test");
  REQUIRE(shape.has_value());
  // 3 matrices of 2 rows and one of 3, each row of 32 elements of two bytes
  CHECK(
      *shape ==
      "{\n  \"name\": \"Tiny-F16\",\n  \"architecture\": \"llama\",\n  \"quantization\": \"F16\",\n"
      "  \"source\": \"a test\",\n  \"data_bytes\": 576,\n  \"metadata\": {\n"
      "    \"llama.block_count\": [\"u32\",3],\n"
      "    \"llama.head_count_kv\": [\"arr:u32\",[8,0,8]],\n"
      "    \"llama.rope.freq_base\": [\"f32\",1000000],\n"
      "    \"llama.vocab_size\": [\"u32\",3],\n"
      "    \"tokenizer.ggml.model\": [\"str\",\"none\"]\n  },\n  \"tensors\": [\n"
      "    [\"blk.{0-2}.x.weight\",\"F16\",[32,2]],\n"
      "    [\"output.weight\",\"F16\",[32,3]]\n  ]\n}\n");
}
