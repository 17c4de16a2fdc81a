// Recordings of machines: what `probe --dump` writes, and that what was measured then is what we say now.

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "fake_devices.hpp"
#include "replay.hpp"
#include "vrambudget/machine/operating_system.hpp"

namespace {

using vrambudget::replay::differences;

/// A file for the program to write, gone again afterwards.
struct dumped {
  fs::path file = fs::temp_directory_path() / ("vrambudget-dump-" + std::to_string(::getpid()));
  ~dumped() { fs::remove(file); }
  [[nodiscard]] json::value read() const { return json::parse(read_text(file)); }
};

/// What a probe of the fake machine writes.
json::value record(const std::string& args, const std::string& driver = "whole",
                   const std::string& environment = "") {
  const dumped d;
  const outcome o = run("probe --dump " + d.file.string() + " " + args, driver, environment);
  CAPTURE(o.err);
  REQUIRE(o.status == 0);
  return d.read();
}

void check_holds(const json::value& recording) {
  for (const std::string& line : differences(recording)) FAIL_CHECK(line);
}

}  // namespace

TEST_SUITE("recording") {
  TEST_CASE("every recording of a real machine holds today") {
    std::vector<fs::path> folders = {VRAMBUDGET_DATA "/probes"};
    if (const char* more = std::getenv("VRAMBUDGET_PROBES")) folders.emplace_back(more);
    for (const fs::path& folder : folders)
      for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        CAPTURE(name);
        if (entry.path().extension() == ".json") check_holds(json::parse(read_text(entry.path())));
      }
  }

  TEST_CASE("a dump says when and where and what was found") {
    const json::value r = record("", "whole", "FAKE_CUDA_DEVICES=2");
    check_holds(r);
    const std::string date(r.at("date").as_string());
    REQUIRE(date.size() == std::string("2026-01-31T12:00:00Z").size());
    CHECK(date[10] == 'T');
    CHECK(date.back() == 'Z');
    CHECK(r.at("driver") == "550.54.14");
    CHECK(r.at("cuda") == "12.4");
    REQUIRE(r.at("devices").as_array().size() == 2);
    const json::value& d = r.at("devices").at(1);
    CHECK(d.at("id") == "CUDA1");
    CHECK(number(d, "driver_context_bytes") == 250 * mib);
    CHECK(number(d, "reserved_bytes") == 452 * mib);
    CHECK(number(d, "used_by_others_bytes") == 100 * mib);
    CHECK_FALSE(r.as_object().contains("allocations"));
    const json::value same = json::parse(run("probe --json", "whole", "FAKE_CUDA_DEVICES=2").out);
    CHECK(same.at("devices") == r.at("devices"));
  }

  TEST_CASE("what is not known is absent in a dump") {
    const json::value r =
        record("", "unmanaged", "FAKE_CUDA_FAIL=cuDriverGetVersion:1:999").as_object();
    check_holds(r);
    for (const char* key : {"driver", "cuda"}) CHECK_FALSE(r.as_object().contains(key));
    for (const char* key : {"used_by_others_bytes", "reserved_bytes"})
      CHECK_FALSE(r.at("devices").at(0).as_object().contains(key));
    const json::value v = record("", "whole", "FAKE_CUDA_FAIL=nvmlSystemGetDriverVersion:1:3");
    CHECK_FALSE(v.as_object().contains("driver"));
    CHECK(v.at("cuda") == "12.4");
  }

  TEST_CASE("the system is told by the kernel's version text") {
    using enum vrambudget::operating_system;
    using vrambudget::system_of_kernel;
    CHECK(system_of_kernel("Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)") ==
          native_linux);
    CHECK(system_of_kernel("Linux version 5.15.153.1-microsoft-standard-WSL2 (root@94)") == wsl2);
    CHECK(system_of_kernel("Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)") ==
          wsl2);
    CHECK(system_of_kernel("") == native_linux);
  }

  TEST_CASE("an allocation is recorded with its run and each step") {
    const json::value r =
        record("--ballast 2GiB --allocate Llama-3.1-8B -c 8192 -ctk q8_0 -np 1 --json");
    check_holds(r);
    const json::value& a = r.at("allocations").at(0);
    CHECK(a.at("model") == "llama-3.1-8b");
    CHECK(a.at("run") == "-c 8192 --cache-type-k q8_0 --parallel 1");
    CHECK(a.at("n_ctx") == 8192);
    CHECK(number(a, "ballast_bytes") == 2048 * mib);
    std::uint64_t free = (24124 - 100 - 250) * mib;  // once this process has a context
    for (const json::value& b : a.at("devices").at(0).at("buffers").as_array()) {
      if (b.at("term") == "driver_context") continue;
      CHECK(number(b, "free_before_bytes") == free);
      free -= number(b, "taken_bytes");
      CHECK(number(b, "free_after_bytes") == free);
    }
    // f16 V and q8_0 K of 32 layers, 8 heads of 128: 2 and 34/32 bytes an element
    CHECK(a.at("devices").at(0).at("buffers").at(3).at("predicted_bytes") ==
          8192 * 32 * 8 * (2 * 128 + 4 * 34));
  }

  TEST_CASE("plans of every kind of model replay on every fake machine") {
    for (const std::string run :
         {"Qwen3.6-27B-UD-Q4_K_XL -c 16384", "gpt-oss-20b -c 32768 -np 2",
          "Qwen3-30B-A3B -c 8192 -cmoe -ub 256", "granite-4.0-h-micro -c 65536 -fa off"})
      for (const char* devices : {"1", "2"}) {
        CAPTURE(run);
        check_holds(
            record("--allocate " + run, "whole", "FAKE_CUDA_DEVICES=" + std::string(devices)));
      }
    check_holds(record("--allocate Qwen3-8B -md Qwen3-0.6B -c 4096 --spec-type draft-simple"));
    check_holds(record("--allocate Qwen3-0.6B", "unmanaged"));  // at the largest context
  }

  TEST_CASE("a recording that differs from today is told with its numbers") {
    const json::value good = record("--allocate Llama-3.1-8B -c 8192 -np 1");
    const auto buffer = [](json::value& r, std::size_t i) -> json::object& {
      return r.at("allocations").at(0).at("devices").at(0).at("buffers").at(i).as_object();
    };
    const auto only = [](const json::value& r) {
      const auto all = differences(r);
      REQUIRE(all.size() == 1);
      return all[0];
    };
    json::value r = good;
    const std::uint64_t weights = buffer(r, 1)["predicted_bytes"].to_number<std::uint64_t>();
    buffer(r, 1)["predicted_bytes"] = weights + 32;
    CHECK(contains(only(r), "weights is " + std::to_string(weights) + " today, was"));
    r = good;
    buffer(r, 2)["taken_bytes"] = 1026 * mib;  // 8192 x 32 x 8 x 128 x 2 x 2 bytes are 1024 MiB
    CHECK(contains(only(r), "kv_cache took 1075838976, predicted 1073741824"));
    buffer(r, 2)["taken_bytes"] = 1022 * mib;
    CHECK(contains(only(r), "kv_cache took"));
    r = good;
    buffer(r, 2)["engine_mib"] = 1024.01;
    buffer(r, 2)["engine_lines"] = 1;
    CHECK(contains(only(r), "the engine has 1024.01 MiB of kv_cache, predicted 1024.00"));
    r = good;
    r.at("allocations").at(0).as_object()["n_ctx"] = 8448;
    CHECK(contains(differences(r).at(0), "kv_cache is"));
    r = good;
    r.at("allocations").at(0).as_object()["run"] = "-c 8192 -np 1 --no-such";
    CHECK(contains(only(r), "refused today"));
  }

  TEST_CASE("a context outside the range that is expected of its card is told") {
    const auto all = differences(record("", "whole", "FAKE_CUDA_CONTEXT_MIB=2000"));
    REQUIRE(all.size() == 1);
    CHECK(contains(all[0], "device 0: a context took 2097152000, "));
    CHECK(differences(record("", "whole", "FAKE_CUDA_CONTEXT_MIB=10")).size() == 1);
  }

  TEST_CASE("keys that are missing or unknown or of another kind are told") {
    const json::value good = record("");
    for (const char* key : {"schema", "vrambudget", "date", "os", "devices"}) {
      json::value r = good;
      r.as_object().erase(key);
      REQUIRE(differences(r).size() == 1);
      CHECK(differences(r)[0] == std::string("recording: no ") + key);
    }
    json::value r = good;
    r.at("devices").at(0).as_object()["fre_bytes"] = 1;
    CHECK(differences(r) == std::vector<std::string>{"device 0: unknown key fre_bytes"});
    r = good;
    r.at("devices").at(0).as_object()["free_bytes"] = -1;
    CHECK(differences(r) == std::vector<std::string>{"device 0: free_bytes is wrong"});
    r = good;
    r.as_object()["os"] = "plan9";
    CHECK(differences(r).size() == 1);
    r.as_object()["schema"] = 2;
    CHECK(differences(r).size() == 2);
  }

  TEST_CASE("a dump is there whole or not at all") {
    const fs::path folder = fs::temp_directory_path() / ("vb-dump-" + std::to_string(::getpid()));
    fs::create_directories(folder / "taken");
    const outcome missing = run("probe --dump " + (folder / "no" / "x.json").string(), "whole");
    CHECK(missing.status == 3);
    CHECK(contains(missing.err, "x.json: cannot be written: No such file or directory\n"));
    CHECK(missing.out.empty());
    CHECK(run("probe --dump " + (folder / "taken").string(), "whole").status == 3);
    CHECK(run("probe --dump " + (folder / "x").string(), "none").status == 4);
    CHECK(run("probe --allocate Llama-3.1-8B -c 4096 --dump " + (folder / "x").string(), "whole",
              "FAKE_CUDA_FAIL=cuMemAlloc_v2:2:2")
              .status == 4);
    CHECK(std::distance(fs::directory_iterator(folder), {}) == 1);  // only "taken"
    fs::remove_all(folder);
  }
}
