#include "vrambudget/ggml/scheduler.hpp"

#include <doctest/doctest.h>

#include <tuple>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/backend.hpp"

using namespace vrambudget;
using namespace vrambudget::ggml;

namespace {

constexpr int gpu = 0, host = 1;

/// One GPU and the CPU.
struct machine {
  cuda::backend cuda{gpu, 860, 2, {}};
  cpu::backend cpu;
  std::vector<const backend*> backends{&cuda, &cpu};
};

tensor* weight(graph& g, int home, std::int64_t rows, std::int64_t columns,
               ggml_type type = ggml_type::f32) {
  tensor* w = g.make(type, rows, columns);
  w->home = static_cast<std::int8_t>(home);
  w->is_weight = true;
  return w;
}

}  // namespace

TEST_SUITE("scheduler") {
  TEST_CASE("operations go where their weights are and inputs are copied once") {
    machine m;
    graph g;
    op_builder b(g);
    tensor* x = g.make_input("x", ggml_type::f32, 64, 8);
    tensor* y = b.add(b.mul_mat(weight(g, gpu, 64, 64), x), b.mul_mat(weight(g, gpu, 64, 64), x));
    g.expand(y);
    scheduler s(m.backends, 1, true);
    s.split_graph(g);
    CHECK(y->backend == gpu);
    REQUIRE(s.splits().size() == 1);
    REQUIRE(s.splits()[0].inputs.size() == 1);
    CHECK(s.splits()[0].inputs[0] == x);
    s.plan_buffers(g);
    // on the host the input alone; on the GPU its copy and two products, the sum overwriting one
    CHECK(s.buffer_size(host) == 64 * 8 * 4);
    CHECK(s.buffer_size(gpu) == 3 * 64 * 8 * 4);
  }

  TEST_CASE(
      "batches of 32 take a host weight to the GPU and smaller ones or without op offload do not") {
    for (const auto& [n, offload, expected] :
         {std::tuple{31, true, host}, {32, true, gpu}, {32, false, host}}) {
      CAPTURE(n);
      machine m;
      graph g;
      op_builder b(g);
      tensor* first = b.mul_mat(weight(g, gpu, 64, 64), g.make_input("x", ggml_type::f32, 64, n));
      tensor* y = b.mul_mat(weight(g, host, 64, 64), first);
      g.expand(y);
      scheduler s(m.backends, 1, offload);
      s.split_graph(g);
      CHECK(y->backend == expected);
    }
  }

  TEST_CASE("with four copies of inputs, those that no node reads are copied by newer engines") {
    for (const bool copies_unread : {false, true}) {
      CAPTURE(copies_unread);
      machine m;
      graph g;
      op_builder b(g);
      tensor* y = b.mul_mat(weight(g, gpu, 64, 64), g.make_input("x", ggml_type::f32, 64, 8));
      g.expand(g.make_input("unread", ggml_type::f32, 64, 8));
      g.expand(y);
      scheduler s(m.backends, 4, true, copies_unread);
      s.split_graph(g);
      s.plan_buffers(g);
      // on the host four of x, and one or four of the other; on the GPU four copies of x and the product
      CHECK(s.buffer_size(host) == (copies_unread ? 8 : 5) * 64 * 8 * 4);
      CHECK(s.buffer_size(gpu) == 5 * 64 * 8 * 4);
    }
  }

  TEST_CASE("each offloaded weight opens a split so that the one before can be freed") {
    machine m;
    graph g;
    op_builder b(g);
    tensor* x = g.make_input("x", ggml_type::f32, 64, 64);
    for (int i = 0; i < 3; ++i) x = b.mul_mat(weight(g, host, 64, 64), x);
    g.expand(x);
    scheduler s(m.backends, 1, true);
    s.split_graph(g);
    CHECK(s.splits().size() == 3);
    s.plan_buffers(g);
    // 64 x 64 f32 is 16 KiB: at most one weight, one source and one result are alive at once
    CHECK(s.buffer_size(gpu) == 3 * 16384);
  }

  TEST_CASE("pipeline parallelism keeps four copies of an input on each side") {
    machine m;
    graph g;
    op_builder b(g);
    tensor* y = b.mul_mat(weight(g, gpu, 64, 64), g.make_input("x", ggml_type::f32, 64, 8));
    g.expand(y);
    scheduler s(m.backends, 4, true);
    s.split_graph(g);
    s.plan_buffers(g);
    CHECK(s.buffer_size(host) == 4 * 64 * 8 * 4);
    CHECK(s.buffer_size(gpu) == 4 * 64 * 8 * 4 + 64 * 8 * 4);
  }

  TEST_CASE("a type the GPU cannot multiply by falls to the CPU") {
    machine m;
    graph g;
    op_builder b(g);
    tensor* y = b.mul_mat(weight(g, host, 256, 64, ggml_type::tq1_0),
                          g.make_input("x", ggml_type::f32, 256, 64));
    g.expand(y);
    scheduler s(m.backends, 1, true);
    s.split_graph(g);
    CHECK(y->backend == host);
  }

  TEST_CASE("a pinned tensor stays where it was put") {
    machine m;
    graph g;
    op_builder b(g);
    tensor* pinned =
        b.scale(b.mul_mat(weight(g, gpu, 64, 64), g.make_input("x", ggml_type::f32, 64, 8)));
    pinned->backend = host;
    tensor* y = b.mul_mat(weight(g, gpu, 64, 64), pinned);
    g.expand(y);
    scheduler s(m.backends, 1, true);
    s.split_graph(g);
    CHECK(pinned->backend == host);
    CHECK(s.splits().size() == 3);
  }
}
