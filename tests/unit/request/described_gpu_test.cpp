// Cards by size and by numbers, as find_gpus() makes devices of them.
#include "request/described_gpu.hpp"

#include <doctest/doctest.h>

#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/request/named_gpus.hpp"

using namespace vrambudget;
using namespace vrambudget::request;

namespace {

result<named_gpus> found(std::vector<std::string> names, std::vector<bytes> free = {}) {
  gpu_request q;
  q.names = std::move(names);
  q.free = std::move(free);
  q.system = operating_system::native_linux;
  q.no_calibration = true;
  return find_gpus(q, {});
}

std::string refused(const std::string& typed) {
  const auto gpus = found({typed});
  REQUIRE_FALSE(gpus.has_value());
  CHECK(gpus.error().code == errc::invalid_argument);
  return gpus.error().message;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a card is planned for by its numbers") {
  const named_gpus gpus = found({"name=P106-090,total=3072MiB,cc=6.1,sm=6"}).value();
  REQUIRE(gpus.devices.size() == 1);
  const device& d = gpus.devices[0];
  CHECK(d.name == "P106-090");
  CHECK(d.cc == 610);
  CHECK(d.n_sm == 6);
  CHECK(d.total == 3003_MiB);  // 3,072 - (60 + 3 x 3)
  // 6 x 2,048 / 1,024 = 12: 41.4 + 1.818 x 12 = 63.2, and 10 in use
  CHECK(d.driver_context.expected.count / (1 << 20) == 73);
  CHECK(gpus.notes.empty());
  CHECK(d.maps_pool);
  CHECK_FALSE(found({"total=3072MiB,cc=6.1,sm=6,vmm=no"}).value().devices[0].maps_pool);
  CHECK(has(refused("total=3072MiB,vmm=off"), "vmm=off is neither yes nor no"));
}

TEST_CASE("what is missing of a card's numbers is assumed and said") {
  const named_gpus gpus = found({"total=24576"}).value();
  CHECK(gpus.devices[0].name == "a card of 24576 MiB");
  CHECK(gpus.devices[0].cc == 860);
  CHECK(gpus.devices[0].driver_context.basis == basis::assumed);
  REQUIRE(gpus.notes.size() == 1);
  CHECK(has(gpus.notes[0], "compute capability 8.6 is assumed, its multiprocessors are not known"));
}

TEST_CASE("a card is planned for by the size that it is sold with") {
  for (const char* typed : {"24GiB", "24gb", "24G"}) {
    CAPTURE(typed);
    const named_gpus gpus = found({typed}).value();
    const device& d = gpus.devices[0];
    CHECK((d.total.count >> 20) == 24119);  // 24,576 - (375 + 3.4 x 24)
    CHECK(d.cc == 860);
    CHECK(d.n_sm == 0);
    CHECK(d.driver_context.basis == basis::assumed);
    // from an M40, 24 x 2,048 threads, to a 5090 D v2, 170 x 1,536
    CHECK(d.driver_context.low == driver_context_of(520, 24).in_use.low);
    CHECK(d.driver_context.high == driver_context_of(1200, 170).in_use.high);
    CHECK(gpus.notes.size() == 1);
  }
  CHECK(found({"2x24GiB"}).value().devices.size() == 2);
}

TEST_CASE("numbers that are no card's are refused") {
  CHECK(has(refused("name=x,cc=8.6"), "total=, as nvidia-smi prints it, is needed"));
  CHECK(has(refused("total=8GiB,cc=86"), "cc=86 is no compute capability"));
  CHECK(has(refused("total=8GiB,cc=1.0"), "cc=1.0 is no compute capability"));
  CHECK(has(refused("total=8GiB,sm=0"), "sm=0"));
  CHECK(has(refused("total=8GiB,sm=many"), "sm=many"));
  CHECK(has(refused("total=8GiB,memory=8GiB"), "'memory=8GiB' is none of name=, total=, cc=, sm=, vmm="));
  CHECK(has(refused("total=8GiB,total=8GiB"), "total is there twice"));
  CHECK(has(refused("total="), "total has no value"));
}

TEST_CASE("the engine takes fifteen cards and the CPU") {
  CHECK(found({"15x3090"}).value().devices.size() == 15);
  CHECK(has(refused("16x3090"), "the engine's scheduler takes 16 backends"));
  CHECK(has(found({"8x3090", "8x4090"}).error().message, "at most 15 GPUs"));
  CHECK(has(refused("0x3090"), "none of them"));
}

TEST_CASE("no more can be free than a card has") {
  CHECK(has(found({"3090"}, {30_GiB}).error().message,
            "--free: 30720 MiB are more than NVIDIA GeForce RTX 3090 has, 24576 MiB"));
  // drivers up to 550 keep less than newer ones: 24,237 MiB were seen
  const device d = found({"3090"}, {24237_MiB}).value().devices[0];
  CHECK(d.total == 24237_MiB);
  CHECK(d.others->high == bytes{});
  // a P40 without error correction
  CHECK(found({"p40"}, {24400_MiB}).value().devices[0].free == 24400_MiB);
}

TEST_CASE("the first card draws the desktop and the others do not") {
  gpu_request q;
  q.names = {"2x3090"};
  q.no_calibration = true;
  q.system = operating_system::windows;
  const named_gpus usual = find_gpus(q, {}).value();
  CHECK(usual.devices[0].others->high == 2200_MiB);
  CHECK(usual.devices[1].others->high == 260_MiB);
  q.display = desktop::none;
  CHECK(find_gpus(q, {}).value().devices[0].others->high == 260_MiB);
}

TEST_CASE("what a name left open is said once") {
  const named_gpus gpus = found({"4060ti", "4060ti", "p40"}).value();
  REQUIRE(gpus.notes.size() == 2);
  CHECK(has(gpus.notes[0], "4060ti: the card with 8 GiB is planned for"));
  CHECK(has(gpus.notes[1], "error correction on, as delivered, which takes 1536 MiB"));
}

TEST_CASE("limits of a Vulkan driver make a Vulkan device, of a card by its name or of any") {
  const device known = found({"name=7900xtx,range=134217728,align=256"}).value().devices[0];
  CHECK(known.backend == backend_kind::vulkan);
  CHECK(known.limits.range == 134217728);
  CHECK(known.limits.alignment == 256);
  CHECK(known.limits.host_alignment == 4096);  // Mesa's, as it was not told
  CHECK(known.total.count == 25753026560);
  const device nvidia = found({"name=3090,maxbuf=1GiB"}).value().devices[0];
  CHECK(nvidia.limits.buffer == 1073741824);
  CHECK(nvidia.limits.allocation == 4292870144);
  const device any = found({"name=some,total=8GiB,mapalign=64,fp16=0,index64=1"}).value().devices[0];
  CHECK(any.total == 8_GiB);
  CHECK(any.limits.lacks_fp16);
  CHECK(any.limits.indexes_64_bits);
  CHECK(any.limits.range == 0);  // what is usual

  CHECK(has(refused("name=some,range=134217728"), "total= is needed"));
  CHECK(has(refused("name=7900xtx,range=1"), "no device's"));
  CHECK(has(refused("name=7900xtx,align=24"), "no power of two"));
  CHECK(has(refused("name=7900xtx,align=x"), "no number"));
  CHECK(has(refused("name=7900xtx,fp16=2"), "neither 0 nor 1"));
  CHECK(has(refused("name=7900xtx,align=256,cc=8.6"), "cc= is CUDA's"));
}

TEST_CASE("a backend is chosen for those that have it") {
  gpu_request q;
  q.system = operating_system::native_linux;
  q.no_calibration = true;
  const auto under = [&](std::vector<std::string> names, asked_backend b) {
    q.names = std::move(names);
    q.backends = {b};
    return find_gpus(q, {});
  };
  CHECK(under({"3090"}, {backend_kind::vulkan}).value().devices[0].backend == backend_kind::vulkan);
  CHECK(under({"3090"}, {backend_kind::cuda}).value().devices[0].backend == backend_kind::cuda);
  CHECK(under({"3090"}, asked_backend{}).value().devices.empty());
  CHECK(under({"none"}, asked_backend{}).value().devices.empty());
  CHECK(under({"24GiB"}, {backend_kind::vulkan}).value().devices[0].limits.alignment == 16);
  CHECK_FALSE(under({"3090"}, {backend_kind::metal}).has_value());
  CHECK_FALSE(under({"7900xtx"}, {backend_kind::cuda}).has_value());
  CHECK_FALSE(under({"none"}, {backend_kind::vulkan}).has_value());
  CHECK_FALSE(under({"name=7900xtx,align=64"}, {backend_kind::cuda}).has_value());
}

TEST_CASE("GPUs of several makers are planned under Vulkan") {
  const named_gpus both = found({"4090", "7900xtx"}).value();
  CHECK(both.devices[0].backend == backend_kind::vulkan);
  CHECK(both.devices[1].backend == backend_kind::vulkan);
  CHECK(has(both.notes.back(), "several makers"));
}
