#include "vrambudget/catalogue/catalogued_file.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include "../catalogued.hpp"

using namespace vrambudget;
using testing::file_named;

namespace {

model read(const catalogued_file& f) { return as_file(read_shape(*f.shape).value(), f).value(); }

}  // namespace

TEST_CASE("a quantization that was begun only is answered with those that begin so") {
  const auto begins = [](const char* typed, const char* nearest) {
    const std::string said = file_named(typed);
    CAPTURE(said);
    CHECK(said.find("names no whole quantization; nearest: " + std::string(nearest)) != said.npos);
  };
  begins("Qwen3-8B-Q4", "Qwen3-8B-Q4_K_M");
  begins("qwen3-8b-q4_k", "Qwen3-8B-Q4_K_M");
  begins("Qwen3-8B-Instruct-Q5", "Qwen3-8B-Q5_K_M");
  begins("Qwen3-8B-iq4", "Qwen3-8B-IQ4_XS");
  CHECK(file_named("Qwen3-8B-Q9").find("whole quantization") == std::string::npos);
  CHECK(file_named("Qwen3-8B-").find("whole quantization") == std::string::npos);
}

TEST_CASE("a name that ends where a type would follow") {
  for (const char* name :
       {"Qwen3.6-27B-UD", "Qwen3.6-27B-MTP-UD", "Qwen3-8B-UD", "Qwen3-8B-Instruct-ud"}) {
    CAPTURE(name);
    const auto f = find_catalogued_file(name);
    if (f) CHECK(f->quantization.starts_with("UD-"));
    if (!f) CHECK(f.error().code == errc::not_found);
  }
}

TEST_CASE("a model's name takes any file type of llama-quantize, however it is typed") {
  CHECK(file_named("Qwen3-8B-Q5_K_M") == "Qwen3-8B-Q5_K_M");
  CHECK(file_named("qwen3 8b iq3 xxs") == "Qwen3-8B-IQ3_XXS");
  CHECK(file_named("phi-4-mini-q8_0.gguf") == "Phi-4-Mini-Q8_0");
  CHECK(file_named("Qwen3-8B-Q8_0") == "Qwen3-8B-Q8_0");  // the shape
  CHECK(file_named("qwen3-8b") == "Qwen3-8B-Q8_0");       // the beginning of one shape's name
  CHECK(file_named("Qwen3-32B-UD-Q5_K_XL") == "Qwen3-32B-UD-Q5_K_XL");
  CHECK(file_named("qwen3.6-27b-q8") == "Qwen3.6-27B-Q8_0");
  CHECK(file_named("Qwen3.6-27B-MTP-Q6_K") == "Qwen3.6-27B-MTP-Q6_K");
  CHECK(file_named("Qwen3-8B-Q5_K_XXL").find("not in the catalogue") != std::string::npos);
  CHECK(file_named("Qwen3.6-27B").find(" can be ") != std::string::npos);
}

TEST_CASE("files as publishers name them") {
  CHECK(file_named("mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q6_K_L.gguf") ==
        "Mistral-Small-3.2-24B-Q6_K_L");
  CHECK(file_named("Qwen3-8B.i1-Q4_K_M.gguf") == "Qwen3-8B-Q4_K_M");
  CHECK(file_named("Qwen3-32B-Q5_K_M-00001-of-00002.gguf") == "Qwen3-32B-Q5_K_M");
  CHECK(file_named("gpt-oss-120b-mxfp4-00001-of-00003.gguf") == "gpt-oss-120b-MXFP4");
  CHECK(file_named("Qwen3-8B-Q5_K_M-00001-of-0002").find("not in the catalogue") !=
        std::string::npos);
  const auto all = catalogued_files_of("Qwen_Qwen3-8B-GGUF");
  REQUIRE(all.has_value());
  CHECK(all->name == "Qwen3-8B");
}

