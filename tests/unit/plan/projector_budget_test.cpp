// Numbers of the encoders are those that llama.cpp v0.5.0's libmtmd allocated: tests/truth/mmproj.
#include "vrambudget/plan/projector_budget.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "vrambudget/arch/encoders/input.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;

static std::string shape_of(const std::string& name) {
  std::ifstream in(VRAMBUDGET_TRUTH "/mmproj/models/" + name + ".json");
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

static projector projector_of(const std::string& shape) {
  const auto header = header_from_shape(shape).value();
  return read_projector(gguf::parse(header, {.check_data = false}).value()).value();
}

static const model& text_model() {
  static const auto header =
      header_from_shape(find_model("qwen3.6-27b-ud-q4kxl").value().shape).value();
  static const gguf::header parsed = gguf::parse(header, {.check_data = false}).value();
  static const model m = read_model({&parsed, 1}).value();
  return m;
}

static budget plan_with(const projector& p, const run& r, std::size_t n_gpus = 1) {
  std::vector<device> gpus(n_gpus, to_device(find_gpu("3090").value()));
  return plan(text_model(), r, gpus, {}, nullptr, &p).value();
}

TEST_CASE("a projector's terms: loaded, and what the largest image adds") {
  const projector p = projector_of(shape_of("qwen3.6-27b-f16"));
  run r{.n_ctx = 4096};
  SUBCASE("on the GPU") {
    const budget b = plan_with(p, r);
    CHECK(b.devices[0].of(term_kind::projector_weights) == 927588992_B);
    CHECK(b.devices[0].of(term_kind::projector_compute) == 260149504_B);
    CHECK(b.devices[0].of(term_kind::projector_growth) == 243429120_B);
    CHECK(b.host.of(term_kind::projector_compute) == 26136832_B);
    CHECK(b.host.of(term_kind::projector_growth) == 24456960_B);
    const encoder_budget& e = b.projector->encoders.at(0);
    CHECK(e.warmup.n_tokens == 2116);
    CHECK(e.largest.nx == 2048);
    CHECK(e.largest.ny == 2048);
    CHECK(e.largest.n_tokens == 4096);
    // a pool and a cuBLAS workspace of its own
    const budget alone = plan(text_model(), r, {b.devices[0].gpu}).value();
    CHECK(b.devices[0].of(term_kind::pool) == alone.devices[0].of(term_kind::pool) + e.pool);
    CHECK(e.pool >= 4_MiB);
  }
  SUBCASE("on the host") {
    r.mmproj.offload = false;
    const budget b = plan_with(p, r);
    CHECK(b.devices[0].of(term_kind::projector_weights).count == 0);
    CHECK(b.host.of(term_kind::projector_weights) == 927587264_B);
    CHECK(b.host.of(term_kind::projector_compute) == 260149504_B);
  }
  SUBCASE("without a warm-up all of it grows") {
    r.mmproj.warmup = false;
    const budget b = plan_with(p, r);
    CHECK(b.devices[0].of(term_kind::projector_compute).count == 0);
    CHECK(b.devices[0].of(term_kind::projector_growth) == 503578624_B);
  }
  SUBCASE("images of at most 1,024 tokens need less than the warm-up") {
    r.mmproj.image_max_tokens = 1024;
    const budget b = plan_with(p, r);
    CHECK(b.devices[0].of(term_kind::projector_compute) == 260149504_B);
    CHECK(b.devices[0].of(term_kind::projector_growth).count == 0);
  }
  SUBCASE("on a GPU that the model does not use") {
    r.split_mode = split_mode::none;
    r.main_gpu = 1;
    const budget b = plan_with(p, r, 2);
    REQUIRE(b.devices.size() == 2);
    CHECK(b.devices[0].id == device_id{.index = 1});
    CHECK(b.devices[1].id == device_id{.index = 0});
    CHECK(b.devices[1].of(term_kind::weights).count == 0);
    CHECK(b.devices[1].of(term_kind::projector_weights) == 927588992_B);
    CHECK(b.devices[1].of(term_kind::driver_context).count > 0);
  }
}

TEST_CASE("the largest image has the most tokens, as nearly square as they allow") {
  const projector p = projector_of(shape_of("qwen3.6-27b-f16"));
  const encoder& e = p.encoders.at(0);  // tokens of 32 x 32 pixels
  const auto largest = [&](const image_range& range) {
    return largest_input(e, range, warmup_input(e, range, {}, {}));
  };
  const auto of = [&](std::uint64_t tokens) {
    const encoder_input in = largest({std::nullopt, tokens * 32 * 32});
    return std::pair(in.nx / 32, in.ny / 32);
  };
  CHECK(of(4096) == std::pair<std::int64_t, std::int64_t>(64, 64));
  CHECK(of(1120) == std::pair<std::int64_t, std::int64_t>(35, 32));
  CHECK(of(1) == std::pair<std::int64_t, std::int64_t>(1, 1));
  const encoder_input fixed = largest({});
  CHECK(fixed.nx == 1472);  // the warm-up's
}

TEST_CASE("a projector of a type that is newer than the engine is refused") {
  const projector p = projector_of(shape_of("ling-3-vl-like-f16"));
  const device card = to_device(find_gpu("3090").value());
  run r{.n_ctx = 4096};
  const auto by_release = plan(text_model(), r, {card}, {}, nullptr, &p);
  REQUIRE_FALSE(by_release.has_value());
  CHECK(by_release.error().message ==
        "the projector: type 'ling3vl' is not known to llama.cpp v0.5.0; llama.cpp 2026-10 knows "
        "it: --engine 2026-10");
}

static encoder_budget encoder_of(const projector& p) {
  const device card = to_device(find_gpu("3090").value());
  return plan_projector(p, {}, &card).value().encoders.at(0);
}

TEST_CASE("pictures in tiles need more than the warm-up") {
  SUBCASE("an overview of 273 tokens: three small pictures are encoded at once") {
    const encoder_budget e = encoder_of(projector_of(shape_of("deepseek-ocr-f16")));
    CHECK(e.warmup.compute == 1686255616_B);
    CHECK(e.largest.compute == 5058476032_B);
    CHECK(e.largest.host == 440419104_B);  // still the attempt of the warm-up with flash attention
    CHECK(e.largest.n_images == 3);
    CHECK(e.largest.n_tokens == 273);
  }
  SUBCASE("the largest grid of tiles is one image") {
    std::string shape = shape_of("granite-4-vision-f16");
    // four blocks of 2048 make a token of 8192; tiles of 384 pixels
    const std::string width = R"("clip.vision.projection_dim": ["u32",8192])";
    const std::size_t at = shape.find(width);
    REQUIRE(at != std::string::npos);
    shape.replace(at, width.size(),
                  R"("clip.vision.projection_dim": ["u32",2048],)"
                  R"("clip.vision.image_grid_pinpoints": )"
                  R"(["arr:i32",[384,768,1920,768,768,384]])");
    const encoder_budget e = encoder_of(projector_of(shape));
    CHECK(e.largest.nx == 384);
    CHECK(e.largest.ny == 384 * (1 + 5 * 2));
    CHECK(e.largest.compute == 479059200_B);
    CHECK(e.largest.host == 19622592_B);
    CHECK(e.largest.n_tokens == 1608);
  }
  SUBCASE("a picture is one image where nothing is said of grids") {
    const encoder_budget e = encoder_of(projector_of(shape_of("llava-1.5-7b-f16")));
    CHECK(e.largest.compute == e.warmup.compute);
  }
}

// llama.cpp, tools/mtmd/mtmd-audio.cpp: dots.3 note's sound is cut after 60 seconds, Whisper's after
// 30; a second has 100 frames. Parakeet's is not cut.
TEST_CASE("sound is planned for as long as it is cut, and a note says if it is not") {
  const auto planned = [](const char* model) {
    const auto b = plan_projector(projector_of(shape_of(model)), {}, nullptr);
    return b.value().encoders.back().largest.nx;
  };
  CHECK(planned("dots3note-a-f16") == 6000);
  CHECK(planned("voxtral-mini-3b-f16") == 3000);
  CHECK(planned("nemotron-omni-va-f16") == 3000);

  const auto noted = [](const char* model) {
    budget b;
    const auto p = plan_projector(projector_of(shape_of(model)), {}, nullptr).value();
    add_encoder(p.encoders.back(), std::nullopt, b);
    return !b.notes.empty();
  };
  CHECK(noted("nemotron-omni-va-f16"));
  CHECK_FALSE(noted("voxtral-mini-3b-f16"));
}

TEST_CASE("a projector for another model is refused") {
  const projector p = projector_of(shape_of("gemma-3-4b-f16"));
  const auto b = plan(text_model(), run{.n_ctx = 4096}, {to_device(find_gpu("3090").value())}, {},
                      nullptr, &p);
  REQUIRE(b.has_error());
  CHECK(b.error().message.find("gives 2560 values a token, the model takes 5120") !=
        std::string::npos);
}

TEST_CASE("a type that is not described is bounded from above, and says so") {
  std::string shape = shape_of("qwen3.6-27b-f16");
  const std::string known = "qwen3vl_merger";
  for (std::size_t at; (at = shape.find(known)) != std::string::npos;)
    shape.replace(at, known.size(), "of the future");
  const budget b = plan_with(projector_of(shape), run{.n_ctx = 4096});
  const device_budget& d = b.devices[0];
  CHECK(d.of(term_kind::projector_weights) >= 927588992_B);
  CHECK(d.of(term_kind::projector_compute) >= 260149504_B);
  for (const term& t : d.terms)
    if (owner_of(t.kind) == term_owner::projector) CHECK(t.basis == basis::bound);
  REQUIRE(b.notes.size() == 1);
  CHECK(b.notes[0].kind == note_kind::undescribed_projector);
  CHECK(b.notes[0].about == "of the future");
}
