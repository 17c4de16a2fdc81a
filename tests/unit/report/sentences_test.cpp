#include "vrambudget/report/sentences.hpp"

#include <doctest/doctest.h>

#include "vrambudget/ggml/tensor.hpp"

using namespace vrambudget;

TEST_SUITE("sentences") {
  TEST_CASE("parts of a term are put one after the other") {
    const why::cache_cells full{
        .cache = cache_kind::base, .n_layer = 8, .n_cell = 4096, .k_width = 1024, .v_width = 512};
    why::cache_cells keys = full;  // f16: two bytes an element
    keys.cache = cache_kind::swa;
    keys.v_width = 0;
    CHECK(sentence({full, keys}) ==
          "base: 8 layers x 4096 cells x (K 1024 of f16 = 2048 + V 512 of f16 = 1024); "
          "swa: 8 layers x 4096 cells x (K 1024 of f16 = 2048)");
    CHECK(sentence({why::measured{}}).empty());
    CHECK(sentence(std::vector<explanation>{}).empty());
  }

  TEST_CASE("tensors that cards share are told from whole ones") {
    CHECK(sentence({why::tensors{850, 128}}) == "850 tensors, each padded to 128 bytes");
    CHECK(sentence({why::tensors{850, 128, true}}) ==
          "850 tensors, a slice or a copy of each, each padded to 128 bytes");
  }

  TEST_CASE("scratch is named by its operation") {
    why::scratch s;
    CHECK(sentence({s}) == "no operation draws scratch");
    s.need.by = operation_name{
        ggml::op::mul_mat, "blk.0.ffn_up.weight", {2048, 8192, 1, 1}, {2048, 512, 1, 4}};
    s.need.cublas = true;
    CHECK(sentence({s}) ==
          "scratch of mul_mat of blk.0.ffn_up.weight [2048 x 8192] and [2048 x 512 x 1 x 4], and "
          "cuBLAS's workspace");
    s.need.kept = vulkan::prealloc{.x = 0, .y = 12 << 20, .split_k = 3 << 20};
    CHECK(sentence({s}) ==
          "what kernels keep: 0.0 MiB of matrices and caches made halves, 12.0 MiB of inputs in the "
          "kernels' form, 3.0 MiB of parts of sums");
  }

  TEST_CASE("an encoder's input names how many are taken at once") {
    const why::encoder e{.kind = modality::vision,
                         .type = "qwen3vl_merger",
                         .part = why::encoder_part::growth,
                         .nx = 1024,
                         .ny = 768,
                         .n_images = 2};
    CHECK(sentence({e}) ==
          "vision encoder qwen3vl_merger: more once an input of 2 at once of 1024 x 768 came");
  }

  TEST_CASE("changes are llama-server's flags, and say what they cost") {
    suggestion s{.changes = {change_kind::cache_types}, .changed = {}};
    s.changed.type_k = s.changed.type_v = ggml_type::q8_0;
    CHECK(flags_of(s) == "-ctk q8_0 -ctv q8_0");
    CHECK(sentence(s) == "the same context, KV in q8_0");
    s = {.changes = {change_kind::n_cpu_moe}, .changed = {.n_cpu_moe = 7}, .n_on_host = 7};
    CHECK(flags_of(s) == "-ncmoe 7");
    CHECK(sentence(s) == "experts of 7 layers on the host");
    s = {.changes = {change_kind::n_parallel}, .changed = {.n_parallel = 1}, .n_before = 4};
    CHECK(flags_of(s) == "-np 1");
    CHECK(sentence(s) == "one slot instead of 4");
  }

  TEST_CASE("a context is bound by a device, by training, or by what was asked") {
    CHECK(name_of_bound({8192, 8192, context_bound::device, {.index = 1}}) == "CUDA1");
    CHECK(name_of_bound({8192, 8192, context_bound::n_ctx_train}) == "n_ctx_train");
    CHECK(name_of_bound({8192, 8192, context_bound::limit}) == "limit");
  }
}
