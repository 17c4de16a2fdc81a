#include "vrambudget/ggml/allocator.hpp"

#include <doctest/doctest.h>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/ggml/ops.hpp"

using namespace vrambudget;
using namespace vrambudget::ggml;

namespace {

/// Plans all nodes of `g` on one CPU backend (alignment 32) and gives the buffer's size.
std::uint64_t planned_size(graph& g) {
  const cpu::backend cpu;
  const backend* backends[] = {&cpu};
  allocator a(backends);
  std::vector<placed> leafs, nodes;
  for (tensor* t : g.leafs()) leafs.push_back({t, 0});
  for (tensor* t : g.nodes()) nodes.push_back({t, 0});
  a.plan(leafs, nodes);
  return a.size(0);
}

}  // namespace

TEST_SUITE("buffer_space") {
  const buffer_type of_32{.alignment = 32};

  TEST_CASE("blocks come from the smallest hole that fits and the open end otherwise") {
    buffer_space f(of_32);
    const auto a = f.take(100);  // 128 after alignment: [0, 128)
    const auto b = f.take(64);   // [128, 192)
    const auto c = f.take(32);   // [192, 224)
    const auto d = f.take(64);   // [224, 288)
    CHECK(a.offset == 0);
    CHECK(b.offset == 128);
    CHECK(c.offset == 192);
    CHECK(d.offset == 224);
    f.give_back(a, 100);
    f.give_back(c, 32);
    CHECK(f.take(32).offset == 192);  // the 32 byte hole and not the 128 byte one
    CHECK(f.take(64).offset == 0);
    CHECK(f.take(96).offset == 288);  // 64 are left of the first hole
    CHECK(f.size() == 384);
  }

  TEST_CASE("of equal holes the last one is taken") {
    buffer_space f(of_32);
    for (int i = 0; i < 4; ++i) (void)f.take(32);
    f.give_back({0, 0}, 32);
    f.give_back({0, 64}, 32);
    CHECK(f.take(32).offset == 64);
  }

  TEST_CASE("freed neighbours join into one hole") {
    buffer_space f(of_32);
    for (int i = 0; i < 4; ++i) (void)f.take(32);
    f.give_back({0, 0}, 32);
    f.give_back({0, 64}, 32);
    f.give_back({0, 32}, 32);
    CHECK(f.take(96).offset == 0);
  }

  // by hand, of pieces of 256 bytes
  TEST_CASE("what does not fit the pieces that there are begins another") {
    buffer_space f({.alignment = 32, .largest = 256});
    CHECK(f.take(192).piece == 0);
    CHECK(f.take(128).piece == 1);  // 64 are left of the first
    CHECK(f.take(64).piece == 0);   // both would grow by as much: the first
    CHECK(f.take(512).piece == 2);  // larger than a piece: one of its own
    CHECK(f.size() == 256 + 128 + 512);
  }
}

TEST_SUITE("allocator") {
  TEST_CASE("an elementwise operation overwrites a source that nobody needs any more") {
    graph g;
    op_builder b(g);
    tensor* x = g.make_input("x", ggml_type::f32, 256);  // 1024 bytes
    tensor* y = b.scale(b.scale(x));
    y->is_output = true;
    g.expand(y);
    CHECK(planned_size(g) == 1024);
  }

  TEST_CASE("a source with another user is left alone") {
    graph g;
    op_builder b(g);
    tensor* x = g.make_input("x", ggml_type::f32, 256);
    tensor* y = b.scale(x);
    tensor* z = b.add(y, b.scale(x));  // x is still needed when y is made
    g.expand(z);
    // x and y; then the second scale takes over x; the sum takes over y
    CHECK(planned_size(g) == 2048);
  }

  TEST_CASE("views keep what they show and are never overwritten") {
    graph g;
    op_builder b(g);
    tensor* x = g.make_input("x", ggml_type::f32, 256);
    tensor* y = b.scale(b.reshape(x, 16, 16));  // its source is a view: it needs room of its own
    g.expand(y);
    CHECK(planned_size(g) == 2048);
  }

  TEST_CASE("outputs are neither freed nor overwritten") {
    graph g;
    op_builder b(g);
    tensor* x = g.make_input("x", ggml_type::f32, 256);
    tensor* y = b.scale(x);
    y->is_output = true;
    tensor* z = b.scale(y);
    g.expand(z);
    CHECK(planned_size(g) == 2048);
  }

  TEST_CASE("a smaller result of another shape does not reuse and the larger is freed after it") {
    graph g;
    op_builder b(g);
    tensor* w = g.make(ggml_type::f32, 256, 64);
    w->home = 0;
    tensor* x = g.make_input("x", ggml_type::f32, 256, 8);  // 8192 bytes
    tensor* y = b.mul_mat(w, x);                            // 64 x 8: 2048 bytes
    tensor* z = b.mul_mat(g.make_input("v", ggml_type::f32, 64, 2), y);
    g.expand(z);
    // inputs x (8192) and v (512) first, then y (2048); z (64 bytes) goes into the hole x leaves
    CHECK(planned_size(g) == 8192 + 512 + 2048);
  }
}
