#include "vrambudget/machine/calibration.hpp"

#include <doctest/doctest.h>

#include <string>

#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/io/calibration_json.hpp"

using namespace vrambudget;

namespace {

const calibrated_device rtx3090{
    "NVIDIA GeForce RTX 3090", operating_system::native_linux, "550.54.14", {}, {}};

calibration_measurement run_of(std::uint64_t used_mib, const std::string& date) {
  return {1_MiB * used_mib, 1000_MiB, 14_MiB, {}, date, "model", "-c 8192", ""};
}

bool added(calibration& all, const calibrated_device& to, calibration_measurement m) {
  return add_measurement(all, to, std::move(m)).has_value();
}

/// An RTX 3090: bare 265.014, in use 238.8 to 409.2 MiB, 275.0 expected.
const modelled_context modelled = driver_context_of(860, 82);

/// 250, 252 and 254 MiB are left for the driver: +- 4.303 x 2 / sqrt(3) = 4.9687 MiB.
calibration three_runs() {
  calibration all;
  for (const std::uint64_t used : {1264, 1266, 1268})
    CHECK(added(all, rtx3090, run_of(used, "2026-11-" + std::to_string(used % 100 - 44))));
  return all;
}


std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_SUITE("calibration") {
  TEST_CASE("runs of a card are fitted together and a plan counts the upper end") {
    const calibration all = three_runs();
    REQUIRE(all.devices.size() == 1);
    const measured_range r = context_range(all.devices[0], "", modelled);
    CHECK(mib_of(r.high) == doctest::Approx(256.9687).epsilon(1e-5));
    CHECK(mib_of(r.low) == doctest::Approx(247.0313).epsilon(1e-5));
    CHECK(r.basis == basis::fitted);
    CHECK(r.note ==
          "calibrated from 3 measured runs of this card on 2026-11-24, +-5.0 MiB with 95 % "
          "confidence");
    CHECK(residual(all.devices[0].fit, all.devices[0].measurements[0]) == -2.0 * (1 << 20));
  }

  TEST_CASE("the same measurement again changes nothing") {
    calibration all = three_runs();
    CHECK(added(all, rtx3090, run_of(1264, "2026-11-20")));
    CHECK(all.devices[0].measurements.size() == 3);
  }

  TEST_CASE("contexts without buffers count only until a run was measured") {
    calibration all;
    CHECK(added(all, rtx3090, {240_MiB, {}, {}, {}, "2026-11-20", "", "", "a.json"}));
    CHECK(all.devices[0].fit.context == 240_MiB);
    CHECK_FALSE(all.devices[0].fit.of_runs);
    CHECK(context_range(all.devices[0], "", modelled).note.find("1 measured context of") !=
          std::string::npos);
    CHECK(added(all, rtx3090, run_of(1267, "2026-11-21")));
    CHECK(all.devices[0].fit.context == 253_MiB);
    CHECK(all.devices[0].fit.n_measurements == 1);
    CHECK(all.devices[0].fit.of_runs);
  }

  TEST_CASE("one reading alone is as uncertain as the model is of any rtx3090") {
    calibration all;
    CHECK(added(all, rtx3090, run_of(1314, "2026-11-20")));  // 1,314 - 1,000 - 14 = 300 MiB
    const measured_range of_run = context_range(all.devices[0], "", modelled);
    CHECK(of_run.expected == 300_MiB);
    CHECK(mib_of(of_run.low) == doctest::Approx(300 - (10 + 0.08 * 265.014 + 5)));
    CHECK(mib_of(of_run.high) == doctest::Approx(300 + 0.10 * 265.014 + 40 + 0.55 * 123));

    calibration fresh;
    CHECK(added(fresh, rtx3090, {260_MiB, {}, {}, {}, "2026-11-20", "", "", "a.json"}));
    const measured_range of_context = context_range(fresh.devices[0], "", modelled);
    CHECK(of_context.expected == 270_MiB);
    CHECK(mib_of(of_context.low) == doctest::Approx(260 - (0.10 * 265.014 + 5)));
    CHECK(mib_of(of_context.high) == doctest::Approx(260 + 0.10 * 265.014 + 50 + 0.55 * 123));
    CHECK(of_context.note.find("with the spread of all cards") != std::string::npos);
  }

  TEST_CASE("a measurement that cannot be is refused and not kept") {
    calibration all = three_runs();
    const auto small = add_measurement(all, rtx3090, run_of(900, "2026-11-25"));
    CHECK(small.error().code == errc::invalid_argument);
    CHECK(small.error().message.find("900.0 MiB") != std::string::npos);
    CHECK(all.devices[0].measurements.size() == 3);
    calibration none;
    CHECK_FALSE(added(none, rtx3090, run_of(1010, "2026-11-25")));  // less than the pool
    CHECK(none.devices.empty());
  }

  TEST_CASE("cards are found by name and system and the driver's own calibration comes first") {
    calibration all = three_runs();
    calibrated_device newer = rtx3090;
    newer.driver = "580.65.06";
    CHECK(added(all, newer, run_of(1300, "2026-12-01")));
    REQUIRE(all.devices.size() == 2);
    const auto driver_found = [&](std::string_view driver) {
      return find_calibration(all, rtx3090.gpu, rtx3090.system, driver)->driver;
    };
    CHECK(driver_found("550.54.14") == "550.54.14");
    CHECK(driver_found("580.65.06") == "580.65.06");
    CHECK(driver_found("") == "580.65.06");
    CHECK(driver_found("999") == "580.65.06");
    CHECK(find_calibration(all, rtx3090.gpu, operating_system::wsl2, "") == nullptr);
    CHECK(find_calibration(all, "NVIDIA GeForce RTX 4090", rtx3090.system, "") == nullptr);
    const measured_range r = context_range(all.devices[1], "999", modelled);
    CHECK(r.basis == basis::assumed);
    CHECK(r.note.find("by driver 580.65.06, this one is 999") != std::string::npos);
    CHECK(context_range(all.devices[1], "", modelled).basis == basis::fitted);
  }

  TEST_CASE("what was written is read again") {
    calibration all = three_runs();
    CHECK(added(all, {"card \"with\" quotes", operating_system::wsl2, "", {}, {}},
                {240_MiB, {}, {}, 512_KiB, "2026-11-20", "", "", "a.json"}));
    // pools 100 MiB apart: the share is fitted
    for (const auto& [used, pool] :
         {std::pair{1251u, 0u}, {1299u, 100u}, {1349u, 200u}, {1401u, 300u}})
      CHECK(added(all, {"other", operating_system::native_linux, "", {}, {}},
                  {1_MiB * used, 1000_MiB, 1_MiB * pool, {}, "2026-11-20", "m", "", ""}));
    const std::string text = calibration_json(all);
    const calibration again = read_calibration(text).value();
    REQUIRE(again.devices.size() == 3);
    CHECK(calibration_json(again) == text);
    CHECK(again.devices[0].measurements == all.devices[0].measurements);
    CHECK(again.devices[0].fit.high == all.devices[0].fit.high);
    CHECK(again.devices[1].gpu == "card \"with\" quotes");
    CHECK(again.devices[2].fit.pool_share == doctest::Approx(0.5));
    CHECK(calibration_json({}) == calibration_json(read_calibration(calibration_json({})).value()));
  }

  TEST_CASE("damage is told and never read as something") {
    const std::string text = calibration_json(three_runs());
    for (std::size_t n = 0; n + 1 < text.size(); ++n) {
      CAPTURE(n);
      CHECK(read_calibration(text.substr(0, n)).error().code == errc::bad_format);
    }
    CHECK(read_calibration(replaced(text, "\"schema\": 1", "\"schema\": 2")).error().code ==
          errc::unsupported);
    const std::pair<std::string, std::string> damages[] = {
        {"\"gpu\"", "\"gpx\""},
        {"\"schema\"", "\"shema\""},
        {"\"devices\": [", "\"devices\": [3,"},
        {"\"used_bytes\":1325400064", "\"used_bytes\":-1"},
        {"\"used_bytes\":1325400064", "\"used_bytes\":1e300"},
        {"\"used_bytes\":1325400064", "\"used_bytes\":\"many\""},
        {"\"of\":\"runs\"", "\"of\":\"cups\""},
        {"\"bytes\":264241152", "\"bytes\":0"},
        {"\"date\"", "\"day\""},
        {"\"linux\"", "\"beos\""},
        {"\"measurements\":[", "\"measurements\":[[],"},
    };
    for (const auto& [from, to] : damages) {
      CAPTURE(to);
      CHECK(read_calibration(replaced(text, from, to)).error().code == errc::bad_format);
    }
    CHECK(read_calibration(std::string(100000, '[')).error().code == errc::bad_format);
    CHECK(read_calibration(replaced(text, "\"devices\": [", "\"devices\": [3,")).error().message ==
          "device 0 is not an object");
  }
}
