#include "vrambudget/gpu/allocate.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace vrambudget;

namespace {

// A card of 1 GiB of which `others` is taken.
std::size_t others = 0, taken = 0;
int n_taken = 0;

driver_api card() {
  driver_api a;
  a.cuGetErrorName = [](int, const char** name) { return *name = "?", driver_api::success; };
  a.cuDeviceGet = [](int* d, int) { return *d = 0, driver_api::success; };
  a.cuDevicePrimaryCtxRetain = [](driver_api::context*, int) { return driver_api::success; };
  a.cuDevicePrimaryCtxRelease = [](int) { return driver_api::success; };
  a.cuCtxSetCurrent = [](driver_api::context) { return driver_api::success; };
  a.cuCtxSynchronize = [] { return driver_api::success; };
  a.cuMemGetInfo = [](std::size_t* free, std::size_t* total) {
    *total = 1u << 30;
    *free = *total - others - taken;
    return driver_api::success;
  };
  a.cuMemAlloc = [](driver_api::address* at, std::size_t size) {
    *at = size;  // so that it is known when it is given back
    taken += size;
    ++n_taken;
    return driver_api::success;
  };
  a.cuMemFree = [](driver_api::address at) { return taken -= at, driver_api::success; };
  a.cuMemsetD8 = [](driver_api::address, unsigned char, std::size_t) {
    return driver_api::success;
  };
  return a;
}

}  // namespace

TEST_CASE("64 MiB stay free, and what was taken before is given back") {
  n_taken = 0;
  others = (1024 - 300) << 20;
  const wanted_buffer buffers[] = {{"weights", 200_MiB}, {"kv_cache", 37_MiB}};
  const auto refused = take_buffers(card(), 0, buffers, [] { return false; });
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == errc::limit);
  CHECK(refused.error().message.find("kv_cache of 38797312 bytes: 104857600 bytes are free") !=
        std::string::npos);
  CHECK(n_taken == 1);
  CHECK(taken == 0);

  others -= 1u << 20;  // 301 = 200 + 37 + 64
  const auto all = take_buffers(card(), 0, buffers, [] { return false; });
  REQUIRE(all.has_value());
  CHECK(all->size() == 2);
  CHECK(n_taken == 3);
  CHECK(taken == 0);
}

TEST_CASE("an interruption between two buffers gives back the first") {
  n_taken = 0;
  others = 0;
  const wanted_buffer buffers[] = {{"weights", 200_MiB}, {"kv_cache", 37_MiB}};
  int asked = 0;
  const auto cut = take_buffers(card(), 0, buffers, [&] { return ++asked == 2; });
  REQUIRE(cut.has_error());
  CHECK(cut.error().message == "interrupted");
  CHECK(n_taken == 1);
  CHECK(taken == 0);
}
