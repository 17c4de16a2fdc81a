#include "vrambudget/request/named_models.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "../io/temporary_folder.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/request/answers.hpp"

using namespace vrambudget;
namespace fs = std::filesystem;

namespace {

/// Puts a file of the right size, with nothing in its data, into Ollama's store; gives its layer in a manifest.
std::string add_blob(const temporary_folder& store, const char* kind, char digit,
                     std::string_view shape) {
  const auto header = header_from_shape(shape).value();
  const std::string digest(64, digit);
  const std::string path = store.write(
      "blobs/sha256-" + digest, {reinterpret_cast<const char*>(header.data()), header.size()});
  const auto data = boost::json::parse(shape).at("data_bytes").to_number<std::uint64_t>();
  fs::resize_file(path, header.size() + data);
  return std::string(R"({"mediaType":"application/vnd.ollama.image.)") + kind +
         R"(","digest":"sha256:)" + digest + R"("})";
}

bytes projector_of(const request::plan_inputs& in, const request::plan_request& q) {
  const auto p = request::plan(in, q);
  REQUIRE(p.has_value());
  return p->b.devices[0].of(term_kind::projector_weights);
}

/// Empty: as if it were not set.
void set_variable(const char* name, const std::string& value) {
#ifdef _WIN32
  ::_putenv_s(name, value.c_str());
#else
  ::setenv(name, value.c_str(), 1);
#endif
}

}  // namespace

TEST_CASE("Ollama's projector is counted as well where the model was read before") {
  const temporary_folder store;
  fs::create_directories(store.root() / "blobs");
  const std::string folder = "manifests/registry.ollama.ai/library/seen/";
  fs::create_directories(store.root() / folder);
  const std::string model =
      add_blob(store, "model", 'a', find_model("qwen3.6-27b-ud-q4kxl").value().shape);
  const std::string mmproj =
      add_blob(store, "projector", 'b', find_projector("mmproj-Qwen3.6-27B-F16").value().shape);
  (void)store.write(folder + "latest", R"({"layers":[)" + model + "," + mmproj + "]}");
  set_variable("OLLAMA_MODELS", store.root().string());

  request::plan_inputs in;
  in.main = request::open_model("ollama:seen", {}).value();
  request::plan_request q;
  q.gpus.names = {"3090"};
  q.r.n_ctx = 4096;
  CHECK(projector_of(in, q) == bytes{927588992});  // as tests/cli/projector_cli_test.cpp has it
  q.no_mmproj = true;
  CHECK(projector_of(in, q) == bytes{});
  q.no_mmproj = false;
  SUBCASE("not with another file that says to have the name") {
    vrambudget::model other = *in.main;
    other.path = "/elsewhere/model.gguf";
    in.main = std::make_shared<const vrambudget::model>(std::move(other));
    CHECK(projector_of(in, q) == bytes{});
  }
  set_variable("OLLAMA_MODELS", "");
}
