#include "vrambudget/gguf/name_index.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using vrambudget::gguf::name_index;

TEST_SUITE("name_index") {
  TEST_CASE("each name is found at its own position at any list length") {
    for (const std::size_t n : {0u, 1u, 2u, 3u, 4u, 5u, 63u, 64u, 65u, 1000u}) {
      CAPTURE(n);
      std::vector<std::string> names;
      for (std::size_t i = 0; i < n; ++i) names.push_back("blk." + std::to_string(i) + ".weight");
      const auto name_of = [&](std::size_t i) { return std::string_view(names[i]); };
      const name_index index(n, name_of);
      for (std::size_t i = 0; i < n; ++i) CHECK(index.find(names[i], name_of) == i);
      CHECK_FALSE(index.find("blk.x.weight", name_of).has_value());
      CHECK_FALSE(index.find("", name_of).has_value());
      CHECK_FALSE(index.duplicate(name_of).has_value());
    }
    CHECK_FALSE(name_index().find("a", [](std::size_t) { return std::string_view(); }).has_value());
  }

  TEST_CASE("a name given twice is reported with both places in order") {
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) names.push_back(std::to_string(i));
    names[70] = names[20];
    const auto name_of = [&](std::size_t i) { return std::string_view(names[i]); };
    const auto twice = name_index(names.size(), name_of).duplicate(name_of);
    REQUIRE(twice.has_value());
    CHECK(twice->first == 20);
    CHECK(twice->second == 70);
  }

  TEST_CASE("many equal names do not take quadratic time") {
    const auto name_of = [](std::size_t) { return std::string_view("same"); };
    const name_index index(200000, name_of);  // 2 * 10^10 comparisons would take minutes
    CHECK(index.duplicate(name_of)->first == 0);
    CHECK(index.duplicate(name_of)->second == 1);
    CHECK(index.find("same", name_of) == 0);
  }
}
