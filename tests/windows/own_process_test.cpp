// Work in a thread, where systems that can double a process give it one of its own.
#include "os/own_process.hpp"

#include <doctest/doctest.h>

#include <string>

#include "os/shared_library.hpp"

using namespace vrambudget;

TEST_CASE("drivers that are asked one right after another all answer") {
  const auto ask = [] {
    const detail::shared_library driver("no-such-driver.dll");
    return std::string("12 GiB");
  };
  for (int i = 0; i < 2000; ++i) {
    const auto text = detail::text_of_own_process(ask, 10, "a driver");
    REQUIRE_MESSAGE(text.has_value(), text.error().message);
    REQUIRE(*text == "12 GiB");
  }
}
