// GPUs that no plan can be made for: the names they go by, what is said of them, and data/other_gpus.json.
#include "vrambudget/catalogue/other_gpus.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "../contains.hpp"
#include "catalogue/embedded.hpp"
#include "data_rows.hpp"

namespace json = boost::json;
using namespace vrambudget;
using testing::contains;

static std::string refused(const std::string& typed) {
  const auto gpu = find_gpu(typed);
  return gpu ? "planned: " + gpu->id : gpu.error().message;
}

TEST_CASE("a GPU without a plan is known by the names people type") {
  const std::pair<const char*, const char*> names[] = {
      {"rx 7900 xtx", "AMD Radeon RX 7900 XTX, 24 GiB"},
      {"7900xtx", "AMD Radeon RX 7900 XTX, 24 GiB"},
      {"AMD Radeon RX 7900 XTX 24GB", "AMD Radeon RX 7900 XTX, 24 GiB"},
      {"RX-7900-XT", "AMD Radeon RX 7900 XT, 20 GiB"},
      {"rx 580 8gb", "AMD Radeon RX 580, 8 GiB"},
      {"rx580", "AMD Radeon RX 580, 4 or 8 GiB"},
      {"radeon pro w7900", "AMD Radeon PRO W7900, 48 GiB"},
      {"w7800", "AMD Radeon PRO W7800, 32 or 48 GiB"},
      {"radeon vii", "AMD Radeon VII, 16 GiB"},
      {"vega 64", "AMD Radeon RX Vega 64, 8 GiB"},
      {"mi300x", "AMD Instinct MI300X, 192 GiB"},
      {"Instinct MI50 32GB", "AMD Instinct MI50, 32 GiB"},
      {"radeon 780m", "AMD Radeon 780M, its memory is the machine's"},
      {"8060s", "AMD Radeon 8060S (Ryzen AI Max+ 395), 32, 64, 96 or 128 GiB shared with the CPU"},
      {"strix halo 128gb", "AMD Radeon 8060S (Ryzen AI Max+ 395), 128 GiB shared with the CPU"},
      {"Ryzen AI Max+ 395", "AMD Radeon 8060S (Ryzen AI Max+ 395)"},
      {"steam deck", "AMD Steam Deck"},
      {"m1-16gb", "Apple M1, 16 GiB shared with the CPU"},
      {"m1", "Apple M1, 8 or 16 GiB shared with the CPU"},
      {"m3max", "Apple M3 Max, 36, 48, 64, 96 or 128 GiB shared with the CPU"},
      {"m4 max 64gb", "Apple M4 Max, 64 GiB shared with the CPU"},
      {"apple m2 ultra", "Apple M2 Ultra, 64, 128 or 192 GiB"},
      {"arc b580", "Intel Arc B580, 12 GiB"},
      {"Intel Arc A770", "Intel Arc A770, 8 or 16 GiB"},
      {"a770 16gb", "Intel Arc A770, 16 GiB"},
      {"arc pro b60", "Intel Arc Pro B60, 24 GiB"},
      {"iris xe", "Intel Iris Xe 96EU"},
      {"x elite", "Qualcomm Snapdragon X Elite"},
      {"tesla k40", "NVIDIA Tesla K40, 12 GiB"},
      {"xavier nx 16gb", "NVIDIA Jetson Xavier NX, 16 GiB shared with the CPU"},
  };
  for (const auto& name : names) {
    CAPTURE(name.first);
    const std::string said = refused(name.first);
    CAPTURE(said);
    CHECK(contains(said, std::string(" is known (") + name.second));
    CHECK(contains(said, "not modelled yet"));
  }
}

TEST_CASE("a GPU without memory of its own is known by its processor or machine") {
  const std::pair<const char*, const char*> names[] = {
      {"8845hs", "AMD Radeon 780M"},
      {"Ryzen 7 7840HS", "AMD Radeon 780M"},
      {"AMD Ryzen 7 8845HS w/ Radeon 780M Graphics", "AMD Radeon 780M"},
      {"AMD Ryzen 7 PRO 7840HS with Radeon 780M Graphics", "AMD Radeon 780M"},
      {"ryzen ai 9 hx 370", "AMD Radeon 890M"},
      {"Ryzen 5 5600G", "AMD Radeon Vega 7"},
      {"Ryzen AI Max+ PRO 395", "AMD Radeon 8060S (Ryzen AI Max+ 395)"},
      {"framework desktop 128gb", "AMD Radeon 8060S (Ryzen AI Max+ 395)"},
      {"legion go", "AMD Radeon 780M (ROG Ally, Z1 Extreme)"},
      {"Intel Core Ultra 7 155H", "Intel Arc Graphics (Meteor Lake-H)"},
      {"Intel(R) Core(TM) Ultra 7 155H", "Intel Arc Graphics (Meteor Lake-H)"},
      {"Intel(R) Arc(TM) Graphics", "Intel Arc Graphics (Meteor Lake-H)"},
      {"ultra 7 258v", "Intel Arc 140V"},
      {"12th Gen Intel Core i7-1260P", "Intel Iris Xe 96EU"},
      {"rx 5700", "AMD Radeon RX 5700"},
      {"6800", "AMD Radeon RX 6800"},
  };
  for (const auto& name : names) {
    const std::string typed = name.first;
    CAPTURE(typed);
    const auto found = find_other_gpu(name.first, {.ram = 64_GiB});
    REQUIRE(found.has_value());
    CHECK(found->d.name == name.second);
  }
  CHECK(find_other_gpu("ryzen 7 8845hs 96gb", {}).value().memory == 96_GiB);
  for (const char* none :
       {"ryzen 5 3600", "core i9", "intel", "radeon graphics", "with", "amd 7"}) {
    CAPTURE(none);
    CHECK_FALSE(find_other_gpu(none, {}).has_value());
  }
}

