#include "vrambudget/request/server_word.hpp"

#include <doctest/doctest.h>

#include "vrambudget/request/option.hpp"

using namespace vrambudget::request;
using line = std::vector<std::string>;

TEST_CASE("a word is no option of ours, and none is there twice") {
  for (const server_word& w : server_words())
    for_each_name(w.names, [&](std::string_view name) {
      CAPTURE(name);
      CHECK(find_option(name) == nullptr);
      CHECK(find_server_word(name) == &w);
    });
  CHECK(find_server_word("--no-such-word") == nullptr);
  CHECK(find_server_word("") == nullptr);
}

TEST_CASE("words go with their values, and what is known or nobody's stays in its order") {
  const auto left = [](const line& args) { return without_server_words(args).args; };
  CHECK(left({"m", "-t", "8", "-c", "4096", "--jinja", "--top-k", "20"}) ==
        line{"m", "-c", "4096"});
  CHECK(left({"--log-file=x", "--temp=0.7", "m"}) == line{"m"});
  CHECK(left({"--control-vector-layer-range", "1", "2", "m"}) == line{"m"});
  CHECK(left({"--nobody", "x", "-ub", "512"}) == line{"--nobody", "x", "-ub", "512"});
  CHECK(left({"m", "--port"}) == line{"m"});  // its value is missing: nothing is left of it
}

TEST_CASE("the program's name is no model") {
  const auto left = [](const line& args) { return without_server_words(args).args; };
  CHECK(left({"--", "./build/bin/llama-server", "-m", "a.gguf"}) == line{"-m", "a.gguf"});
  CHECK(left({"C:\\llama\\llama-server.exe", "-c", "1"}) == line{"-c", "1"});
  CHECK(left({"llama-server-8b"}) == line{"llama-server-8b"});
}

TEST_CASE("a whole command becomes its options") {
  const auto left = [](const line& args) { return without_server_words(args).args; };
  CHECK(left({"--gpu", "3090", "--", "A=1", "llama-server", "-m", "a.gguf", "--temp", "0"}) ==
        line{"--gpu", "3090", "-m", "a.gguf"});
  CHECK(left({"docker", "run", "-v", "/x:/y", "ghcr.io/ggml-org/llama.cpp:server", "-m",
              "/y/a.gguf"}) == line{"-m", "/x/a.gguf"});
  CHECK(left({"LLAMA_ARG_CTX_SIZE=512", "llama-server", "-m", "a.gguf"}) ==
        line{"-c", "512", "-m", "a.gguf"});
}

TEST_CASE("words that stand for others") {
  const auto left = [](const line& args) { return without_server_words(args).args; };
  CHECK(left({"-lm", "none", "m"}) == line{"--no-mmap", "m"});
  CHECK(left({"--load-mode=mlock", "m"}) == line{"--no-mmap", "--mlock", "m"});
  CHECK(left({"-lm", "mmap", "m"}) == line{"m"});
  CHECK(left({"--vision-gemma-4b-default"}) ==
        line{"--model", "hf:ggml-org/gemma-3-4b-it-qat-GGUF", "-c", "0"});
  CHECK(left({"--presence_penalty", "0.2", "--ctx_size", "512"}) == line{"--ctx-size", "512"});
}

TEST_CASE("a repository is the model, with the file that is named in it") {
  const auto left = [](const line& args) { return without_server_words(args).args; };
  CHECK(left({"-hf", "o/r:Q4_K_M"}) == line{"--model", "hf:o/r:Q4_K_M"});
  CHECK(left({"--hf-repo=o/r"}) == line{"--model", "hf:o/r"});
  CHECK(left({"-hff", "a.gguf", "-hf", "o/r:Q8_0"}) == line{"--model", "hf:o/r/a.gguf"});
  CHECK(left({"-hfd", "o/d"}) == line{"--model-draft", "hf:o/d"});
  CHECK(left({"--draft", "5"}) == line{"--spec-draft-n-max", "5"});
}

TEST_CASE("what moves memory and is not modelled is noted") {
  const heeded_line l = without_server_words({"--rpc", "host:50052", "--temp", "1"});
  REQUIRE(l.notes.size() == 1);
  CHECK(l.notes[0] == "--rpc: not modelled is devices of other machines");
}