// bartowski/mistralai_Mistral-Small-3.2-24B-Instruct-2506-GGUF, whole files to 0.1 GiB; headers have some MiB
TEST_CASE("types with larger embeddings and output have the sizes that are published") {
  const std::map<std::string, double> published = {
      {"Q2_K_L", 8.9}, {"Q3_K_XL", 12.1}, {"Q4_K_L", 13.8}, {"Q6_K_L", 18.3}};
  for (const auto& [type, gib] : published) {
    CAPTURE(type);
    const auto f = find_catalogued_file("Mistral-Small-3.2-24B-" + type);
    REQUIRE(f.has_value());
    const double size = static_cast<double>(read(*f).tensor_bytes().count) / 0x1p30;
    CHECK(size > gib - 0.06);
    CHECK(size < gib + 0.05);
  }
}

TEST_CASE("a name with a model's name in it is that of a model trained further, and said to be") {
  const auto f = find_catalogued_file("Huihui-Qwen3-8B-abliterated-v2.Q4_K_M.gguf");
  REQUIRE(f.has_value());
  CHECK(f->name == "Huihui-Qwen3-8B-abliterated-v2-Q4_K_M");
  const model m = read(*f);
  CHECK(m.types_note.find("by its name Huihui-Qwen3-8B-abliterated-v2 was trained further from "
                          "Qwen3-8B") != m.types_note.npos);
  CHECK(m.types_basis == basis::assumed);
  CHECK(m.tensor_bytes() == read(*find_catalogued_file("Qwen3-8B-Q4_K_M")).tensor_bytes());
  const auto all = catalogued_files_of("gemma-4-31B-it-uncensored-heretic");
  REQUIRE(all.has_value());
  CHECK(all->name == "gemma-4-31B-it-uncensored-heretic");
  // other shapes, other sizes, half a quantization, a model that is not there
  for (const char* none : {"Qwen3.6-27B-DFlash-Q4_K_M", "Qwen3-8B-REAP-6B-Q4_K_M",
                           "Cerebras-GLM-4.5-Air-REAP-82B-A12B", "Qwen3-8B-vision-Q4_K_M",
                           "Qwen3-8B-Q5_K_XXL", "Qwen3-9B-heretic-Q4_K_M", "heretic-Q4_K_M"}) {
    CAPTURE(none);
    CHECK_FALSE(find_catalogued_file(none).has_value());
    CHECK_FALSE(catalogued_files_of(none).has_value());
  }
}

TEST_CASE("files of other programs' formats are told to be such") {
  for (const char* name : {"Qwen3-32B-AWQ", "Qwen3-32B-GPTQ-Int4", "mlx-community_Qwen3-32B-4bit",
                           "Qwen3-32B.safetensors", "qwen3 32b exl2", "Qwen3-32B-FP8"}) {
    CAPTURE(name);
    CHECK_FALSE(catalogued_files_of(name).has_value());
    const auto f = find_catalogued_file(name);
    REQUIRE_FALSE(f.has_value());
    CHECK(f.error().message.find("llama.cpp does not load") != std::string::npos);
    CHECK(f.error().message.find("`vrambudget models Qwen3-32B` lists") != std::string::npos);
  }
  CHECK(find_catalogued_file("gpt-oss-20b-MXFP4").has_value());
}

TEST_CASE("a size that is rounded is told as such") {
  const auto f = find_catalogued_file("gemma-3-4b-it-UD-Q4_K_XL.gguf");
  REQUIRE(f.has_value());
  REQUIRE(f->published != nullptr);
  // 2.4 GiB, to a tenth of one
  CHECK(f->published->within.low == bytes{2576980377 - 53687091});
  CHECK(f->published->within.high == bytes{2576980377 + 53687091});
  const model m = read(*f);
  CHECK(m.types_note ==
        "weights are scaled to the size of a published file, which is rounded, 2.35 to 2.45 GiB: "
        "its tensors' types are not known");
  CHECK(m.types_basis == basis::assumed);
  const std::uint64_t off = m.tensor_bytes().count > f->published->size.count
                                ? m.tensor_bytes().count - f->published->size.count
                                : f->published->size.count - m.tensor_bytes().count;
  CHECK(off < 4096);  // one byte a tensor
  // 18.7 GiB in the list; planned is the largest that is so rounded
  const auto up = find_catalogued_file("Qwen3.6-27B-UD-Q5_K_XL");
  REQUIRE(up.has_value());
  CHECK(up->published->size == bytes{20132659200});
  CHECK(up->published->within.low == bytes{20132659200 - 107374182});
  CHECK(
      read(*up).types_note ==
      "weights are scaled to the size of Qwen3.6-27B-UD-Q5_K_XL.gguf in unsloth/Qwen3.6-27B-GGUF, "
      "which is rounded, 18.65 to 18.75 GiB: its tensors' types are not known");
  CHECK(find_catalogued_file("Qwen3-8B-Q4_K_M")->published->within.is_one());
}

