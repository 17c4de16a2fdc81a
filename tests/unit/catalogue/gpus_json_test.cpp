// The file data/gpus.json itself: nothing unknown, nothing absurd, and the library has this copy.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <map>
#include <set>
#include <string>

#include "catalogue/embedded.hpp"
#include "data_rows.hpp"
#include "vrambudget/catalogue/gpus.hpp"

namespace json = boost::json;

static json::array rows() { return data_rows("gpus.json"); }

static double gib(const json::value& v) { return v.to_number<double>() / (1 << 30); }

TEST_CASE("the library holds the rows of the file without their sources") {
  const auto files = vrambudget::detail::gpus_json();
  REQUIRE(files.size() == 1);
  CHECK(files[0].stem == "gpus");
  CHECK(json::parse(files[0].text).as_array() == without_sources(rows()));
  CHECK(vrambudget::gpus().size() == rows().size());
}

TEST_CASE("every row has the keys of the documentation and no others") {
  const std::map<std::string, bool> keys = {// true: required
                                            {"id", true},
                                            {"name", true},
                                            {"aliases", true},
                                            {"class", true},
                                            {"memory_bytes", true},
                                            {"nvml_total_bytes", false},
                                            {"cuda_total_bytes", false},
                                            {"ecc_bytes", false},
                                            {"compute_capability", true},
                                            {"sm_count", false},
                                            {"bandwidth_bytes_per_s", true},
                                            {"modified", false},
                                            {"sources", true}};
  const std::set<std::string> classes = {"desktop", "laptop", "workstation", "datacenter",
                                         "unified"};
  for (const json::value& row : rows()) {
    const json::object& r = row.as_object();
    CAPTURE(std::string(r.at("id").as_string()));
    for (const json::key_value_pair& field : r) {
      const std::string key = field.key();
      CAPTURE(key);
      CHECK(keys.contains(key));
    }
    for (const auto& key : keys) CHECK((!key.second || r.contains(key.first)));
    CHECK(classes.contains(std::string(r.at("class").as_string())));
  }
}

TEST_CASE("rows are sorted by id and ids are slugs") {
  std::string last;
  for (const json::value& row : rows()) {
    const std::string id(row.at("id").as_string());
    CHECK(last < id);
    CHECK(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
    last = id;
  }
}

TEST_CASE("sizes rates and multiprocessors are sane") {
  for (const json::value& row : rows()) {
    const json::object& r = row.as_object();
    CAPTURE(std::string(r.at("id").as_string()));
    const double memory = gib(r.at("memory_bytes"));
    CHECK(memory >= 1);
    CHECK(memory <= 288);
    CHECK(r.at("memory_bytes").to_number<std::uint64_t>() % (1u << 30) == 0);
    // The driver and ECC keep up to a tenth; none reports more than it is sold with.
    for (const char* key : {"nvml_total_bytes", "cuda_total_bytes"})
      if (const json::value* total = r.if_contains(key)) {
        CHECK(gib(*total) <= memory);
        CHECK(gib(*total) >= memory * 0.9);
      }
    if (r.contains("nvml_total_bytes") && r.contains("cuda_total_bytes"))
      CHECK(gib(r.at("cuda_total_bytes")) <= gib(r.at("nvml_total_bytes")));
    const double rate = r.at("bandwidth_bytes_per_s").to_number<double>();
    CHECK(rate >= 30e9);
    CHECK(rate <= 9e12);
    if (const json::value* ecc = r.if_contains("ecc_bytes")) CHECK(gib(*ecc) == memory / 16);
    if (const json::value* n = r.if_contains("sm_count")) {
      CHECK(n->to_number<int>() >= 2);
      CHECK(n->to_number<int>() <= 192);
    }
    if (const json::value* changed = r.if_contains("modified")) CHECK(changed->as_bool());
    const double cc = std::stod(std::string(r.at("compute_capability").as_string()));
    CHECK(cc >= 3.5);
    CHECK(cc <= 12.1);
  }
}

TEST_CASE("every number has a source that names it") {
  for (const json::value& row : rows()) {
    const json::object& r = row.as_object();
    CAPTURE(std::string(r.at("id").as_string()));
    std::set<std::string> sourced;
    for (const json::value& source : r.at("sources").as_array()) {
      CHECK_FALSE(source.at("document").as_string().empty());
      const std::string document(source.at("document").as_string());
      const bool recalled = document.find("from memory") != std::string::npos;
      CHECK(source.as_object().contains("read") != recalled);  // only what was read has a date
      for (const json::value& field : source.at("fields").as_array()) {
        sourced.emplace(field.as_string());
        CHECK(r.contains(field.as_string()));
      }
    }
    for (const char* key : {"memory_bytes", "nvml_total_bytes", "ecc_bytes", "cuda_total_bytes",
                            "compute_capability", "sm_count", "bandwidth_bytes_per_s"})
      CHECK(r.contains(key) == sourced.contains(key));
  }
}
