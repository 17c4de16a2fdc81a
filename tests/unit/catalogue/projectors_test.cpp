// Projectors of the catalogue: each is one the engine loads, of the published size, for the models it is named for.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/projector_budget.hpp"

using namespace vrambudget;

/// "mmproj-Qwen3.6-27B-F16" -> "Qwen3.6-27B"
static std::string model_of(const std::string& name, const catalogued_model& m) {
  const std::string before = "mmproj-", after = "-" + m.quantization;
  REQUIRE(name.starts_with(before));
  REQUIRE(name.ends_with(after));
  return name.substr(before.size(), name.size() - before.size() - after.size());
}

TEST_CASE("every projector is planned, and gives what the models it is named for take") {
  std::size_t compared = 0;
  for (const catalogued_model& m : catalogued_projectors()) {
    CAPTURE(m.id);
    const auto bytes = header_from_shape(m.shape);
    REQUIRE(bytes.has_value());
    const auto h = gguf::parse(*bytes, {.check_data = false});
    REQUIRE(h.has_value());
    CHECK(h->data_size() == m.data);
    const auto p = read_projector(*h);
    REQUIRE(p.has_value());
    const auto planned = plan_projector(*p, {}, nullptr);
    REQUIRE(planned.has_value());
    std::vector<std::string> names = m.also;
    names.push_back(m.name);
    for (const std::string& name : names) {
      CAPTURE(name);
      const auto found = find_projector(name);
      REQUIRE(found.has_value());
      CHECK(found->id == m.id);
      const auto files = catalogued_files_of(model_of(name, m));
      if (!files) continue;
      ++compared;
      CHECK(planned->encoders.front().n_embd ==
            read_shape(*files->files.front().shape)->hp.n_embd_inp());
    }
  }
  CHECK(compared > 100);
}

// Whole files as lists of models showed them, to 0.1 MiB (Jan's catalogues of 2025-11 and 2026-05): those of
// unsloth, bartowski, google, ggml-org, LiquidAI, openbmb, noctrex and mradermacher. Publishers' headers have some
// hundred bytes more than ours.
TEST_CASE("projectors have the published sizes") {
  struct published {
    std::string name;
    double mib;
  };
  const published all[] = {
      {"Gemma-3-12B-BF16", 814.6},
      {"Gemma-3-12B-F16", 814.6},
      {"Gemma-3-27B-F16", 818.0},
      {"Gemma-3-4B-BF16", 811.8},
      {"Gemma-3-4B-F16", 811.8},
      {"Gemma-4-E2B-BF16", 941.1},
      {"Gemma-4-E2B-F16", 940.0},
      {"Gemma-4-E4B-BF16", 945.6},
      {"Gemma-4-E4B-F16", 944.5},
      {"InternVL3_5-14B-BF16", 673.8},
      {"InternVL3_5-14B-F16", 672.7},
      {"InternVL3_5-1B-BF16", 593.8},
      {"InternVL3_5-1B-F16", 592.6},
      {"InternVL3_5-30B-A3B-F16", 606.6},
      {"InternVL3_5-4B-BF16", 616.3},
      {"InternVL3_5-4B-F16", 615.1},
      {"InternVL3_5-8B-BF16", 647.8},
      {"InternVL3_5-8B-F16", 646.7},
      {"Kimi-K2.6-BF16", 909.7},
      {"Kimi-K2.6-F16", 908.4},
      {"Kimi-VL-A3B-Thinking-2506-BF16", 864.7},
      {"Kimi-VL-A3B-Thinking-2506-F16", 863.4},
      {"Kimi-VL-A3B-Thinking-2506-Q8_0", 589.5},
      {"LFM2-VL-1.6B-F16", 791.9},
      {"LFM2-VL-1.6B-Q8_0", 538.0},
      {"LFM2-VL-3B-F16", 821.0},
      {"LFM2-VL-3B-Q8_0", 559.6},
      {"LFM2-VL-450M-F16", 184.4},
      {"LFM2-VL-450M-Q8_0", 99.1},
      {"LightOnOCR-1B-1025-Q8_0", 416.9},
      {"MiniCPM-V-4-F16", 914.4},
      {"Mistral-Small-3.2-24B-BF16", 838.5},
      {"Mistral-Small-3.2-24B-F16", 837.4},
      {"Pixtral-12B-BF16", 831.3},
      {"Pixtral-12B-F16", 829.8},
      {"Qwen2.5-VL-32B-Q8_0", 703.7},
      {"Qwen2.5-VL-7B-Q8_0", 813.6},
      {"Qwen3-VL-2B-BF16", 784.4},
      {"Qwen3-VL-2B-F16", 781.4},
      {"Qwen3-VL-30B-A3B-Q8_0", 679.2},
      {"Qwen3-VL-32B-Q8_0", 736.6},
      {"Qwen3-VL-4B-BF16", 800.4},
      {"Qwen3-VL-4B-F16", 797.4},
      {"Qwen3.5-0.8B-BF16", 197.7},
      {"Qwen3.5-0.8B-F16", 195.5},
      {"Qwen3.5-122B-A10B-BF16", 870.0},
      {"Qwen3.5-122B-A10B-F16", 866.6},
      {"Qwen3.5-2B-BF16", 640.3},
      {"Qwen3.5-2B-F16", 637.3},
      {"Qwen3.5-35B-A3B-F16", 857.6},
      {"Qwen3.5-4B-BF16", 644.3},
      {"Qwen3.5-4B-F16", 641.3},
      {"Qwen3.5-9B-BF16", 879.0},
      {"Qwen3.5-9B-F16", 875.6},
      {"Qwen3.6-27B-BF16", 888.0},
      {"Qwen3.6-27B-F16", 884.6},
      {"Qwen3.6-35B-A3B-BF16", 861.0},
      {"Qwen3.6-35B-A3B-F16", 857.6},
      {"Qwen3.8-Flash-Next-F16", 0.904e9 / (1 << 20)},  // shown as 0.904 GB
      {"SmolVLM-500M-Instruct-F16", 190.2},
      {"SmolVLM-500M-Instruct-Q8_0", 103.7},
      {"SmolVLM2-2.2B-F16", 831.9},
      {"SmolVLM2-2.2B-Q8_0", 565.1},
  };
  for (const published& p : all) {
    CAPTURE(p.name);
    const auto m = find_projector("mmproj-" + p.name);
    REQUIRE(m.has_value());
    const double size = static_cast<double>(m->data.count + header_from_shape(m->shape)->size());
    CHECK(std::abs(size / (1 << 20) - p.mib) < 0.051);
  }
}

