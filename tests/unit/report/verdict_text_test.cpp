#include "vrambudget/report/verdict_text.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

namespace {

device_budget card_with(std::uint32_t index, bytes used, bytes usable) {
  device_budget d;
  d.id = {.index = index};
  d.usable = usable;
  d.add({term_kind::weights, used});
  d.add({term_kind::driver_context, 200_MiB, basis::fitted, {}, 100_MiB, 120_MiB});
  return d;
}

}  // namespace

TEST_CASE("a verdict names the tightest card of several, and the context") {
  budget b;
  b.context.n_ctx = 32768;
  b.devices = {card_with(0, 1_GiB, 24_GiB), card_with(1, 10_GiB, 11_GiB)};
  CHECK(sentence(run_verdict{}, b) ==
        "fits: 32,768 tokens on 2 GPUs, the tightest CUDA1 with 10.20 GiB of 11.00 GiB");
  b.devices.pop_back();
  CHECK(sentence(run_verdict{}, b) == "fits: 32,768 tokens in 1.20 GiB of 24.00 GiB");
}

TEST_CASE("a verdict names what is refused, when, and what would have to be less") {
  budget b;
  b.devices = {card_with(0, 10_GiB, 10_GiB)};
  const refused_allocation at{term_kind::pool, {.index = 0}, 14_MiB, 4_MiB};
  CHECK(sentence({verdict_kind::fails_in_use, at, {}}, b) ==
        "does not fit: it is loaded, and fails at the first full prompt, where pool on CUDA0 asks "
        "for 14.0 MiB, 4.0 MiB more than is free.");
  CHECK(sentence({verdict_kind::tight, at, assumption::driver_context}, b) ==
        "tight: fits as expected, but not at the high end, where pool on CUDA0 asks for 14.0 MiB, "
        "4.0 MiB more than is free. It is counted with a driver's context of 200.0 MiB; between "
        "100.0 MiB and that is likely. vrambudget calibrate measures yours.");
  b.devices[0].gpu.others = measured_range{300_MiB, 1000_MiB, 2200_MiB, basis::assumed, ""};
  const std::string desktop = sentence({verdict_kind::spills, at, assumption::others}, b);
  CHECK(desktop.find("4.0 MiB of CUDA0 go to shared memory") != std::string::npos);
  CHECK(desktop.find("2,200.0 MiB held by a desktop") != std::string::npos);
  CHECK(desktop.find("--display none") != std::string::npos);
}

TEST_CASE("where nothing is refused, the high end spills") {
  budget b;
  b.devices = {card_with(0, 10_GiB, 10_GiB)};
  b.devices[0].gpu.spills_from = 10_GiB;
  const refused_allocation at{term_kind::weights, {.index = 0}, 10_GiB, 4_MiB};
  CHECK(sentence({verdict_kind::tight, at, {}}, b) ==
        "tight: fits as expected, but not at the high end, where 200.0 MiB go to shared memory, at "
        "about a third of the speed.");
}

TEST_CASE("a device is tight between what is expected and the most") {
  CHECK(word_for(card_with(0, 10_GiB, 10_GiB + 200_MiB)) == "fits");
  CHECK(word_for(card_with(0, 10_GiB, 10_GiB + 120_MiB)) == "tight");
  CHECK(word_for(card_with(0, 10_GiB, 10_GiB + 119_MiB)) == "does not fit");
}