TEST_CASE("AMD's and Intel's are Vulkan devices with the limits of their drivers") {
  const auto found = find_other_gpu("7900xtx", {.system = operating_system::native_linux});
  REQUIRE(found.has_value());
  CHECK(found->d.backend == backend_kind::vulkan);
  CHECK(found->d.total.count == 25753026560);  // seen by Vulkan, data/other_gpus.json
  // Mesa, src/amd/vulkan/radv_physical_device.c: 2^32 - 4 and no more
  CHECK(found->d.limits.allocation == 4294967292);
  CHECK(found->d.limits.alignment == 4);
  const auto windows = find_other_gpu("7900xtx", {.system = operating_system::windows}).value();
  CHECK(windows.d.limits.allocation == 2147483648);
  const auto arc = find_other_gpu("b580", {.system = operating_system::native_linux}).value();
  CHECK(arc.d.total.count == 12809404416);  // seen by Vulkan, data/other_gpus.json
  CHECK(arc.d.limits.allocation == 4294967296);
  const auto halo = find_other_gpu("strix-halo-128gb", {}).value();
  CHECK(halo.d.unified);
  CHECK(halo.d.full_name() == "AMD Radeon 8060S (Ryzen AI Max+ 395) 128 GB");
  CHECK(contains(find_other_gpu("rx 7900 xtx 999gb", {}).error().message,
                 "Radeon RX 7900 XTX is sold with 24 GiB"));
  for (const char* typed : {"m1-16gb", "jetson nano", "nosuch", "rx 9999"})
    CHECK_FALSE(find_other_gpu(typed, {}).has_value());
}

TEST_CASE("what can be planned instead is said") {
  const std::string card = refused("7900xtx"), chip = refused("m4 max 64gb");
  CHECK(contains(card, "plans are for NVIDIA's cards, AMD's"));
  CHECK(contains(card, "--gpu none --ram SIZE plans the CPU alone"));
  CHECK(contains(card, "--gpu 24GiB an NVIDIA card of that size"));
  CHECK(contains(chip, "--gpu none --ram 64GiB plans the CPU alone"));
  CHECK_FALSE(contains(chip, "NVIDIA card"));  // its memory is the host's
  CHECK(contains(refused("arc a770"), "--gpu 16GiB an NVIDIA card of its largest size"));
  CHECK(contains(refused("jetson nano"), "of sm_53 nothing was recorded to plan by"));
}

TEST_CASE("a card that is not known is recognised by its maker's series") {
  for (const char* typed : {"rx 9999", "radeon 990m", "MI900X", "gfx1250"}) {
    CAPTURE(typed);
    CHECK(contains(refused(typed), "is AMD's, and not modelled yet"));
  }
  CHECK(contains(refused("arc b770"), "is Intel's"));
  CHECK(contains(refused("m7 ultra"), "is Apple's"));
  CHECK(contains(refused("amd"), "`vrambudget gpus amd` lists"));
  for (const char* typed : {"nosuch", "m6001", "march", "rt", "micro", "", "  ", "\xff\xfe"}) {
    CAPTURE(typed);
    CHECK_FALSE(not_modelled_yet(typed).has_value());
  }
  CHECK_FALSE(not_modelled_yet(std::string(101, 'x')).has_value());
}

TEST_CASE("m4 is Apple's and NVIDIA's is told beside it") {
  CHECK(contains(refused("m4"), "Apple M4, 16, 24 or 32 GiB"));
  CHECK(contains(refused("m4"), "NVIDIA's Tesla M4 is tesla-m4"));
  CHECK(refused("tesla m4") == "planned: tesla-m4");
  CHECK(refused("Tesla M4") == "planned: tesla-m4");
  CHECK(refused("m40") == "planned: m40-24gb");
}

