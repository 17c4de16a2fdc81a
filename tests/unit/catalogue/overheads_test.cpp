#include "vrambudget/catalogue/overheads.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "vrambudget/catalogue/gpus.hpp"

using namespace vrambudget;
using enum operating_system;

namespace {


}  // namespace

TEST_CASE("threads of a multiprocessor are those of NVIDIA's tables") {
  // CUDA C++ Programming Guide, "Maximum number of resident threads per SM"
  for (const std::uint32_t cc : {500u, 520u, 600u, 610u, 700u, 800u, 900u, 1000u, 1030u})
    CHECK(threads_per_sm(cc) == 2048);
  CHECK(threads_per_sm(750) == 1024);
  for (const std::uint32_t cc : {860u, 870u, 890u, 1200u, 1210u}) CHECK(threads_per_sm(cc) == 1536);
  CHECK_FALSE(threads_per_sm(0));
}

TEST_CASE("the context before use is near what was measured on each card") {
  struct measured {
    const char* gpu;
    double mib, within;
  };
  // free memory of fresh processes on empty cards under Linux, llama.cpp and hashcat: the rows of
  // data/contexts.jsonl; `within` is twice the model's median error, or what is known of the card
  for (const measured& m :
       {measured{"gtx-1080", 115, 12}, measured{"gtx-1080-ti", 143, 12},
        measured{"p100-pcie-16gb", 256, 12}, measured{"v100-pcie-16gb", 310, 24},
        measured{"rtx-2060", 90, 12}, measured{"rtx-2080-ti", 165, 12},
        measured{"rtx-3060", 119, 12}, measured{"rtx-3090-ti", 271, 12},
        measured{"rtx-4070", 169, 12}, measured{"rtx-4080", 245, 12}, measured{"rtx-4090", 395, 12},
        measured{"l40s", 432, 12}, measured{"rtx-5060-ti-16gb", 137, 12},
        measured{"rtx-5090", 505, 12}, measured{"a100-pcie-40gb", 423, 12},
        measured{"h100-sxm5-80gb", 527, 12}, measured{"b200", 628, 60}}) {
    CAPTURE(m.gpu);
    const gpu_entry g = find_gpu(m.gpu).value();
    const modelled_context c = driver_context_of(g.cc, g.n_sm.value());
    CHECK(std::abs(mib_of(c.fresh.expected) - m.mib) <= m.within);
    CHECK(mib_of(c.fresh.low) <= m.mib);
    CHECK(mib_of(c.fresh.high) >= m.mib);
    CHECK(c.fresh.basis == basis::fitted);
  }
}

TEST_CASE("a plan counts what a context grows to in use") {
  // RTX 3090: 82 x 1,536 / 1,024 = 123; 41.4 + 1.818 x 123 = 265.014
  const modelled_context c = driver_context_of(860, 82);
  CHECK(mib_of(c.fresh.expected) == doctest::Approx(265.014));
  CHECK(mib_of(c.fresh.low) == doctest::Approx(0.90 * 265.014 - 5));
  CHECK(mib_of(c.fresh.high) == doctest::Approx(1.10 * 265.014 + 10));
  CHECK(mib_of(c.in_use.low) == doctest::Approx(0.92 * 265.014 - 5));
  CHECK(mib_of(c.in_use.expected) == doctest::Approx(275.014));
  CHECK(mib_of(c.in_use.high) == doctest::Approx(1.10 * 265.014 + 50 + 0.55 * 123));
  CHECK(mib_of(c.growth) == doctest::Approx(10));
  CHECK(mib_of(c.most_growth) == doctest::Approx(50 + 0.55 * 123));
  CHECK(c.in_use.note == "41.4 + 1.818 MiB x 123 thousand resident threads, and what grows in use");
}

TEST_CASE("of a card of unknown size only all cards' range is known") {
  for (const modelled_context& c : {driver_context_of(860, 0), driver_context_of(0, 82)}) {
    CHECK(c.fresh.basis == basis::assumed);
    CHECK(mib_of(c.fresh.low) < 41);
    CHECK(mib_of(c.fresh.high) > 621);  // the most that a PRO 6000 showed; a B200 showed 628
  }
  // what a device has that nobody described
  const measured_range all = driver_context_of(0, 0).in_use;
  CHECK(std::abs(mib_of(all.high) - mib_of(device{}.driver_context.high)) < 1);
  CHECK(std::abs(mib_of(all.low) - mib_of(device{}.driver_context.low)) < 1);
  CHECK(device{}.draft_context == driver_contexts().draft);
}

