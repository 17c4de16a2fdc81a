// GPUs as people name them on a command line, and what else they say of their memory.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>

#include "program.hpp"

namespace json = boost::json;

namespace {

const std::string model = "Llama-3.1-8B --ctx 4096 -np 1 ";
constexpr std::uint64_t mib = 1 << 20;

json::value planned(const std::string& args) {
  const outcome o = run(args + " --json");
  CAPTURE(o.err);
  REQUIRE((o.status == 0 || o.status == 1));
  return json::parse(o.out);
}

std::uint64_t others_of(const json::value& plan, std::size_t device = 0) {
  return plan.at("devices").at(device).at("others").at("bytes").to_number<std::uint64_t>() / mib;
}

bool notes(const json::value& plan, const char* text) {
  return contains(json::serialize(plan.at("notes")), text);
}

}  // namespace

TEST_SUITE("named GPUs") {
  TEST_CASE("a display stands alone, with a word or with a size, wherever it stands") {
    const std::string on_linux = " --gpu 3090 --os linux --ctx 4096 -np 1";
    CHECK(others_of(planned("Llama-3.1-8B" + on_linux)) == 5);
    for (const char* typed : {"Llama-3.1-8B --display", "--display Llama-3.1-8B",
                              "Llama-3.1-8B --display=typical", "--display typical Llama-3.1-8B"})
      CHECK(others_of(planned(typed + on_linux)) == 1600);
    CHECK(others_of(planned("--display light Llama-3.1-8B" + on_linux)) == 500);
    CHECK(others_of(planned("--display 1.5GiB Llama-3.1-8B" + on_linux)) == 1536);
    CHECK(others_of(planned("--display 800 Llama-3.1-8B" + on_linux)) == 800);
    CHECK(others_of(planned("Llama-3.1-8B" + on_linux + " --display none --os windows")) == 260);
    const outcome o = run("Llama-3.1-8B --display=bright" + on_linux);
    CHECK(o.status == 2);
    CHECK(contains(o.err, "'bright' is none of none, light, heavy or a size"));
  }

  TEST_CASE("of two cards under Windows one draws the desktop") {
    const json::value v = planned(model + "--gpu 2x3090 --os windows");
    CHECK(others_of(v, 0) == 2200);
    CHECK(others_of(v, 1) == 260);
  }

  TEST_CASE("nvidia-smi's MiB and decimal units are free memory") {
    const json::value v = planned(model + "--gpu 3090 --os linux --free 23000");
    CHECK(v.at("devices").at(0).at("usable_bytes") == 23000 * mib);
    CHECK(notes(v, "23000 is taken as 23000 MiB, as nvidia-smi prints them"));
    CHECK(planned(model + "--gpu 3090 --os linux --free 22.5GB").at("devices").at(0).at("usable_bytes") ==
          22'500'000'000u);
  }

  TEST_CASE("small numbers alone are GiB, and said to be taken so") {
    const json::value free = planned(model + "--gpu 3090 --os linux --free 22");
    CHECK(free.at("devices").at(0).at("usable_bytes") == 22 * 1024 * mib);
    CHECK(notes(free, "22 is taken as 22 GiB"));
    CHECK(notes(planned(model + "--gpu 24"), "24 is taken as 24 GiB"));
    CHECK(contains(run(model + "--gpu 24").out, "a card of 24 GiB"));
    CHECK(contains(run(model + "--gpu 3090 --ram 64").out, "of 64.00 GiB"));
    CHECK(contains(run(model + "--gpu 3090 --ram 65536").out, "of 64.00 GiB"));
    const json::value kept = planned(model + "--gpu 3090 --os linux --reserve 512");
    const auto usable = [](const json::value& v) {
      return v.at("devices").at(0).at("usable_bytes").to_number<std::uint64_t>();
    };
    CHECK(usable(kept) + 512 * mib == usable(planned(model + "--gpu 3090 --os linux")));
  }

  TEST_CASE("how many cards there are is told in several ways") {
    for (const char* two :
         {"2x3090", "'2 x 3090'", "3090x2", "'3090 x2'", "'rtx 3090 x2'", "'dual 3090'"}) {
      CAPTURE(std::string(two));
      CHECK(planned(model + "--gpu " + two).at("devices").as_array().size() == 2);
    }
    CHECK(planned(model + "--gpu 'evo x2'").at("devices").as_array().size() == 1);
    CHECK(run(model + "--gpu 3090x0").status == 2);
    CHECK(run(model + "--gpu 3090x99").status == 2);
  }

  TEST_CASE("a GPU in the place of a model is told to be one") {
    const outcome o = run("'rtx 4090'");
    CHECK(o.status == 2);
    CHECK(
        contains(o.err, "rtx 4090 is a GPU: `vrambudget --gpu 'rtx 4090'` shows what runs on it"));
  }

  TEST_CASE("a card by its size or its numbers") {
    CHECK(contains(run(model + "--gpu 24GiB").out, "a card of 24 GiB"));
    CHECK(notes(planned(model + "--gpu 24GiB"), "compute capability 8.6 is assumed"));
    const outcome o =
        run("Llama-3.1-8B-Q4_K_M -c 4096 --gpu 'name=P106-090,total=3072MiB,cc=6.1,sm=6'");
    CHECK(o.status == 1);
    CHECK(contains(o.out, "CUDA0  P106-090"));
  }

  TEST_CASE("which of several cards of a name is planned for is seen and said") {
    const outcome o = run(model + "--gpu 4060ti");
    CHECK(contains(o.out, "NVIDIA GeForce RTX 4060 Ti 8 GB"));
    CHECK(contains(o.out, "4060ti: the card with 8 GiB is planned for; there is rtx-4060-ti-16gb"));
  }

  TEST_CASE("what no machine has is a usage error") {
    for (const auto& wrong : {std::pair{"--gpu 16x3090", "at most 15 GPUs"},
                              std::pair{"--gpu 3090 --free 30GiB", "30720 MiB are more"},
                              std::pair{"--gpu name=x,cc=8.6", "total="},
                              std::pair{"--gpu total=8GiB,cores=3", "cores=3"}}) {
      CAPTURE(wrong.first);
      const outcome o = run(model + wrong.first);
      CHECK(o.status == 2);
      CHECK(contains(o.err, wrong.second));
    }
  }
}

TEST_CASE("one run is told under each backend that is named") {
  const std::string plan = "Llama-3.1-8B-Q4_K_M --gpu 7900xtx -c 8192 -np 1 --os linux ";
  const outcome o = run(plan + "--backend vulkan,hip,cuda,cpu --ram 64GiB");
  CHECK(o.status == 0);
  CHECK(contains(o.out, "Vulkan0"));  // the first is planned
  CHECK(contains(o.out, "Under each backend:"));
  CHECK(contains(o.out, "  hip "));
  CHECK(contains(o.out, "planned under vulkan and hip, not cuda"));
  const json::value v = json::parse(run(plan + "--backend vulkan,hip --json").out);
  REQUIRE(v.at("backends").as_array().size() == 2);
  CHECK(v.at("backends").at(0).at("backend").as_string() == "vulkan");
  CHECK(v.at("backends").at(1).at("backend").as_string() == "hip");
  CHECK(v.at("backends").at(1).at("fits").as_bool());
  CHECK_FALSE(json::parse(run(plan + "--json").out).as_object().contains("backends"));
  CHECK(run(plan + "--backend nosuch").status == 2);
}

TEST_CASE("NVIDIA's cards run under Vulkan, too, and a name may say Windows") {
  const json::value v =
      json::parse(run("Llama-3.1-8B-Q4_K_M --gpu 3090 --backend vulkan -c 8192 --json").out);
  CHECK(v.at("devices").at(0).at("id").as_string() == "Vulkan0");
  CHECK(run("Llama-3.1-8B-Q4_K_M --gpu 7900xtx-win -c 8192").status == 0);
  CHECK(run("Llama-3.1-8B-Q4_K_M --gpu 4090,7900xtx -c 8192").status == 0);
}

TEST_CASE("what a device's driver cannot bind is told") {
  const std::string gpu = " --gpu name=7900xtx,range=134217728 --os linux -np 1 ";
  // the output matrix, 4,096 x 151,936 in Q6_K: 510,504,960 bytes
  const outcome large = run("Qwen3-8B-Q4_K_M -c 8192" + gpu);
  CHECK(large.status == 0);
  CHECK(contains(large.out, "1 tensors, 486.9 MiB, are larger than the 128.0 MiB"));
  const outcome cache = run("Llama-3.1-8B-Q4_K_M -c 131072" + gpu);
  CHECK(cache.status == 2);
  CHECK(contains(cache.err, "lets a kernel read at most 134217728 bytes at once"));
  // scores of 32 heads, 2,048 tokens and 32,768 cells are 8 GiB, more than Mesa's 4 GiB
  const outcome scores = run("Qwen3-8B-Q4_K_M --gpu 7900xtx --os linux -np 1 -c 32768 -ub 2048 -fa off");
  CHECK(contains(scores.out, "parts of the layers are computed by the CPU"));
  CHECK_FALSE(contains(run("Qwen3-8B-Q4_K_M --gpu 7900xtx --os linux -c 8192").out, "by the CPU"));
}

TEST_CASE("what is measured of CUDA is said of CUDA alone") {
  const std::string plan = "Qwen3-8B-Q4_K_M --gpu 3090 --os linux -c 8192 -np 1 ";
  CHECK(contains(run(plan).out, "(fitted, "));
  const outcome o = run(plan + "--backend vulkan");
  CHECK(o.status == 0);
  CHECK(contains(o.out, "decodes at most"));  // by its memory's bandwidth
  CHECK_FALSE(contains(o.out, "(fitted, "));
  // 65,536 tokens over 9070 XT's 16 GB are decided by what its driver takes
  const std::string short_of = run("granite-4.1-8b-Q5_K_M --gpu '9070 xt' --os linux -c 65536").out;
  CHECK(contains(short_of, "driver's context"));
  CHECK_FALSE(contains(short_of, "calibrate"));
}

TEST_CASE("ROCm's pool is as large as an emulated card's") {
  const auto pool = [](const std::string& args) {
    const json::value v =
        json::parse(run(args + " --backend hip --os linux -c 8192 -np 1 --json").out);
    for (const json::value& t : v.at("devices").at(0).at("terms").as_array())
      if (t.at("term").as_string() == "pool")
        return std::pair{t.at("low_bytes").to_number<std::uint64_t>(),
                         t.at("bytes").to_number<std::uint64_t>()};
    return std::pair<std::uint64_t, std::uint64_t>{};
  };
  // v0.5.0's growth over a stand-in gfx1102 without cuBLAS's workspace of 32 MiB: 168,172,288 bytes
  const auto [low, high] = pool("Qwen3-8B-Q4_K_M --gpu 7600xt");
  CHECK(low <= 168172288 - 32 * mib);
  CHECK(high >= 168172288 - 32 * mib);
}
