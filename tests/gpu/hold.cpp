// hold SIZE: takes memory of the first GPU until no more than a page over SIZE bytes are free, says what
// is free then on stdout, and gives all of it back when it is told to end.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "vrambudget/gpu/driver_api.hpp"
#include "vrambudget/gpu/probe.hpp"

using namespace vrambudget;

namespace {

constexpr std::size_t page = std::size_t{2} << 20, piece = std::size_t{1} << 30;

int failed(const std::string& why) {
  std::fprintf(stderr, "hold: %s\n", why.c_str());
  return 4;
}

/// Takes pages while more than `wanted` and a page are free; in pieces, so that one refusal is no end.
int take(const driver_api& cuda, std::size_t wanted, std::vector<driver_api::address>& taken,
         std::size_t& free) {
  std::size_t total = 0, most = piece;
  while (true) {
    if (const int s = cuda.cuMemGetInfo(&free, &total); s != driver_api::success) return s;
    if (free < wanted + page) return driver_api::success;
    const std::size_t size = std::min(most, (free - wanted) / page * page);
    driver_api::address a = 0;
    const int s = cuda.cuMemAlloc(&a, size);
    if (s == driver_api::success)
      taken.push_back(a);
    else if (s != driver_api::out_of_memory || size == page)
      return s;
    else
      most = std::max(page, size / 2 / page * page);
  }
}

}  // namespace

int main(int argc, char** argv) {
  char* end = nullptr;
  errno = 0;
  const std::size_t wanted = argc == 2 ? std::strtoull(argv[1], &end, 10) : 0;
  if (argc != 2 || errno != 0 || *end != '\0' || wanted == 0) {
    std::fprintf(stderr, "hold BYTES\n");
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);

  const auto cuda = load_driver_api();
  if (!cuda) return failed(cuda.error().message);
  int device = 0;
  driver_api::context context = nullptr;
  std::size_t free = 0;
  std::vector<driver_api::address> taken;
  int s = cuda->cuInit(0);
  if (s == driver_api::success) s = cuda->cuDeviceGet(&device, 0);
  if (s == driver_api::success) s = cuda->cuDevicePrimaryCtxRetain(&context, device);
  if (s != driver_api::success) return failed(driver_error(*cuda, "a context", s).message);
  s = cuda->cuCtxSetCurrent(context);
  if (s == driver_api::success) s = take(*cuda, wanted, taken, free);
  const bool is_there = s == driver_api::success && free >= wanted;
  if (is_there) {
    std::printf("%zu\n", free);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
  }
  for (const driver_api::address a : taken) cuda->cuMemFree(a);
  cuda->cuCtxSetCurrent(nullptr);
  cuda->cuDevicePrimaryCtxRelease(device);
  if (s != driver_api::success) return failed(driver_error(*cuda, "cuMemAlloc", s).message);
  if (!is_there) return failed("only " + std::to_string(free) + " bytes are free");
}
