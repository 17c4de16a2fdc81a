#include <doctest/doctest.h>

#include <functional>
#include <string_view>

#include "vrambudget/arch/encoders/input.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

using adder = std::function<void(gguf::writer&)>;

/// A projector of `type` for images: patches of 14 x 14 pixels, 2 layers, merging 3 by 3 where the type
/// has `projector.scale_factor`, and whatever `more` adds.
result<projector> vision(std::string_view type, const adder& more = {}) {
  gguf::writer w;
  const auto key = [&](const char* name, std::uint32_t n) {
    w.add(std::string("clip.vision.") + name, n);
  };
  w.add("general.architecture", std::string_view("clip"));
  w.add("clip.projector_type", type);
  w.add("clip.has_vision_encoder", true);
  key("image_size", 560);
  key("patch_size", 14);
  key("embedding_length", 64);
  key("attention.head_count", 4);
  key("feed_forward_length", 128);
  key("block_count", 2);
  key("projection_dim", 32);
  key("projector.scale_factor", 3);
  if (more) more(w);
  const auto bytes = w.finish();
  return read_projector(gguf::parse(bytes, {.check_data = false}).value());
}

std::int64_t warmup_side(const encoder& e, const projector_run& r = {},
                         const engine_rules& rules = {}) {
  return warmup_input(e, image_range_of(e, r).value(), r, rules).nx;
}

}  // namespace

TEST_SUITE("projector") {
  // a token is 14 * 3 = 42 pixels a side, 1764 in all; the engine's clip.cpp: load_hparams
  TEST_CASE("DeepSeek V4: the file says the least, 384 tokens or the user the most") {
    const adder least = [](gguf::writer& w) {
      w.add("clip.vision.image_min_pixels", std::uint32_t{112896});
    };
    const projector p = vision("deepseek4v", least).value();
    const encoder& e = p.encoders.at(0);
    image_range range = image_range_of(e, {}).value();
    CHECK(*range.min_pixels == 112896);
    CHECK(*range.max_pixels == 677376);  // 384 * 1764
    CHECK(warmup_side(e) == 672);        // 16 * 42

    const projector_run hundred{.image_max_tokens = 100};
    CHECK(*image_range_of(e, hundred).value().max_pixels == 176400);
    CHECK(warmup_side(e, hundred) == 420);  // 10 * 42
    const projector_run hundred_less_one{.image_max_tokens = 99};
    CHECK(warmup_side(e, hundred_less_one) == 378);  // 9 * 42

    const projector_run few{.image_min_tokens = 1000, .image_max_tokens = 4};
    range = image_range_of(e, few).value();
    CHECK(*range.max_pixels == 28224);  // 16 * 1764: never fewer tokens
    CHECK(*range.min_pixels == 28224);  // never more than the most
    CHECK(warmup_side(e, few) == 168);

    CHECK(vision("deepseek4v").error().code == errc::not_found);
  }

  TEST_CASE("Kimi K2.5: the file's pixels count only if it has both") {
    const adder most = [](gguf::writer& w) {
      w.add("clip.vision.image_max_pixels", std::uint32_t{1000000});
    };
    const adder both = [&](gguf::writer& w) {
      most(w);
      w.add("clip.vision.image_min_pixels", std::uint32_t{500});
    };
    const projector one = vision("kimik25", most).value(), two = vision("kimik25", both).value();
    CHECK(*image_range_of(one.encoders.at(0), {}).value().max_pixels == 7225344);  // 4096 * 1764
    CHECK(warmup_side(one.encoders.at(0)) == 2688);                                // its root
    CHECK(*image_range_of(two.encoders.at(0), {}).value().min_pixels == 500);
    CHECK(warmup_side(two.encoders.at(0)) == 1000);
    const projector_run small{.image_max_tokens = 64};
    CHECK(warmup_side(one.encoders.at(0), small) == 336);  // 8 * 42
    CHECK(warmup_side(two.encoders.at(0), small) == 1000);
  }

  TEST_CASE("MiMo: one mode of attention a layer, or the engine refuses the file") {
    const auto modes = [](std::initializer_list<std::int32_t> values) {
      return [all = std::vector<std::int32_t>(values)](gguf::writer& w) {
        for (const char* name : {"attention.head_count_kv", "window_size", "image_min_pixels"})
          w.add(std::string("clip.vision.") + name, std::uint32_t{2});
        w.add("clip.vision.image_max_pixels", std::uint32_t{1000000});
        w.add("clip.vision.wa_pattern_mode", std::span(all));
      };
    };
    const projector p = vision("mimovl", modes({-1, 1})).value();
    CHECK(p.encoders.at(0).hp.wa_modes == std::vector<std::int32_t>{-1, 1});
    CHECK(vision("mimovl", modes({0})).error().code == errc::bad_format);
    CHECK(vision("mimovl", modes({0, 0, 0})).error().code == errc::limit);
    CHECK(vision("mimovl").error().code == errc::not_found);
    const adder number = [&](gguf::writer& w) {
      for (const char* name : {"attention.head_count_kv", "window_size", "image_min_pixels",
                               "image_max_pixels", "wa_pattern_mode"})
        w.add(std::string("clip.vision.") + name, std::uint32_t{2});
    };
    CHECK(vision("mimovl", number).error().code == errc::bad_format);
  }

  TEST_CASE("merged patches have at most 65535 pixels a side") {
    const adder many = [](gguf::writer& w) {
      w.add("clip.vision.spatial_merge_size", std::uint32_t{4682});
    };
    const auto p = vision("glm4v", many);  // 14 * 4682 = 65548
    REQUIRE_FALSE(p.has_value());
    CHECK(p.error().message == "key 'clip.vision.spatial_merge_size' is 4682, expected 1 to 4681");
  }
}