TEST_CASE("what the driver reserves goes by card size and driver") {
  const auto reserved = [](std::uint32_t cc, bytes memory,
                           std::optional<std::uint32_t> driver = std::nullopt) {
    return mib_of(reserved_by_driver(cc, memory, driver).expected);
  };
  CHECK(reserved(610, 8_GiB) == 84);                           // GTX 1080: 8,192 - 8,107 = 85
  CHECK(reserved(700, 32_GiB) == 274);                         // V100: 32,768 - 32,494 = 274
  CHECK(std::abs(reserved(860, 24_GiB) - 452) < 10);           // RTX 3090: 24,576 - 24,124
  CHECK(std::abs(reserved(860, 24_GiB, 570) - 455) < 10);      // the same with 570: 24,121
  CHECK(std::abs(reserved(890, 24_GiB, 535) - 346) < 30);      // RTX 4090 with 535: 24,564 - 24,218
  CHECK(std::abs(reserved(890, 48_GiB) - 588) < 20);           // L40S: 46,068 - 45,480
  CHECK(reserved(860, 24_GiB) == reserved(860, 24_GiB, 580));  // unknown: the newer drivers'
}

TEST_CASE("a desktop takes its part where one is drawn") {
  const gpu_entry gpu = find_gpu("4070").value(), laptop = find_gpu("4070 laptop").value();
  const auto others = [](const gpu_entry& g, operating_system s,
                         std::optional<drawn_on_card> display = std::nullopt) {
    return to_device(g, {s, std::nullopt, display}).others.value();
  };
  SUBCASE("none under Linux unless it is said") {
    CHECK(others(gpu, native_linux).high == 5_MiB);  // 16 machines: 0 to 4 MiB
    CHECK(others(gpu, native_linux, desktop::typical).expected == 500_MiB);
    CHECK(others(gpu, native_linux, desktop::typical).high == 1600_MiB);
  }
  SUBCASE("under Windows by the card's class") {
    CHECK(others(gpu, windows).low == 300_MiB);
    CHECK(others(gpu, windows).expected == 1000_MiB);
    CHECK(others(gpu, windows).high == 2200_MiB);
    CHECK(others(gpu, wsl2).high == 2200_MiB);
    CHECK(others(laptop, windows).expected == 100_MiB);
    CHECK(others(laptop, windows).high == 260_MiB);
    CHECK(others(gpu, windows, desktop::none).high == 260_MiB);
    CHECK(others(find_gpu("h100").value(), windows).high == 260_MiB);  // draws nothing
  }
  SUBCASE("a size is taken as it is") {
    const measured_range said = others(gpu, windows, 800_MiB);
    CHECK(said.low == 800_MiB);
    CHECK(said.high == 800_MiB);
    CHECK(said.basis == basis::exact);
  }
  SUBCASE("weights are ordered and what they hold is not free") {
    for (const operating_system s : {native_linux, windows})
      for (const auto& [less, more] :
           {std::pair{desktop::none, desktop::light}, std::pair{desktop::light, desktop::typical},
            std::pair{desktop::typical, desktop::heavy}}) {
        CHECK(others_of(s, less).expected < others_of(s, more).expected);
        CHECK(others_of(s, less).low <= others_of(s, less).expected);
        CHECK(others_of(s, less).expected <= others_of(s, less).high);
      }
    const device d = to_device(gpu, {windows});
    CHECK(d.free == saturating_sub(d.total, 2200_MiB));
  }
}

TEST_CASE("Windows moves memory to the host where Linux refuses it") {
  // an RTX 3080 of 10,240 MiB ran at full speed with 9,764 in use, and spilled with 9,794
  const device d = to_device(find_gpu("rtx-3080").value(), {windows});
  CHECK(d.spills_from == 9810_MiB);
  CHECK(d.total == 10239_MiB);  // by CUDA: one less in 37 of 37 readings
  CHECK_FALSE(to_device(find_gpu("rtx-3080").value(), {native_linux}).spills_from);
}

TEST_CASE("systems by name") {
  for (const operating_system s : {native_linux, windows, wsl2})
    CHECK(find_operating_system(name(s)) == s);
  CHECK_FALSE(find_operating_system("Linux 6"));
}
