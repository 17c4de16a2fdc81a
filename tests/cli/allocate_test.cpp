// `vrambudget probe --allocate` on a fake driver: takes what the plan says, and gives it back however
// it ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "fake_devices.hpp"

namespace {

const std::string plan = "Llama-3.1-8B-Q4_K_M --ctx 8192 -np 1 --json";

std::uint64_t in_pages(std::uint64_t size) { return (size + 2 * mib - 1) / (2 * mib) * 2 * mib; }

}  // namespace

TEST_SUITE("allocate") {
  TEST_CASE("each buffer of the plan is taken and compared and all are given back") {
    const fake_devices fake;
    const outcome o =
        run("probe --allocate " + plan, "whole", fake.environment() + "FAKE_CUDA_DEVICES=2");
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    const json::value v = json::parse(o.out);
    const json::value p = json::parse(run(plan + " --gpu 2x3090 --free 24024MiB,24024MiB").out);
    std::uint64_t n_taken = 0;
    REQUIRE(v.at("devices").as_array().size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      const json::array& terms = p.at("devices").at(i).at("terms").as_array();
      const json::array& buffers = v.at("devices").at(i).at("buffers").as_array();
      REQUIRE(terms.size() == buffers.size() + 1);  // the rest of their pages is no buffer
      std::uint64_t sum = 0;
      for (const json::value& b : buffers) {
        const std::string name(b.at("term").as_string());
        const auto* t = std::find_if(terms.begin(), terms.end(), [&](const json::value& x) {
          return x.at("term").as_string() == name;
        });
        CAPTURE(name);
        REQUIRE(t != terms.end());
        if (name != "driver_context")
          CHECK(number(b, "predicted_bytes") == number(*t, "bytes"));
        else {
          CHECK(number(b, "predicted_bytes") / mib == 250 + 117);  // as measured
          CHECK(number(b, "taken_bytes") == 250 * mib);
          continue;
        }
        CHECK(number(b, "taken_bytes") == in_pages(number(*t, "bytes")));
        sum += number(b, "taken_bytes");
        ++n_taken;
      }
      CHECK(fake.after().devices[i].most_bytes == sum);  // all of them at once
    }
    CHECK(fake.after().n_allocated == n_taken);
    CHECK(fake.are_empty());
    CHECK(contains(run("probe --allocate Llama-3.1-8B --ctx 8192", "whole").out, "predicted"));
  }

  TEST_CASE("ballast is taken first and a plan that does not fit beside it takes nothing") {
    const fake_devices fake;
    const outcome o = run("probe --ballast 4GiB --allocate " + plan, "whole", fake.environment());
    CHECK(o.status == 0);
    const json::value v = json::parse(o.out).at("devices").at(0).at("buffers").at(1);
    CHECK(v.at("term").as_string() == "ballast");
    CHECK(number(v, "taken_bytes") == 4096 * mib);
    CHECK(fake.are_empty());
    const fake_devices full;
    const outcome f = run("probe --ballast 22GiB --allocate " + plan, "whole", full.environment());
    CHECK(f.status == 1);
    CHECK(has_no_answer(f));
    CHECK(contains(f.err, "nothing was taken"));
    CHECK(full.after().n_allocated == 0);
    CHECK(full.are_empty());
  }

  TEST_CASE("out of memory and a lost device at any buffer exit with 4 and leave nothing behind") {
    for (const std::string name : {"cuMemAlloc_v2", "cuMemsetD8_v2", "cuCtxSynchronize"})
      for (int n = 1; n <= 4; ++n) {
        const std::string call = name + ":" + std::to_string(n);
        CAPTURE(call);
        const fake_devices fake;
        const bool alloc = name == "cuMemAlloc_v2";
        const outcome o =
            run("probe --allocate " + plan, "whole",
                fake.environment() + "FAKE_CUDA_FAIL=" + call + (alloc ? ":2" : ":999"));
        check_no_gpu(o, alloc ? "CUDA_ERROR_OUT_OF_MEMORY (2)" : "CUDA_ERROR_UNKNOWN (999)");
        const char* terms[] = {"weights", "kv_cache", "compute_buffer", "pool"};
        CHECK(contains(o.err, std::string("CUDA0: ") + terms[n - 1] + " of "));
        CHECK(fake.after().n_allocated == static_cast<std::uint64_t>(alloc ? n - 1 : n));
        CHECK(fake.are_empty());
      }
  }

#ifndef _WIN32
  TEST_CASE("signals end it once everything is given back") {
    for (const auto& [name, status] :
         {std::pair<std::string, int>{"SIGTERM", 128 + SIGTERM}, {"SIGINT", 128 + SIGINT}}) {
      CAPTURE(name);
      const fake_devices fake;
      const outcome o = run("probe --allocate " + plan, "whole",
                            fake.environment() + "FAKE_CUDA_FAIL=cuMemsetD8_v2:2:" + name);
      CHECK(o.status == status);
      CHECK(o.out.empty());
      CHECK(fake.after().n_allocated == 2);  // it did not go on
      CHECK(fake.are_empty());
    }
  }
#endif

  TEST_CASE("models and options that are wrong exit as they do for a plan") {
    CHECK(run("probe --allocate no-such-model", "whole").status == 3);
    CHECK(run("probe --allocate Llama-3.1-8B -ctk q9", "whole").status == 2);
    CHECK(run("probe --ballast 1GiB", "whole").status == 2);
    CHECK(run("probe --ballast lots --allocate Llama-3.1-8B", "whole").status == 2);
    CHECK(run("probe --allocate Llama-3.1-8B --ctx 4096").status == 4);
  }
}
