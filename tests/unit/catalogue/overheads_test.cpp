#include "vrambudget/catalogue/overheads.hpp"

#include <doctest/doctest.h>

#include "vrambudget/catalogue/gpus.hpp"

using namespace vrambudget;
using enum operating_system;

static measured_rig rig(const char* id, std::uint32_t cc, operating_system s, bytes low, bytes high,
                        std::optional<std::uint32_t> driver = std::nullopt) {
  return {id, id, cc, s, driver, 1, low, high, false};
}

TEST_CASE("the context is between the lowest and highest sample of the rigs most alike") {
  const std::vector<measured_rig> rigs = {rig("a", 860, native_linux, 150_MiB, 180_MiB, 550),
                                          rig("b", 800, native_linux, 240_MiB, 260_MiB, 580),
                                          rig("c", 860, native_linux, 200_MiB, 210_MiB, 580),
                                          rig("d", 860, windows, 300_MiB, 320_MiB),
                                          rig("e", 890, native_linux, 400_MiB, 450_MiB)};
  const auto of = [&](std::uint32_t cc, operating_system s,
                      std::optional<std::uint32_t> driver = std::nullopt) {
    return driver_context_of(cc, s, driver, rigs);
  };
  SUBCASE("generation, system and driver") {
    CHECK(of(860, native_linux, 580).low == 200_MiB);
    CHECK(of(860, native_linux, 580).high == 260_MiB);
    CHECK(of(860, native_linux, 580).basis == basis::fitted);
  }
  SUBCASE("one rig with the driver is not enough") {
    CHECK(of(860, native_linux, 550).low == 150_MiB);
    CHECK(of(860, native_linux, 550).high == 260_MiB);
  }
  SUBCASE("generation under any system, then any generation under the system, are assumed") {
    CHECK(of(860, windows).low == 150_MiB);
    CHECK(of(860, windows).high == 320_MiB);
    CHECK(of(860, windows).basis == basis::assumed);
    CHECK(of(1200, native_linux).high == 450_MiB);
    CHECK(of(1200, native_linux).basis == basis::assumed);
  }
  SUBCASE("the note names the rigs") {
    CHECK(of(860, native_linux).note.find("a (150 to 180 MiB, 1 sample)") != std::string::npos);
    CHECK(of(860, native_linux).note.find("e (") == std::string::npos);
  }
  SUBCASE("without rigs it is what is said of any device") {
    CHECK(driver_context_of(860, native_linux, {}, std::span<const measured_rig>()).high ==
          device{}.driver_context.high);
  }
}

TEST_CASE("every rig that is known has a range and a generation") {
  CHECK(measured_rigs().size() >= 8);
  for (const measured_rig& r : measured_rigs()) {
    INFO(r.id);
    CHECK(r.low.count > 0);
    CHECK(r.low <= r.high);
    CHECK(r.high < 2_GiB);
    CHECK(r.n_samples > 0);
    CHECK(gpu_generation(r.cc) != "");
  }
}

TEST_CASE("a desktop takes its part where one is drawn") {
  const gpu_entry gpu = find_gpu("4070").value();
  const bytes on_linux = to_device(gpu, {native_linux}).total;
  CHECK_FALSE(to_device(gpu, {native_linux}).others);
  CHECK(to_device(gpu, {native_linux}).free == on_linux);

  const device drawing = to_device(gpu, {native_linux, std::nullopt, true});
  CHECK(drawing.others->low == 250_MiB);   // ollama/ollama#10553, RTX 3090
  CHECK(drawing.others->high == 506_MiB);  // the same, RTX 5090
  CHECK(drawing.free == saturating_sub(on_linux, 506_MiB));

  CHECK(to_device(gpu, {windows}).others);
  CHECK(to_device(gpu, {windows}).total == gpu.nvml_total.value_or(gpu.memory));
  CHECK(to_device(gpu, {wsl2}).others->high == 1583_MiB);
  CHECK_FALSE(to_device(find_gpu("h100").value(), {windows}).others);  // draws nothing
}

TEST_CASE("systems by name") {
  for (const operating_system s : {native_linux, windows, wsl2})
    CHECK(find_operating_system(name(s)) == s);
  CHECK_FALSE(find_operating_system("Linux 6"));
}