TEST_CASE("a model that was trained in a type of its own has no others") {
  const auto f = find_catalogued_file("gpt-oss-20b-Q4_K_M");
  REQUIRE_FALSE(f.has_value());
  CHECK(f.error().code == errc::unsupported);
  CHECK(f.error().message.find("gpt-oss-20b-MXFP4") != std::string::npos);
  for (const catalogued_files& all : all_catalogued_files())
    if (all.name == "gpt-oss-20b") CHECK(all.files.size() == 1);
}

// Qwen3-8B has 36 layers of 4096 with 8 of 32 heads for K and V; of these, 0-3, 6, 9, ..., 30 and 31-35
// give V and the down projection 6 bits. Q5_K takes 176 bytes for 256 weights, Q6_K 210.
TEST_CASE("a file's tensors have the types of llama-quantize") {
  const std::uint64_t d = 4096, v = d * 1024, ff = d * 12288, vocab = 151936 * d;
  const std::uint64_t five = 36 * (2 * d * d + v + 2 * ff) + 18 * (v + ff) + vocab,
                      six = 18 * (v + ff) + vocab, full = 36 * (2 * d + 2 * 128) + d;
  const model m = read(find_catalogued_file("Qwen3-8B-Q5_K_M").value());
  CHECK(m.tensor_bytes().count == five / 256 * 176 + six / 256 * 210 + full * 4);
  // as published: 5.85 GB with 6 MB of header
  CHECK(m.tensor_bytes().count + 5956416 == doctest::Approx(5.85e9).epsilon(0.001));
  CHECK(m.types_basis == basis::assumed);
  CHECK(m.types_note == "types of tensors as llama-quantize chooses them for Q5_K_M");
  const model own = read(find_catalogued_file("Qwen3-8B-Q8_0").value());
  CHECK(own.types_basis == basis::exact);
  CHECK(own.types_note.empty());
}

TEST_CASE("a published file is taken for llama-quantize's where its size allows") {
  const model agrees = read(find_catalogued_file("Qwen3-8B-Q4_K_M").value());
  CHECK(agrees.tensor_bytes().count == 5027783488 - 5956416);
  CHECK(agrees.types_note.find(
            "agrees with the size of Qwen3-8B-Q4_K_M.gguf in Qwen/Qwen3-8B-GGUF") !=
        std::string::npos);
  // unsloth's own recipe
  const model scaled = read(find_catalogued_file("Qwen3.6-27B-Q4_K_M").value());
  CHECK(scaled.types_note.find("scaled") != std::string::npos);
  CHECK(scaled.tensor_bytes() >= bytes{16817244384});
  CHECK(scaled.tensor_bytes() <= bytes{16817244384 + 2048});
}

TEST_CASE("every file of every model can be read and is as large as it says") {
  std::set<std::string> names;
  std::size_t n = 0;
  for (const catalogued_files& all : all_catalogued_files()) {
    std::map<const catalogued_model*, model> shapes;
    for (const catalogued_file& f : all.files) {
      CAPTURE(f.name);
      CHECK(names.insert(f.name).second);
      CHECK(file_named(f.name.c_str()) == f.name);
      if (!shapes.contains(f.shape)) shapes[f.shape] = read_shape(*f.shape).value();
      const auto m = as_file(shapes[f.shape], f);
      const auto data = data_of(shapes[f.shape], f);
      REQUIRE(m.has_value());
      REQUIRE(data.has_value());
      CHECK(m->name == f.name);
      CHECK(m->tensor_bytes() >= *data);
      CHECK(m->tensor_bytes() <= *data + bytes{m->tensors.size()});
      ++n;
    }
  }
  CHECK(n > 600);
}
