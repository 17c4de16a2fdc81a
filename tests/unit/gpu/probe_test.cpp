#include "vrambudget/gpu/probe.hpp"  // first: proves the header stands alone

#include <doctest/doctest.h>

#include <cstring>

using namespace vrambudget;

namespace {

int n_context = 0;       // contexts that exist
int second_context = 0;  // status of a second one
std::size_t free_bytes = 0;

/// One device of 1000 bytes; a context takes 100.
driver_api fake_driver() {
  n_context = 0;
  second_context = 0;
  free_bytes = 1000;
  driver_api a;
  a.cuInit = [](unsigned) { return 0; };
  a.cuGetErrorName = [](int, const char**) { return 1; };
  a.cuDeviceGetCount = [](int* n) { return *n = 1, 0; };
  a.cuDeviceGet = [](int* d, int i) { return *d = i, 0; };
  a.cuDeviceGetName = [](char* name, int, int) { return std::strcpy(name, "fake"), 0; };
  a.cuDeviceGetAttribute = [](int* v, int which, int) { return *v = which, 0; };
  a.cuDeviceGetPCIBusId = [](char* id, int, int) { return *id = '\0', 0; };
  a.cuDevicePrimaryCtxRetain = [](driver_api::context*, int) {
    return ++n_context, free_bytes -= 100, 0;
  };
  a.cuDevicePrimaryCtxRelease = [](int) { return --n_context, 0; };
  a.cuCtxSetCurrent = [](driver_api::context) { return 0; };
  a.cuCtxCreate = [](driver_api::context*, unsigned, int) {
    if (second_context == 0) ++n_context, free_bytes -= 100;
    return second_context;
  };
  a.cuCtxDestroy = [](driver_api::context) { return --n_context, free_bytes += 100, 0; };
  a.cuMemGetInfo = [](std::size_t* free, std::size_t* total) {
    return *free = free_bytes, *total = 1000, 0;
  };
  return a;
}

}  // namespace

TEST_SUITE("gpu_probe") {
  TEST_CASE("a device's facts come from the driver alone where NVML is missing") {
    const driver_api a = fake_driver();
    const auto all = probe_devices(a, nullptr);
    REQUIRE(all.has_value());
    REQUIRE(all->size() == 1);
    const live_device& d = all->front();
    CHECK(d.gpu.name == "fake");
    CHECK(d.gpu.n_sm == 16);  // the attribute's own number
    CHECK(d.gpu.cc == 75 * 100 + 76 * 10);
    CHECK(d.gpu.total.count == 1000);
    CHECK(d.context->count == 100);
    CHECK(d.gpu.free.count == 1000);  // what is free to a process before it has a context
    CHECK_FALSE(d.granularity);
    CHECK_FALSE(d.reserved);
    CHECK(n_context == 0);
  }

  TEST_CASE("a context whose cost cannot be known is absent") {
    const driver_api a = fake_driver();
    second_context = driver_api::out_of_memory;
    const auto all = probe_devices(a, nullptr);
    REQUIRE(all.has_value());
    CHECK_FALSE(all->front().context);
    CHECK(all->front().gpu.free.count == 900);
    CHECK(n_context == 0);
  }

  TEST_CASE("a status without a name is told by its number") {
    driver_api a = fake_driver();
    a.cuMemGetInfo = [](std::size_t*, std::size_t*) { return 4711; };
    const auto all = probe_devices(a, nullptr);
    REQUIRE_FALSE(all.has_value());
    CHECK(all.error().code == errc::io);
    CHECK(all.error().message == "CUDA0: cuMemGetInfo: unknown error (4711)");
    CHECK(n_context == 0);
  }

  TEST_CASE("no device is an error") {
    driver_api a = fake_driver();
    a.cuDeviceGetCount = [](int* n) { return *n = 0, 0; };
    CHECK_FALSE(probe_devices(a, nullptr).has_value());
  }
}
