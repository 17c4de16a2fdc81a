#include "vrambudget/catalogue/models.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"

using namespace vrambudget;

static std::string found(const char* typed) {
  const auto model = find_model(typed);
  return model ? model->name : model.error().message;
}

TEST_CASE("a model is found however its name is typed") {
  const std::pair<const char*, const char*> names[] = {
      {"Qwen3.6-27B-UD-Q4_K_XL", "Qwen3.6-27B-UD-Q4_K_XL"},
      {"qwen3.6 27b ud q4 k xl", "Qwen3.6-27B-UD-Q4_K_XL"},
      {"qwen3.6-27b-ud-q4kxl", "Qwen3.6-27B-UD-Q4_K_XL"},
      {"Qwen3.6-27B-UD-Q4_K_XL.gguf", "Qwen3.6-27B-UD-Q4_K_XL"},
      {"llama 3.1 8b", "Llama-3.1-8B-Q4_K_M"},
      {"gpt-oss-20b", "gpt-oss-20b-MXFP4"},
  };
  for (const auto& name : names) {
    CAPTURE(name.first);
    CHECK(found(name.first) == name.second);
  }
}

TEST_CASE("a beginning of several names lists them") {
  const std::string message = found("Qwen3.6-27B");
  CHECK(message.find("Qwen3.6-27B-UD-Q4_K_XL") != std::string::npos);
  CHECK(message.find("Qwen3.6-27B-Q8_0") != std::string::npos);
}

TEST_CASE("an unknown model is answered with the nearest names") {
  const auto model = find_model("lama-3.1-8b-q4km");
  REQUIRE_FALSE(model.has_value());
  CHECK(model.error().code == errc::not_found);
  CHECK(model.error().message.find("Llama-3.1-8B-Q4_K_M") != std::string::npos);
  CHECK(found("lama 3.1").find("Llama-3.1-8B-Q4_K_M") != std::string::npos);
  CHECK(find_model("").error().code == errc::not_found);
  CHECK(find_model(std::string(100000, 'q')).error().code == errc::not_found);
}

TEST_CASE("names and ids find their own model") {
  for (const catalogued_model& m : catalogued_models()) {
    CHECK(found(m.id.c_str()) == m.name);
    CHECK(found(m.name.c_str()) == m.name);
  }
}

TEST_CASE("the library holds every file of the folder as it is") {
  std::set<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(VRAMBUDGET_DATA "/models"))
    files.insert(file.path().stem().string());
  REQUIRE(files.size() == catalogued_models().size());
  for (const catalogued_model& m : catalogued_models()) {
    CAPTURE(m.id);
    CHECK(files.contains(m.id));
    std::ifstream in(VRAMBUDGET_DATA "/models/" + m.id + ".json", std::ios::binary);
    CHECK(m.shape == std::string(std::istreambuf_iterator<char>(in), {}));
  }
}

TEST_CASE("every shape becomes a header the engine would accept with the data size it claims") {
  for (const catalogued_model& m : catalogued_models()) {
    CAPTURE(m.id);
    const auto bytes = header_from_shape(m.shape);
    REQUIRE(bytes.has_value());
    const auto h = gguf::parse(*bytes, {.check_data = false});
    REQUIRE(h.has_value());
    CHECK(h->find("general.architecture")->string() == m.architecture);
    CHECK(h->data_size() == m.data);
  }
}

// 851 tensors: 3 outside the layers, 48 delta-net layers of 14 and 16 attention layers of 11.
TEST_CASE("the 27B shape unfolds to the published number of tensors") {
  const auto bytes = header_from_shape(find_model("Qwen3.6-27B-UD-Q4_K_XL").value().shape);
  const auto h = gguf::parse(bytes.value(), {.check_data = false});
  REQUIRE(h.has_value());
  CHECK(h->tensors().size() == 851);
}
