// GPUs as llama.cpp's Vulkan backend sees them.
#include "vrambudget/catalogue/vulkan_devices.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

namespace {

planned_gpu gpu_of(const char* typed, surroundings around = {}) {
  if (!around.ram) around.system = operating_system::native_linux;
  const auto gpu = find_other_gpu(typed, around);
  REQUIRE_MESSAGE(gpu.has_value(), typed);
  return *gpu;
}

}  // namespace

TEST_CASE("NVIDIA's cards have Vulkan's limits, and halves from Volta on") {
  const device d = vulkan_device(find_gpu("3090").value(), {operating_system::native_linux});
  CHECK(d.backend == backend_kind::vulkan);
  CHECK(d.limits.alignment == 16);
  CHECK(d.limits.host_alignment == 64);
  CHECK(d.limits.allocation == 4292870144);
  CHECK_FALSE(d.limits.lacks_fp16);
  CHECK(d.total == to_device(find_gpu("3090").value(), {operating_system::native_linux}).total);
  CHECK(vulkan_limits_of_nvidia(610).lacks_fp16);
  CHECK_FALSE(vulkan_limits_of_nvidia(600).lacks_fp16);
  CHECK(gpu_of("rx580").d.limits.lacks_fp16);
  CHECK_FALSE(gpu_of("vega 64").d.limits.lacks_fp16);
}

TEST_CASE("what kernels are chosen by goes by the architecture, cores as the engine has them") {
  CHECK(gpu_of("7900xtx").d.limits.architecture == vulkan_architecture::rdna3);
  CHECK(gpu_of("7900xtx").d.n_sm == 96);
  CHECK(gpu_of("9070 xt").d.limits.architecture == vulkan_architecture::rdna3);
  CHECK(gpu_of("rx580").d.limits.architecture == vulkan_architecture::gcn);
  CHECK(gpu_of("radeon vii").d.limits.architecture == vulkan_architecture::vega20);
  CHECK(gpu_of("b580").d.limits.architecture == vulkan_architecture::xe2);
  CHECK(gpu_of("b580").d.n_sm == 20);
  CHECK(gpu_of("arc 140v").d.n_sm == 0);  // Intel's processors are not in its table
  CHECK_FALSE(gpu_of("7900xtx").d.limits.by_amds_driver);
  CHECK(gpu_of("7900xtx", {.system = operating_system::windows, .ram = 32_GiB})
            .d.limits.by_amds_driver);
  CHECK(vulkan_limits_of_nvidia(750).architecture == vulkan_architecture::turing);
  CHECK(vulkan_limits_of_nvidia(700).architecture == vulkan_architecture::pre_turing);
  CHECK(vulkan_limits_of_nvidia(1200).architecture == vulkan_architecture::ampere);
  for (const other_gpu& gpu : other_gpus())
    if (gpu.is_vulkan()) {
      CAPTURE(gpu.id);
      CHECK(vulkan_limits_of(gpu, operating_system::native_linux).architecture !=
            vulkan_architecture::unknown);
    }
}

TEST_CASE("a chip without memory of its own has a part of the machine's") {
  const planned_gpu typed = gpu_of("780m 64gb");
  CHECK(typed.memory == 64_GiB);
  CHECK(typed.d.unified);
  CHECK(typed.d.total == 32_GiB);  // half: the kernel's GTT
  CHECK(typed.d.pool == 64_GiB);
  CHECK(typed.says.find("of the machine's 64 GiB it has 32.0") != std::string::npos);

  const planned_gpu told =
      gpu_of("arc 140v", {.system = operating_system::native_linux, .ram = 32_GiB});
  CHECK(told.d.total == 24_GiB);  // three quarters, as Mesa's ANV
  const planned_gpu windows =
      gpu_of("arc 140v", {.system = operating_system::windows, .ram = 32_GiB});
  CHECK(windows.d.total == 16_GiB);

  CHECK(gpu_of("steam deck").memory == 16_GiB);  // there is no other
  const planned_gpu usual = gpu_of("890m");
  CHECK(usual.memory == 32_GiB);
  CHECK(usual.says.find("--ram says how many") != std::string::npos);
  CHECK_FALSE(find_other_gpu("780m 0gb", {}).has_value());
}

TEST_CASE("what the host takes of a pool leaves a device its part while there is enough") {
  device d;
  d.unified = true;
  d.pool = 32_GiB;
  CHECK(d.taken_by_host(16_GiB, 10_GiB).count == 0);
  CHECK(d.taken_by_host(16_GiB, 20_GiB) == 4_GiB);
  CHECK(d.taken_by_host(16_GiB, 40_GiB) == 16_GiB);
  d.pool.reset();
  CHECK(d.taken_by_host(16_GiB, 10_GiB) == 10_GiB);
}

TEST_CASE("a backend that a GPU does not run under is refused") {
  const auto refused =
      find_other_gpu("7900xtx", {.backend = backend_kind::cuda});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::invalid_argument);
  CHECK(refused.error().message.find("not cuda") != std::string::npos);
}

TEST_CASE("AMD's are ROCm devices where they are asked for as such") {
  const auto hip = [](const char* typed) {
    return find_other_gpu(typed, {.system = operating_system::native_linux, .backend = backend_kind::hip});
  };
  const device xtx = hip("7900xtx").value().d;
  CHECK(xtx.backend == backend_kind::hip);
  CHECK(xtx.gfx == 0x1100);
  CHECK(xtx.n_sm == 96);
  CHECK(xtx.total.count == 25753026560);  // seen by ROCm, data/other_gpus.json
  CHECK(hip("mi210").value().d.gfx == 0x90a);
  CHECK(hip("780m 32gb").value().d.pool == 32_GiB);
  CHECK(hip("rx580").error().message.find("ROCm has no kernels for gfx803") != std::string::npos);
  CHECK(hip("b580").error().message.find("planned under vulkan, not hip") != std::string::npos);
}
