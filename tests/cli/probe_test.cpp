// `vrambudget probe` on fake drivers: what it shows, every way a driver fails, and that it gives back
// all it took.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "fake_devices.hpp"

namespace {

#ifdef _WIN32
const std::string cuda_library = "nvcuda.dll", too_short;  // in words of the system's own
#else
const std::string cuda_library = "libcuda.so.1", too_short = "file too short";
#endif

}  // namespace

TEST_SUITE("probe") {
  TEST_CASE("a probe lists each device with its memory and gives everything back") {
    const fake_devices fake;
    const outcome o = run("probe --json", "whole", fake.environment() + "FAKE_CUDA_DEVICES=2");
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    const json::value v = json::parse(o.out);
    CHECK(v.at("schema").to_number<int>() == 1);
    REQUIRE(v.at("devices").as_array().size() == 2);
    const json::value& d = v.at("devices").at(1);
    CHECK(d.at("id").as_string() == "CUDA1");
    CHECK(d.at("gpu").as_string() == "NVIDIA GeForce RTX 3090");
    CHECK(d.at("compute_capability").as_string() == "8.6");
    CHECK(number(d, "sm_count") == 82);
    CHECK(number(d, "total_bytes") == 24124 * mib);
    CHECK(number(d, "free_bytes") == (24124 - 100) * mib);  // before the probe's own context
    CHECK(number(d, "used_by_others_bytes") == 100 * mib);
    CHECK(number(d, "reserved_bytes") == 452 * mib);
    CHECK(number(d, "driver_context_bytes") == 250 * mib);
    CHECK(number(d, "granularity_bytes") == 2 * mib);
    CHECK(fake.after().n_call > 20);
    CHECK(fake.are_empty());
    CHECK(contains(run("probe", "whole").out, "driver context"));
  }

  TEST_CASE("without NVML its facts are absent and a second context shows what one takes") {
    for (const auto& [driver, setting] :
         {std::pair<std::string, std::string>{"unmanaged", ""},
          {"whole", "FAKE_CUDA_FAIL=nvmlInit_v2:1:9"},
          {"whole", "FAKE_CUDA_FAIL=nvmlDeviceGetHandleByPciBusId_v2:1:6"},
          {"whole", "FAKE_CUDA_MIG=1"}}) {
      CAPTURE(setting);
      const fake_devices fake;
      const outcome o = run("probe --json", driver, fake.environment() + setting);
      CHECK(o.status == 0);
      const json::object d = json::parse(o.out).at("devices").at(0).as_object();
      CHECK_FALSE(d.contains("reserved_bytes"));
      CHECK_FALSE(d.contains("used_by_others_bytes"));
      CHECK(number(d, "driver_context_bytes") == 250 * mib);
      CHECK(number(d, "free_bytes") == (24124 - 100) * mib);
      CHECK(fake.are_empty());
    }
  }

  TEST_CASE("what the driver does not tell is absent and never 0") {
    const fake_devices fake;
    const outcome o =
        run("probe --json", "unmanaged", fake.environment() + "FAKE_CUDA_FAIL=cuCtxCreate_v2:1:2");
    CHECK(o.status == 0);
    const json::object d = json::parse(o.out).at("devices").at(0).as_object();
    CHECK_FALSE(d.contains("driver_context_bytes"));
    CHECK(number(d, "free_bytes") == (24124 - 100 - 250) * mib);
    const outcome g =
        run("probe --json", "whole", "FAKE_CUDA_FAIL=cuMemGetAllocationGranularity:1:801");
    CHECK(g.status == 0);
    CHECK_FALSE(contains(g.out, "granularity"));
    const outcome old = run("probe", "whole", "FAKE_CUDA_FAIL=nvmlDeviceGetMemoryInfo_v2:1:3");
    CHECK_FALSE(contains(old.out, "used by others"));
    CHECK(contains(old.out, "driver context"));
  }

  TEST_CASE("no usable GPU or driver exits with 4 and one line that says why") {
    check_no_gpu(run("probe", "none"), "no NVIDIA driver here (");
    check_no_gpu(run("probe", "none"), cuda_library + ": " + too_short);
    check_no_gpu(run("probe", "none"), "plan for a card by name: vrambudget MODEL --gpu 3090");
    check_no_gpu(run("probe", "old"), cuda_library + " has no cuMemGetInfo_v2");
    check_no_gpu(run("probe", "whole", "FAKE_CUDA_DEVICES=0"),
                 "cuInit: CUDA_ERROR_NO_DEVICE (100)");
    check_no_gpu(run("probe", "whole", "FAKE_CUDA_DEVICES=0 FAKE_CUDA_INIT_WITHOUT_DEVICES=1"),
                 "no devices");
    check_no_gpu(run("probe", "whole", "FAKE_CUDA_FREE_TOO_MANY_MIB=1000"), "CUDA0: the driver");
    check_no_gpu(run("probe", "whole", "FAKE_CUDA_OTHERS_MIB=24000"), "OUT_OF_MEMORY");
  }

  TEST_CASE("a failure of any call on the second device is told and nothing stays behind") {
    // calls up to and including the first device's, then status
    for (const std::string call :
         {"cuDeviceGet:2", "cuDeviceGetName:2", "cuDeviceGetAttribute:4", "cuDeviceGetAttribute:6",
          "cuDeviceGetPCIBusId:2", "cuDevicePrimaryCtxRetain:2", "cuMemGetInfo_v2:2",
          "cuMemGetAllocationGranularity:2", "cuCtxSetCurrent:3"}) {
      CAPTURE(call);
      const fake_devices fake;
      const outcome o =
          run("probe", "whole",
              fake.environment() + "FAKE_CUDA_DEVICES=2 FAKE_CUDA_FAIL=" + call + ":999");
      check_no_gpu(
          o, "CUDA1: " + call.substr(0, call.find_first_of("_:")) + ": CUDA_ERROR_UNKNOWN (999)");
      CHECK(fake.are_empty());
    }
    for (const char* call : {"cuInit", "cuDeviceGetCount"})
      check_no_gpu(run("probe", "whole", "FAKE_CUDA_FAIL=" + std::string(call) + ":1:803"),
                   std::string(call) + ": CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)");
  }

#ifndef _WIN32
  TEST_CASE("a driver that crashes ends only its own process") {
    check_no_gpu(run("probe", "whole", "FAKE_CUDA_FAIL=cuDevicePrimaryCtxRetain:1:crash"),
                 "the GPU driver ended its process: Aborted");
    check_no_gpu(run("probe", "whole", "FAKE_CUDA_FAIL=nvmlInit_v2:1:crash"), "Aborted");
  }

  TEST_CASE("a signal ends a probe once its context is given back") {
    const fake_devices fake;
    const outcome o =
        run("probe", "whole", fake.environment() + "FAKE_CUDA_FAIL=cuMemGetInfo_v2:1:SIGTERM");
    CHECK(o.status == 128 + SIGTERM);
    CHECK(o.out.empty());
    CHECK(fake.are_empty());
  }
#endif

  TEST_CASE("without --gpu a plan is for the GPUs that are there") {
    const outcome o = run("Llama-3.1-8B --ctx 8192 --json", "whole",
                          "FAKE_CUDA_DEVICES=2 FAKE_CUDA_OTHERS_MIB=124");
    CHECK(o.status == 0);
    const json::value v = json::parse(o.out);
    REQUIRE(v.at("devices").as_array().size() == 2);
    CHECK(number(v.at("devices").at(0), "usable_bytes") == 24000 * mib);
    CHECK(number(v.at("devices").at(0), "total_bytes") == 24124 * mib);
    CHECK(number(v.at("devices").at(0).at("others"), "bytes") == 124 * mib);
    const json::value& terms = v.at("devices").at(0).at("terms");
    const auto* context = std::find_if(
        terms.as_array().begin(), terms.as_array().end(),
        [](const json::value& t) { return t.at("term").as_string() == "driver_context"; });
    REQUIRE(context != terms.as_array().end());
    CHECK(number(*context, "low_bytes") == 250 * mib);    // what the probe saw, not what is usual
    CHECK(number(*context, "bytes") / mib == 250 + 117);  // 50 + 0.55 x 82 x 1,536 / 1,024
    CHECK(context->at("basis").as_string() == "fitted");
    const outcome shown = run("Llama-3.1-8B --ctx 8192 --explain", "whole");
    CHECK(contains(shown.out, "held by others           100.0 MiB  fitted"));
    CHECK(contains(shown.out, "measured on this GPU just now"));
    const outcome said = run("Llama-3.1-8B --ctx 8192 --free 20GiB --explain", "whole");
    CHECK(said.status == 0);
    CHECK(contains(said.out, "of 20.00 GiB"));
    CHECK(contains(said.out, "held by others         3,644.0 MiB  exact"));  // 24,124 - 20,480
    CHECK(contains(said.out, "measured on this GPU just now"));
    const outcome less = run("Llama-3.1-8B --ctx 8192 --free 1GiB", "whole");
    CHECK(less.status == 1);
    const outcome none = run("Llama-3.1-8B --ctx 8192");
    CHECK(none.status == 2);
    CHECK(none.err.starts_with("vrambudget: no NVIDIA driver here ("));
    CHECK(contains(none.err, cuda_library));
    CHECK(contains(none.err, "name a GPU to plan for: --gpu 3090"));
    CHECK(std::count(none.err.begin(), none.err.end(), '\n') == 1);
  }
}