TEST_CASE("no name means GPUs of both catalogues or two GPUs of this one") {
  for (const other_gpu& g : other_gpus()) {
    CAPTURE(g.id);
    std::vector<std::string> names = g.aliases;
    names.insert(names.end(), {g.id, g.name});
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(contains(refused(name), g.name));
      bool has_row = false;
      for (const other_gpu& found : other_gpus_named(name)) {
        CHECK(found.name == g.name);
        has_row |= found.id == g.id;
      }
      CHECK(has_row);
    }
  }
  for (const gpu_entry& g : gpus()) {
    const auto found = known_gpus_named(g.id);
    CAPTURE(g.id);
    REQUIRE(found.has_value());
    CHECK(found->planned.size() == 1);
    CHECK(found->others.empty());
  }
}

TEST_CASE("makers and words find all that have them") {
  CHECK(other_gpus_named("apple").size() == 23);
  CHECK(other_gpus_named("amd").size() + other_gpus_named("intel").size() +
            other_gpus_named("apple").size() + other_gpus_named("qualcomm").size() +
            other_gpus_named("nvidia").size() ==
        other_gpus().size());
  CHECK(other_gpus_named("rx 79").size() == 4);  // GRE, XT, XTX and M
  CHECK(other_gpus_named("3090").empty());
  CHECK(known_gpus_named("nosuch").error().code == errc::not_found);
  CHECK(known_gpus_named("radeon 7").value().planned.empty());
}

TEST_CASE("rows of the file have what is documented and a source for each number") {
  const json::array rows = data_rows("other_gpus.json");
  CHECK(rows.size() == other_gpus().size());
  CHECK(json::parse(detail::other_gpus_json().front().text).as_array() == without_sources(rows));
  const std::map<std::string, bool> keys = {// true: required
                                            {"id", true},
                                            {"name", true},
                                            {"vendor", true},
                                            {"aliases", true},
                                            {"class", true},
                                            {"memory_choices_bytes", false},
                                            {"machine_bytes", false},
                                            {"bandwidth_bytes_per_s", true},
                                            {"compute_units", false},
                                            {"architecture", true},
                                            {"vulkan_device_id", false},
                                            {"totals", false},
                                            {"sources", true}};
  const std::set<std::string> vendors = {"AMD", "Apple", "Intel", "NVIDIA", "Qualcomm"};
  const std::set<std::string> classes = {"desktop", "laptop", "workstation", "datacenter",
                                         "unified"};
  std::string last;
  for (const json::value& row : rows) {
    const json::object& r = row.as_object();
    const std::string id(r.at("id").as_string());
    CAPTURE(id);
    CHECK(last < id);
    CHECK(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
    last = id;
    for (const json::key_value_pair& field : r) CHECK(keys.contains(std::string(field.key())));
    for (const auto& key : keys) CHECK((!key.second || r.contains(key.first)));
    CHECK(vendors.contains(std::string(r.at("vendor").as_string())));
    CHECK(classes.contains(std::string(r.at("class").as_string())));
    const double rate = r.at("bandwidth_bytes_per_s").to_number<double>();
    CHECK(rate >= 20e9);
    CHECK(rate <= 9e12);
    if (const json::value* sizes = r.if_contains("memory_choices_bytes")) {
      std::uint64_t smaller = 0;
      for (const json::value& size : sizes->as_array()) {
        const auto n = size.to_number<std::uint64_t>();
        CHECK(n % (1u << 30) == 0);
        CHECK(n > smaller);
        smaller = n;
      }
      CHECK(smaller >= std::uint64_t{4} << 30);
      CHECK(smaller <= std::uint64_t{512} << 30);
    } else {
      CHECK(r.at("class").as_string() == "unified");
    }
    if (const json::value* n = r.if_contains("compute_units")) CHECK(n->to_number<int>() > 0);
    std::set<std::string> sourced;
    for (const json::value& source : r.at("sources").as_array()) {
      const std::string document(source.at("document").as_string());
      CHECK(source.as_object().contains("read") != contains(document, "from memory"));
      for (const json::value& field : source.at("fields").as_array())
        sourced.emplace(field.as_string());
    }
    for (const auto& [key, required] : keys)
      if (key != "id" && key != "aliases" && key != "vendor" && key != "totals" && key != "sources")
        CHECK(r.contains(key) == sourced.contains(key));
    if (const json::value* totals = r.if_contains("totals"))
      for (const json::value& total : totals->as_array()) {
        CHECK(total.at("bytes").to_number<std::uint64_t>() <
              r.at("memory_choices_bytes").as_array().back().to_number<std::uint64_t>());
        CHECK_FALSE(total.at("by").as_string().empty());
        CHECK_FALSE(total.at("document").as_string().empty());
      }
  }
}
