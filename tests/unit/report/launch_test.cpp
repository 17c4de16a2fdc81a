#include "vrambudget/report/launch.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run_options.hpp"
#include "vrambudget/gpu/catalogue.hpp"
#include "vrambudget/io/model_catalogue.hpp"
#include "vrambudget/io/shape.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/report/json.hpp"

using namespace vrambudget;

namespace {

const model& qwen() {
  static const auto header = header_from_shape(find_model("Qwen3-30B-A3B").value().shape).value();
  static const gguf::header parsed = gguf::parse(header, {.check_data = false}).value();
  static const model m = read_model({&parsed, 1}).value();
  return m;
}

run parse(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string w; in >> w;) words.push_back(w);
  return cli::parse_run(words).value();
}

budget budget_of(const run& r) {
  const device gpu = to_device(find_gpu("3090").value());
  return plan(qwen(), r, {gpu, gpu}).value();
}

std::string emitted(launcher l, const std::string& flags) {
  const run r = parse(flags);
  return launch_text(l, {"/models/Qwen3 30B.gguf", "", ""}, r, budget_of(r));
}

}  // namespace

TEST_CASE("llama-server's line means the run that was planned") {
  for (const std::string flags :
       {"-c 8192", "-c 8192 -np 3 -b 1024 -ub 256 -fa off",
        "-c 4096 -np 2 -kvu -ctk q8_0 -ctv q4_0", "-c 4096 -ngl 20 -ts 3,1 -nkvo --no-op-offload",
        "-c 4096 -ncmoe 5 -ncffn 2 -sm layer", "-c 4096 -cmoe -sm none -mg 1",
        "-c 4096 -ot ffn_up_exps=CPU,blk\\.3\\.=CUDA1 --swa-full"}) {
    CAPTURE(flags);
    const run r = parse(flags);
    const budget b = budget_of(r);
    const std::string line = launch_text(launcher::llama_server, {"m.gguf", "", ""}, r, b);
    const std::string start = "llama-server -m m.gguf ", end = " --fit off\n";
    REQUIRE(line.starts_with(start));
    REQUIRE(line.ends_with(end));
    std::string given = line.substr(start.size(), line.size() - start.size() - end.size());
    std::erase(given, '\'');  // this test's words have no spaces
    run again = parse(given);
    CHECK(budget_json(qwen(), again, budget_of(again), {}) == budget_json(qwen(), r, b, {}));
  }
}

TEST_CASE("words that a shell would take apart are quoted") {
  CHECK(emitted(launcher::llama_server, "-c 4096 -ot blk.(1|2)=CPU") ==
        "llama-server -m '/models/Qwen3 30B.gguf' -c 4096 -fa on -ngl 49 -ot 'blk.(1|2)=CPU' --fit "
        "off\n");
}

TEST_CASE("a Modelfile has what Ollama can set, and says what it cannot") {
  CHECK(emitted(launcher::ollama, "-c 16384 -np 2 -ctk q8_0 -ctv q8_0 -ub 1024 -cmoe") ==
        "# Modelfile; the server needs this environment:\n"
        "#   OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=q8_0 OLLAMA_NUM_PARALLEL=2\n"
        "# no setting for -cmoe\n"
        "FROM /models/Qwen3 30B.gguf\n"
        "PARAMETER num_ctx 8192\n"
        "PARAMETER num_batch 1024\n"
        "PARAMETER num_gpu 49\n");
}

TEST_CASE("KoboldCpp's file") {
  const auto v = boost::json::parse(
      emitted(launcher::koboldcpp, "-c 8192 -np 1 -ctk q4_0 -ctv q4_0 -ncmoe 7 -nkvo"));
  CHECK(v.at("contextsize").to_number<int>() == 8192);
  CHECK(v.at("quantkv").to_number<int>() == 2);
  CHECK(v.at("moecpu").to_number<int>() == 7);
  CHECK(v.at("gpulayers").to_number<int>() == 49);
  CHECK(boost::json::serialize(v.at("_not_set")) == "[\"-nkvo\"]");
  CHECK_FALSE(
      boost::json::parse(emitted(launcher::koboldcpp, "-c 8192")).as_object().contains("_not_set"));
}

TEST_CASE("LM Studio's settings") {
  const std::string text = emitted(launcher::lmstudio, "-c 8192 -np 1 -ctk q8_0 -ctv q8_0 -ngl 10");
  CHECK(text.find("{\"key\":\"llm.load.contextLength\",\"value\":8192}") != std::string::npos);
  CHECK(text.find("{\"checked\":true,\"value\":\"q8_0\"}") != std::string::npos);
  CHECK(text.find("\"_not_set\":[\"-ngl 10\"]") != std::string::npos);
}
