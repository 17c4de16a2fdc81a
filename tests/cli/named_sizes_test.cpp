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

  TEST_CASE("a name that had two sizes tells both, and the one that is given wins") {
    const std::string named = "Qwen3.8-27B-UD-Q4_K_XL --gpu 3090 -c 4096 -np 1";
    CHECK(contains(run(named).out,
                   "Qwen3.8-27B-UD-Q4_K_XL.gguf had 16.69 GiB, and 16.35 GiB at another time: "
                   "--file-size plans yours\n"));
    CHECK(contains(run("ERNIE-4.5-21B-A3B-Q4_K_M --gpu 3090 -c 4096").out,
                   "had 12.42 GiB, and 12.25 to 12.35 GiB on 2025-11-01: "));
    const outcome given = run(named + " --file-size 17559178144");
    CHECK(contains(given.out, "16.35 GiB, 5.1"));
    CHECK(contains(given.out, "note: weights are scaled to the size that was given: "));
    CHECK_FALSE(contains(given.out, "at another time"));
  }

  TEST_CASE("a size that is given decides over types, estimates and the file that is meant") {
    // what llama-quantize writes has 5,021,827,072 bytes of tensors
    const outcome plain = run("Qwen3-8B-UD-Q4_K_XL --gpu 3090 -c 4096 --file-size 5.03GB");
    CHECK(contains(plain.out, "4.68 GiB, 4.91 bits"));
    const outcome nearest = run("Qwen3-8B --gpu 3090 -c 4096 --file-size 5.03GB");
    CHECK(contains(nearest.out, "Qwen3-8B as Qwen3-8B-Q4_K_M, of all its files the nearest"));
    CHECK(contains(nearest.out,
                   "as llama-quantize chooses them for Q4_K_M, which agrees with the "
                   "size that was given\n"));
    const outcome unknown = run("Yi-1.5-34B-UD-Q4_K_M --gpu 3090 -c 4096 --file-size 20GB");
    CHECK(contains(unknown.out, "18.63 GiB, 4.65 bits per weight\n"));
    const outcome none = run("Qwen3-8B-Q4_K_M --gpu 3090 --file-size 1MB");
    CHECK(none.status == 3);
    CHECK(contains(none.err,
                   "--file-size: a file of 1000000 bytes cannot hold the 8.19 B "
                   "parameters of Qwen3-8B-Q4_K_M"));
    CHECK(run("--gpu 3090 --file-size 20GB").status == 2);
  }
}