// Parameters of the published vision towers, from what the whole model has less the text model's.
TEST_CASE("projectors whose file's size was not seen have the published parameters") {
  const auto n_params = [](const char* name) {
    const auto bytes = header_from_shape(find_projector(name)->shape).value();
    const auto h = gguf::parse(bytes, {.check_data = false}).value();
    std::uint64_t n = 0;
    for (const auto& t : h.tensors())
      n += static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
    return n;
  };
  CHECK(n_params("mmproj-GLM-4.6V-Flash-F16") == 892498432);
  // the conversion adds the kernels of two frames up
  CHECK(n_params("mmproj-Muse-Glimmer-30B-F16") + 14 * 14 * 3 * 1536 == 1921845760);
}

TEST_CASE("a beginning of several projectors lists them, also by a further name") {
  const auto p = find_projector("mmproj-Qwen3.8-27B");
  REQUIRE_FALSE(p.has_value());
  CHECK(p.error().message.find("mmproj-Qwen3.6-27B-BF16") != std::string::npos);
  CHECK_FALSE(find_projector("mmproj-Qwen3.8-27B-F1").value().is_called("mmproj-Qwen3.8-27B-F1"));
  CHECK(find_projector("mmproj-qwen3.8 27b f16").value().is_called("mmproj-Qwen3.8-27B-F16"));
}

TEST_CASE("of a projector that is not known well enough it is said what is known") {
  const auto p = find_projector("mmproj-Mistral-Medium-3.5-128B-BF16");
  REQUIRE_FALSE(p.has_value());
  CHECK(p.error().message.find("files have 5.0 GiB") != std::string::npos);
  CHECK(p.error().message.find("--reserve") != std::string::npos);
  CHECK(find_projector("mmproj-GLM-4.6V-Flash-F16").has_value());
}

TEST_CASE("an unknown projector is answered with the form of names, not with the list of models") {
  const std::string message = find_projector("zzzz").error().message;
  CHECK(message.find("mmproj-Qwen3.6-27B-F16") != std::string::npos);
  CHECK(message.find("vrambudget models") == std::string::npos);
}
