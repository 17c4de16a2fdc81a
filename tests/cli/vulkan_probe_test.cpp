// Vulkan devices of this machine, by a fake loader: what `probe` shows, what a plan takes, how a loader fails.
#include <doctest/doctest.h>

#include "fake_devices.hpp"

namespace {

/// What is planned for kernels on the first device.
std::uint64_t pool_of(const json::value& plan) {
  for (const json::value& t : plan.at("devices").at(0).at("terms").as_array())
    if (t.at("term").as_string() == "pool") return number(t, "bytes");
  return 0;
}

}  // namespace

TEST_SUITE("vulkan_probe") {
  TEST_CASE("a probe lists Vulkan's devices with their limits and what is free") {
    const outcome o = run("probe --json", "radeon");
    CHECK(o.status == 0);
    const json::value v = json::parse(o.out);
    CHECK(v.at("devices").as_array().empty());
    REQUIRE(v.at("vulkan_devices").as_array().size() == 3);
    const json::value& d = v.at("vulkan_devices").at(1);
    CHECK(d.at("id").as_string() == "Vulkan1");
    CHECK(d.at("gpu").as_string() == "AMD Radeon RX 7900 XTX (RADV NAVI31)");
    CHECK(d.at("kind").as_string() == "discrete");
    CHECK(number(d, "total_bytes") == 24560 * mib);
    CHECK(number(d, "free_bytes") == (24560 - 100) * mib);
    CHECK(number(d, "align") == 4);
    CHECK(number(d, "mapalign") == 4096);
    CHECK(number(d, "range") == 4294967295);
    CHECK(number(d, "maxalloc") == 4294967292);
    CHECK(number(d, "maxbuf") == 4294967288);
    CHECK(d.at("fp16").as_bool());
    // an integrated one has the host's heap as well: 4,096 + 16,384
    CHECK(number(v.at("vulkan_devices").at(0), "total_bytes") == 20480 * mib);
    CHECK(v.at("vulkan_devices").at(2).at("kind").as_string() == "software");
    const std::string text = run("probe", "radeon").out;
    CHECK(contains(text, "Vulkan1  AMD Radeon RX 7900 XTX (RADV NAVI31) (discrete)"));
    CHECK(contains(text, "align=4,mapalign=4096"));
  }

  TEST_CASE("a plan for this machine takes the discrete device, with what is free of it") {
    const outcome o = run("Llama-3.1-8B-Q4_K_M -c 8192 --json", "radeon");
    CHECK(o.status == 0);
    const json::value v = json::parse(o.out);
    REQUIRE(v.at("devices").as_array().size() == 1);
    CHECK(v.at("devices").at(0).at("id").as_string() == "Vulkan0");
    CHECK(number(v.at("devices").at(0), "usable_bytes") == 24460 * mib);
    CHECK(run("Llama-3.1-8B-Q4_K_M -c 8192 --backend vulkan", "radeon").status == 0);
    // kernels are chosen as for the card of its name, whose architecture and cores the driver tells
    const json::value named =
        json::parse(run("Llama-3.1-8B-Q4_K_M -c 8192 --gpu 7900xtx --os linux --json", "radeon").out);
    CHECK(pool_of(v) == pool_of(named));
    CHECK(run("Llama-3.1-8B-Q4_K_M -c 8192 --backend cuda", "radeon").status == 2);
  }

  TEST_CASE("without a budget all of a heap is free, and that is said") {
    const outcome o = run("probe", "radeon", "FAKE_VULKAN_FAIL=budget");
    CHECK(contains(o.out, "the driver tells no budget"));
  }

  TEST_CASE("a loader that fails is no GPU") {
    for (const char* what : {"instance", "devices", "none",
#ifndef _WIN32  // which doubles no process: the driver ends this one
                             "crash",
#endif
                             "vkGetPhysicalDeviceFeatures2",
                             "vkCreateInstance"}) {
      CAPTURE(what);
      check_no_gpu(run("probe", "radeon", std::string("FAKE_VULKAN_FAIL=") + what),
                   "no NVIDIA driver here");
    }
  }
}
