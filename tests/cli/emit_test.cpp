// `--emit`: what it writes needs no more than the cards have.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>

#include "program.hpp"

namespace {

int number_after(const std::string& text, const std::string& words) {
  const std::size_t at = text.find(words);
  REQUIRE(at != std::string::npos);
  return std::stoi(text.substr(at + words.size()));
}

}  // namespace

TEST_CASE("a Modelfile has as many layers as fit without what Ollama has no setting for") {
  const std::string moe = "Qwen3-30B-A3B-Q4_K_M --gpu 4060ti -c 8192 -np 1 ";
  REQUIRE(run(moe + "-ncmoe 40").status == 0);
  const outcome o = run(moe + "-ncmoe 40 --emit ollama");
  CHECK(o.status == 0);
  const int n = number_after(o.out, "PARAMETER num_gpu ");
  CHECK(n > 0);
  CHECK(contains(o.out, "# no setting for -ncmoe 40\n"));
  CHECK(contains(o.err, "Ollama takes " + std::to_string(n) + " layers to the GPU instead of 49"));
  CHECK(contains(o.err, "without a setting for -ncmoe 40"));
  // which runs as it stands there, and one layer more would not
  CHECK(run(moe + "-fa on -b 512 -ngl " + std::to_string(n)).status == 0);
  CHECK(run(moe + "-fa on -b 512 -ngl " + std::to_string(n + 1)).status == 1);
}

TEST_CASE("nothing is written for a run that does not fit, and it is said what would run") {
  for (const char* program : {"llama-server", "ollama", "koboldcpp", "lmstudio"}) {
    CAPTURE(program);
    const outcome o =
        run(std::string("Qwen3-8B-Q8_0 --gpu 3060 -c 40960 --free 8GiB --emit ") + program);
    CHECK(o.status == 1);
    CHECK(o.out.empty());
    CHECK(contains(o.err, "does not fit"));
    CHECK(contains(o.err, "It would run with "));
  }
}

TEST_CASE("other programs get what they have settings for") {
  const std::string moe = "Qwen3-30B-A3B-Q4_K_M --gpu 4060ti -c 8192 -np 1 -ncmoe 40 --emit ";
  const auto kobold = boost::json::parse(run(moe + "koboldcpp").out);
  CHECK(kobold.at("gpulayers").to_number<int>() == 49);
  CHECK(kobold.at("moecpu").to_number<int>() == 40);
  CHECK(kobold.at("model_param") ==
        "https://huggingface.co/Qwen/Qwen3-30B-A3B-GGUF/resolve/main/Qwen3-30B-A3B-Q4_K_M.gguf");
  CHECK(contains(run(moe + "llama-server").out, " -ncmoe 40 "));
  CHECK(contains(run(moe + "lmstudio").out, R"({"key":"-ncmoe","value":"40"})"));
  // q5_0 is no type of KoboldCpp's, whose cache is then three times as large
  const outcome q5 =
      run("Qwen3-30B-A3B-Q4_K_M --gpu 3090 -c 131072 -np 1 -ctk q5_0 -ctv q5_0 "
          "--emit koboldcpp");
  CHECK(q5.status == 0);
  CHECK(boost::json::parse(q5.out).at("gpulayers").to_number<int>() < 49);
  CHECK(contains(q5.err, "KoboldCpp takes "));
}
