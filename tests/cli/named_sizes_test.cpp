// Models that are named only: what is said of sizes that are not known to the byte.
#include <doctest/doctest.h>

#include <string>

#include "program.hpp"

TEST_SUITE("cli") {
  TEST_CASE("a size that is estimated is said to be in the first line, with what it is within") {
    const std::string says = "UD-Q4_K_XL is estimated at 19.55 GiB, 18.64 to 20.68: ";
    const outcome text = run("Yi-1.5-34B-UD-Q4_K_XL --gpu 3090 -c 4096 -np 1");
    CHECK(text.status == 0);
    CHECK(text.out.find("; " + says) < text.out.find('\n'));
    CHECK(text.out.find("note: " + says) == std::string::npos);  // it is said once
    CHECK(contains(text.out, "w weights               19,765.4 MiB  assumed\n"));
    const outcome json = run("Yi-1.5-34B-UD-Q4_K_XL --gpu 3090 -c 4096 -np 1 --json");
    const std::size_t first = json.out.find(says);
    CHECK(first != std::string::npos);
    CHECK(json.out.find(says, first + 1) == std::string::npos);
    CHECK(contains(run("models Mixtral-8x7B-UD-Q4_K_XL").out,
                   "UD-Q4_K_XL is estimated at 27.24 GiB, 23.70 to 27.59: "));
    const outcome unknown = run("Yi-1.5-34B-UD-Q4_K_M --gpu 3090");
    CHECK(unknown.status == 3);
    CHECK(contains(unknown.err, "Yi-1.5-34B-UD-Q4_K_M: the size of UD-Q4_K_M cannot be estimated"));
  }

  TEST_CASE("a size that was published rounded is told with both ends") {
    CHECK(contains(run("Qwen3.6-27B-UD-Q5_K_XL --gpu 3090 -c 4096").out,
                   "note: weights are scaled to the size of Qwen3.6-27B-UD-Q5_K_XL.gguf in "
                   "unsloth/Qwen3.6-27B-GGUF, which is rounded, 18.65 to 18.75 GiB: "));
    CHECK(contains(run("models Gemma-3-4B").out,
                   "published with 2.35 to 2.45 GiB, as it is rounded\n"));
    const std::string json = run("models Gemma-3-4B --json").out;
    CHECK(
        contains(json, "\"file_bytes\":2576980377,\"rounded_from_bytes\":[2523293286,2630667468]"));
  }
}
