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

static std::string model_named(const char* typed) {
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
    CHECK(model_named(name.first) == name.second);
  }
}

TEST_CASE("a beginning of several names lists them") {
  const std::string message = model_named("Qwen3.6-27B");
  CHECK(message.find("Qwen3.6-27B-UD-Q4_K_XL") != std::string::npos);
  CHECK(message.find("Qwen3.6-27B-Q8_0") != std::string::npos);
}

TEST_CASE("an unknown model is answered with the nearest names") {
  const auto model = find_model("lama-3.1-8b-q4km");
  REQUIRE_FALSE(model.has_value());
  CHECK(model.error().code == errc::not_found);
  CHECK(model.error().message.find("Llama-3.1-8B-Q4_K_M") != std::string::npos);
  CHECK(model_named("lama 3.1").find("Llama-3.1-8B-Q4_K_M") != std::string::npos);
  CHECK(find_model("").error().code == errc::not_found);
  CHECK(find_model(std::string(100000, 'q')).error().code == errc::not_found);
}

TEST_CASE("names and ids find their own model") {
  for (const catalogued_model& m : catalogued_models()) {
    CHECK(model_named(m.id.c_str()) == m.name);
    CHECK(model_named(m.name.c_str()) == m.name);
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

// As their publishers count them (the models' pages on Hugging Face) or list them (tensors of the published
// files). A shape with another width, layer or expert would have other numbers.
TEST_CASE("shapes have the published numbers of parameters and tensors") {
  struct published {
    const char* id;
    std::uint64_t n_params;
    std::size_t n_tensors;  ///< 0: not told
  };
  // eh_proj, q with its gate, k, v, output, gate, up, down; three norms and two of the layer, of q and of k
  constexpr std::uint64_t d = 5120,
                          mtp_layer = d * (2 * d + 24 * 512 + 2 * 4 * 256 + 24 * 256 + 3 * 17408) +
                                      5 * d + 2 * 256;
  const published all[] = {
      {"afm-4.5b", 4619189760, 0},
      {"glm-4.7", 358337791296, 1761},
      {"granite-4.2-30b", 29276770304, 0},
      {"hunyuan-7b", 7504568320, 0},
      {"kimi-k2", 1026408232448, 1096},
      {"laguna-xs.2", 33442617088, 0},
      {"lfm2.5-8b-a1b", 8467856832, 0},
      {"minicpm4.1-8b", 8185253888, 0},
      {"nemotron-3-nano-4b", 3973556832, 0},
      {"qwen3-vl-235b-a22b", 235093634560, 0},
      {"qwen3.5-2b", 1881825088, 320},
      {"qwen3.5-397b-a17b", 396346350336, 1098},
      {"qwen3.8-27b", 26895998464 + mtp_layer, 866},  // 851 and 15
      {"trinity-mini", 26123974400, 0},
      {"yi-1.5-34b", 34388917248, 0},
  };
  for (const published& p : all) {
    CAPTURE(p.id);
    const auto bytes = header_from_shape(find_model(p.id).value().shape);
    const auto h = gguf::parse(bytes.value(), {.check_data = false});
    REQUIRE(h.has_value());
    std::uint64_t n_params = 0;
    for (const auto& t : h->tensors())
      n_params += static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
    CHECK(n_params == p.n_params);
    if (p.n_tensors) CHECK(h->tensors().size() == p.n_tensors);
  }
}
