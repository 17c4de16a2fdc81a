// Overrides of one layer each, in fewer patterns.
#include "vrambudget/advise/fitted_placement.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

TEST_CASE("layers of which the same parts go to the same buffer are one pattern") {
  const std::string experts(tensor_override::experts);
  const auto few = detail::in_few({{.pattern = "blk\\.12\\.ffn_down.*", .buffer = "CUDA1"},
                                   {.pattern = "blk\\.8\\." + experts, .buffer = "CPU"},
                                   {.pattern = "blk\\.9\\." + experts, .buffer = "CPU"},
                                   {.pattern = "blk\\.10\\." + experts, .buffer = "CPU"},
                                   {.pattern = "blk\\.15\\.ffn_down.*", .buffer = "CPU"},
                                   {.pattern = "blk\\.23\\." + experts, .buffer = "CPU"}});
  REQUIRE(few.size() == 3);
  CHECK(few[0] == tensor_override{.pattern = "blk\\.(12)\\.ffn_down.*", .buffer = "CUDA1"});
  CHECK(few[1] ==
        tensor_override{.pattern = "blk\\.([8-9]|10|23)\\." + experts, .buffer = "CPU"});
  CHECK(few[2] == tensor_override{.pattern = "blk\\.(15)\\.ffn_down.*", .buffer = "CPU"});
}

TEST_CASE("of no overrides nothing is made") { CHECK(detail::in_few({}).empty()); }
