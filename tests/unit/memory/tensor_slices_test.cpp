#include "vrambudget/memory/tensor_slices.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"

using namespace vrambudget;

namespace {

using extents = std::vector<std::int64_t>;

extents of(const tensor_slicer& s, const model& m, const char* name) {
  return s.of(*m.find(name)).value().extents;
}

}  // namespace

// 4 heads of 64, 2 of K and V: queries are cut in pieces of lcm(2 x 64, 64) rows, keys in half of that;
// feed-forwards in pieces of 128
TEST_SUITE("tensor_slices") {
  TEST_CASE("two cards have half the heads and half the feed-forward each") {
    const model m = testing::small_llama().value();
    const tensor_slicer s(m, 2, {}, {});
    CHECK(of(s, m, "blk.0.attn_q.weight") == extents{128, 128});
    CHECK(of(s, m, "blk.0.attn_k.weight") == extents{64, 64});
    CHECK(of(s, m, "blk.0.attn_output.weight") == extents{128, 128});
    CHECK(of(s, m, "blk.0.ffn_up.weight") == extents{256, 256});
    CHECK(s.of(*m.find("blk.0.attn_q.weight"))->axis == 1);
    CHECK(s.of(*m.find("blk.0.ffn_down.weight"))->axis == 0);
    CHECK(s.of_keys(0, 128).value().extents == extents{64, 64});
  }

  // heads of 96 in K and of 64 in V, as MiMo's are of 192 and 128. Pieces of queries are lcm(2 x 96, 128) = 384,
  // of K half as much, two heads; V is cut by as many elements, which are three of its heads, or by two of them
  TEST_CASE("V is cut at its own heads where K's are larger, since October 2026") {
    const model m = testing::small_llama([](gguf::writer& w) {
                      w.add("llama.attention.key_length", std::uint32_t{96});
                      w.add("llama.attention.value_length", std::uint32_t{64});
                    }).value();
    const tensor_slicer before(m, 2, {}, {});
    const tensor_slicer now(m, 2, {}, {.cuts_whole_v_heads = true});
    CHECK(now.of_keys(0, 4 * 96).value().extents == extents{192, 192});
    CHECK(now.of_values(0, 4 * 64).value().extents == extents{128, 128});
    CHECK(before.of_values(0, 4 * 64).value().extents == extents{0, 256});
  }

  TEST_CASE("norms and tied embeddings are copied") {
    const model m = testing::small_llama().value();
    const tensor_slicer s(m, 2, {}, {});
    for (const char* name : {"blk.0.attn_norm.weight", "output_norm.weight", "token_embd.weight"})
      CHECK(s.of(*m.find(name))->axis == -1);
  }

  TEST_CASE("what no card can share evenly moves from layer to layer") {
    const model m = testing::small_llama().value();
    const tensor_slicer s(m, 3, {}, {});
    // 256 rows end at 85 and 170, less the remainder by 128
    CHECK(of(s, m, "blk.0.attn_q.weight") == extents{0, 128, 128});
    CHECK(of(s, m, "blk.1.attn_q.weight") == extents{128, 0, 128});
    CHECK(of(s, m, "blk.3.attn_q.weight") == extents{0, 128, 128});
    // 512 rows end at 170 and 341
    CHECK(of(s, m, "blk.0.ffn_up.weight") == extents{128, 128, 256});
  }

  TEST_CASE("shares are those of -ts, and a card may have none") {
    const model m = testing::small_llama().value();
    CHECK(of(tensor_slicer(m, 2, {3, 1}, {}), m, "blk.0.ffn_up.weight") == extents{384, 128});
    CHECK(of(tensor_slicer(m, 2, {1}, {}), m, "blk.0.ffn_up.weight") == extents{512, 0});
  }

  TEST_CASE("a slice without rows keeps the padding of a row, one without width nothing") {
    const model_tensor t{"t", ggml_type::q8_0, {256, 256, 1, 1}, {}};
    // 256 values are 8 blocks of 34 bytes; 256 more are read behind the last row
    CHECK(slice_size(t, {1, {0, 256}}, 0) == 384_B);
    CHECK(slice_size(t, {1, {0, 256}}, 1) == pad(bytes{256 * 272 + 272}, 128));
    CHECK(slice_size(t, {0, {0, 256}}, 0) == 0_B);
  }

  TEST_CASE("a layer without the matrix that others are cut like is what the engine aborts over") {
    model m = testing::small_llama().value();
    std::erase_if(m.tensors,
                  [](const model_tensor& t) { return t.name == "blk.2.attn_output.weight"; });
    const tensor_slicer s(m, 2, {}, {});
    CHECK(s.of(*m.find("blk.2.attn_norm.weight")).has_value());
    CHECK_FALSE(s.of(*m.find("blk.2.attn_q.weight")).has_value());
    CHECK_FALSE(s.of_keys(2, 128).has_value());
  }

  TEST_CASE("heads of absurd sizes are no division by zero") {
    model m = testing::small_llama().value();
    m.hp.attn.n_embd_head_k = 0;
    CHECK_FALSE(tensor_slicer(m, 2, {}, {}).of(*m.find("blk.0.attn_q.weight")).has_value());
    m.hp.attn.n_embd_head_k = UINT32_MAX;
    CHECK_FALSE(tensor_slicer(m, 2, {}, {}).of(*m.find("blk.0.attn_q.weight")).has_value());
    m.hp.is_recr_arr[0] = 1;
    CHECK_FALSE(tensor_slicer(m, 2, {}, {}).of_convolution(0, 128).has_value());
  }
}
