#include "vrambudget/model/projector.hpp"

#include <doctest/doctest.h>

#include <array>
#include <functional>

#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

/// A tower of 4 layers, 1024 wide, 16 heads, with whatever `more` adds.
result<projector> read(const std::string& type,
                       const std::function<void(gguf::writer&)>& more = {}) {
  gguf::writer w;
  w.add("general.architecture", std::string_view("clip"));
  w.add("clip.has_vision_encoder", true);
  w.add("clip.vision.projector_type", std::string_view(type));
  const auto key = [&](const char* name, std::uint32_t n) {
    w.add(std::string("clip.vision.") + name, n);
  };
  key("embedding_length", 1024);
  key("attention.head_count", 16);
  key("feed_forward_length", 4096);
  key("block_count", 4);
  key("projection_dim", 2048);
  key("image_size", 384);
  key("patch_size", 14);
  if (more) more(w);
  const auto bytes = w.finish();
  return read_projector(*gguf::parse(bytes, {.check_data = false}));
}

encoder_hparams read_sizes_of(const std::string& type,
                              const std::function<void(gguf::writer&)>& more = {}) {
  const auto p = read(type, more);
  REQUIRE(p.has_value());
  REQUIRE(p->encoders.size() == 1);
  return p->encoders[0].hp;
}

std::string problem(const std::string& type, const std::function<void(gguf::writer&)>& more = {}) {
  const auto p = read(type, more);
  REQUIRE_FALSE(p.has_value());
  return p.error().message;
}

void add_sam(gguf::writer& w, std::uint32_t n_head, std::uint32_t window) {
  w.add("clip.vision.sam.block_count", std::uint32_t{12});
  w.add("clip.vision.sam.head_count", n_head);
  w.add("clip.vision.sam.embedding_length", std::uint32_t{768});
  w.add("clip.vision.window_size", window);
}

}  // namespace

TEST_SUITE("projector") {
  TEST_CASE("sizes that the engine sets itself, whatever the file says") {
    const auto sam = read_sizes_of("deepseekocr", [](gguf::writer& w) { add_sam(w, 12, 14); });
    CHECK(sam.patch_size == 16);
    CHECK(sam.image_size == 1024);
    CHECK(sam.attn_window_size == 14);

    const auto unified = read_sizes_of("gemma4uv");
    CHECK(unified.patch_size == 42);  // 3 x 14: patches are merged by the kernel
    CHECK(unified.n_merge == 1);
  }

  TEST_CASE("numbers of a tower that would divide by zero or never end are refused by key") {
    CHECK(problem("deepseekocr", [](gguf::writer& w) {
            add_sam(w, 0, 14);
          }).find("'clip.vision.sam.head_count' is 0") != std::string::npos);
    CHECK(problem("deepseekocr", [](gguf::writer& w) {
            add_sam(w, 12, 0);
          }).find("'clip.vision.window_size' is 0") != std::string::npos);
    CHECK(problem("deepseekocr", [](gguf::writer& w) {
            add_sam(w, 12, 4097);
          }).find("'clip.vision.window_size' is 4097") != std::string::npos);
    CHECK(problem("deepseekocr").find("'clip.vision.sam.block_count' is missing") !=
          std::string::npos);
    CHECK(problem("gemma4uv",
                  [](gguf::writer& w) {
                    w.add("clip.vision.projector.scale_factor", std::uint32_t{65535});
                  })
              .find("'clip.vision.projector.scale_factor' is 65535, expected 1 to 4681") !=
          std::string::npos);  // 65535 / 14
  }

  TEST_CASE("a resampler's rows: of the file, or of the version") {
    const auto rows = [](std::uint32_t version, std::uint32_t n) {
      return read_sizes_of("resampler",
                           [&](gguf::writer& w) {
                             if (version)
                               w.add("clip.minicpmv_version", static_cast<std::int32_t>(version));
                             if (n) w.add("clip.minicpmv_query_num", n);
                           })
          .n_query;
    };
    CHECK(rows(0, 0) == 96);
    CHECK(rows(2, 0) == 96);
    CHECK(rows(3, 0) == 64);
    CHECK(rows(100045, 0) == 64);
    CHECK(rows(3, 32) == 32);
  }

  TEST_CASE("each layer that is read has an offset") {
    const auto with = [](std::vector<std::int32_t> offsets) {
      return [offsets = std::move(offsets)](gguf::writer& w) {
        w.add("clip.vision.projector.window_side", std::uint32_t{8});
        w.add("clip.vision.projector.query_side", std::uint32_t{4});
        w.add("clip.vision.feature_layer", std::array<std::int32_t, 2>{1, 3});
        w.add("clip.vision.projector.spatial_offsets", offsets);
      };
    };
    const auto hp = read_sizes_of("granite4_vision", with({-1, 0}));
    CHECK(hp.takes_neighbour == std::vector<bool>{false, true});
    CHECK(problem("granite4_vision", with({-1})).find("has 1 entries, expected 2") !=
          std::string::npos);
  }

  TEST_CASE("Gemma 3n's encoder for sound is not loaded, others' are") {
    const auto sound = [](const char* type) {
      return [type](gguf::writer& w) {
        w.add("clip.has_audio_encoder", true);
        w.add("clip.audio.projector_type", std::string_view(type));
      };
    };
    const auto p = read("gemma3nv", sound("gemma3na"));
    REQUIRE(p.has_value());
    CHECK(p->encoders.size() == 1);
    const auto other = read("gemma4v", sound("gemma4ua"));
    CHECK_FALSE(other.has_value());  // its keys are missing: it was read
  }
}
