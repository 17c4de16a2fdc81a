// Projectors as a user meets them.
#include <boost/json.hpp>

#include "io/temporary_folder.hpp"
#include "program.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"

using namespace vrambudget;

namespace {

/// A file of the right size with nothing in its data.
std::string write_file(const temporary_folder& in, const std::string& name,
                       std::string_view shape) {
  const auto header = header_from_shape(shape).value();
  const std::string path =
      in.write(name, {reinterpret_cast<const char*>(header.data()), header.size()});
  const auto size = boost::json::parse(shape).at("data_bytes").to_number<std::uint64_t>();
  fs::resize_file(path, header.size() + size);
  return path;
}

struct files {
  temporary_folder folder;
  std::string model =
      write_file(folder, "Qwen3.6-27B.gguf", find_model("qwen3.6-27b-ud-q4kxl").value().shape);
  std::string mmproj = write_file(
      folder, "mmproj-F16.gguf", read_text(VRAMBUDGET_TRUTH "/mmproj/models/qwen3.6-27b-f16.json"));
};

}  // namespace

TEST_SUITE("projector") {
  TEST_CASE("what changes of the engine cost is told with the projector") {
    const files f;
    const outcome o = run("engines " + f.model + " --gpu 3090 -c 8192 --json --mmproj " + f.mmproj);
    REQUIRE(o.status == 0);
    CHECK(contains(o.out, "\"term\":\"projector_weights\""));
  }

  TEST_CASE("its terms are in the budget, and both sizes are told") {
    const files f;
    const outcome o = run(f.model + " --gpu 3090 -c 8192 --mmproj " + f.mmproj);
    CHECK(o.status == 0);
    CHECK(contains(o.out, "projector_weights        884.6 MiB  exact"));  // 927,588,992 bytes
    CHECK(contains(o.out,
                   "vision by qwen3vl_merger: buffer 248.1 MiB at 1,472 x 1,472 (2,116 tokens) "
                   "when loaded,\n  480.3 MiB at 2,048 x 2,048 (4,096 tokens) at most"));
    CHECK_FALSE(contains(o.out, "lies beside"));
    const auto v =
        boost::json::parse(run(f.model + " --gpu 3090 -c 8192 --json -mm " + f.mmproj).out);
    const auto& e = v.at("projector").at("encoders").at(0);
    CHECK(e.at("warmup").at("compute_bytes").to_number<std::uint64_t>() == 260149504);
    CHECK(e.at("largest").at("compute_bytes").to_number<std::uint64_t>() == 503578624);
    CHECK(e.at("basis").as_string() == "exact");
  }

  TEST_CASE("one beside the model is offered") {
    const files f;
    const outcome o = run(f.model + " --gpu 3090 -c 8192");
    CHECK(o.status == 0);
    CHECK(contains(
        o.out, "note: a projector lies beside the model and is not counted: --mmproj " + f.mmproj));
  }

  TEST_CASE("models and projectors are not taken for each other") {
    const files f;
    const outcome a = run(f.model + " --gpu 3090 --mmproj " + f.model);
    CHECK(a.status == 3);
    CHECK(contains(a.err, "not a projector: architecture 'qwen35', expected 'clip'"));
    const outcome b = run(f.mmproj + " --gpu 3090");
    CHECK(b.status == 3);
    CHECK(contains(b.err, "a projector and not a model: give it with --mmproj"));
    const outcome c = run("Qwen3-8B --gpu 3090 --mmproj " + f.mmproj);
    CHECK(c.status == 2);
    CHECK(contains(c.err, "gives 5120 values a token, the model takes 4096"));
  }

  TEST_CASE("options of the server") {
    const files f;
    const std::string plan = f.model + " --gpu 2x3090 -c 8192 --json --mmproj " + f.mmproj;
    const auto terms_of = [&](const std::string& more, std::size_t device) {
      return boost::json::serialize(
          boost::json::parse(run(plan + " " + more).out).at("devices").at(device).at("terms"));
    };
    CHECK(contains(terms_of("", 0), "projector_weights"));
    CHECK_FALSE(contains(terms_of("", 1), "projector_weights"));
    CHECK(contains(terms_of("-mmdev CUDA1", 1), "projector_weights"));
    CHECK_FALSE(contains(terms_of("--no-mmproj-offload", 0), "projector_weights"));
    CHECK_FALSE(contains(terms_of("--mmproj-device none", 0), "projector_weights"));
    CHECK_FALSE(contains(terms_of("--no-warmup", 0), "projector_compute"));
    CHECK_FALSE(contains(terms_of("--image-max-tokens 512", 0), "projector_growth"));
    CHECK(run(plan + " -mmdev CUDA7").status == 2);
    CHECK(run(plan + " -mmdev disk").status == 2);
    CHECK(run("--gpu 3090 --mmproj " + f.mmproj).status == 2);
  }
}
