#include "vrambudget/report/split_parts.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

struct set_of_two {
  std::vector<std::byte> first, second;
  std::vector<gguf::header> headers;

  set_of_two() {
    gguf::writer a, b;
    a.add("general.architecture", "llama").add("split.no", std::uint16_t{0});
    a.add("split.count", std::uint16_t{2});
    a.add_tensor("token_embd.weight", ggml_type::f32, {256, 1024});
    a.add_tensor("blk.0.attn_q.weight", ggml_type::f32, {256, 1024});
    a.add_tensor("blk.2.attn_q.weight", ggml_type::f32, {256, 1024});
    b.add("split.no", std::uint16_t{1}).add("split.count", std::uint16_t{2});
    b.add_tensor("blk.3.attn_q.weight", ggml_type::f32, {256, 2048});
    first = a.finish();
    second = b.finish();
    for (const auto* bytes : {&first, &second})
      headers.push_back(gguf::parse(*bytes, {.check_data = false}).value());
  }
};

}  // namespace

TEST_SUITE("split_parts") {
  TEST_CASE("a set's files tell their tensors, layers and sizes") {
    const set_of_two set;
    const auto parts = split_parts(set.headers, "a/m-00001-of-00002.gguf").value();
    REQUIRE(parts.size() == 2);
    CHECK(parts[1].path == "a/m-00002-of-00002.gguf");
    CHECK(parts[0].n_tensors == 3);
    CHECK(parts[0].tensor_bytes == 3_MiB);  // 256 * 1024 * 4 bytes each
    CHECK(parts[0].file_size == bytes{set.first.size()} + 3_MiB);
    CHECK(parts[0].layers == std::pair{0, 2});
    CHECK(parts[0].n_of_no_layer == 1);
    CHECK(parts[0].n_keys == 1);
    CHECK(parts[1].layers == std::pair{3, 3});
    CHECK(parts[1].n_keys == 0);
    const std::string text = split_parts_text(parts);
    CHECK(text.find("1 of 2                     3         3.0 MiB  layers 0 to 2, 1 of no layer, 1 "
                    "key\n") != std::string::npos);
    CHECK(text.find("2 of 2                     1         2.0 MiB  layer 3\n") !=
          std::string::npos);
    const auto json = boost::json::parse(split_parts_json(parts)).as_array();
    CHECK(json[0].at("layers").as_array()[1] == 2);
    CHECK(json[1].at("tensor_bytes") == 2 << 20);
  }

  TEST_CASE("one file has no parts, and a set under other names is refused") {
    const set_of_two set;
    CHECK(split_parts(std::span(set.headers).first(1), "m.gguf").value().empty());
    CHECK(split_parts_text({}).empty());
    CHECK_FALSE(split_parts(set.headers, "m.gguf").has_value());
    CHECK(split_parts(set.headers, "https://host/m-00001-of-00002.gguf?download=true")
              .value()[1]
              .path == "https://host/m-00002-of-00002.gguf");
  }
}
