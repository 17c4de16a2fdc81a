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

TEST_CASE("a repository is the model, with the file that is named in it") {
  const auto left = [](const line& args) { return without_server_words(args).args; };
  CHECK(left({"-hf", "o/r:Q4_K_M"}) == line{"--model", "hf:o/r:Q4_K_M"});
  CHECK(left({"--hf-repo=o/r"}) == line{"--model", "hf:o/r"});
  CHECK(left({"-hff", "a.gguf", "-hf", "o/r:Q8_0"}) == line{"--model", "hf:o/r/a.gguf"});
  CHECK(left({"-hfd", "o/d"}) == line{"--model-draft", "hf:o/d"});
  CHECK(left({"--draft", "5"}) == line{"--spec-draft-n-max", "5"});
}

TEST_CASE("what moves memory and is not modelled is noted") {
  const heeded_line l = without_server_words({"--lora", "a.gguf", "--temp", "1"});
  REQUIRE(l.notes.size() == 1);
  CHECK(l.notes[0] == "--lora: not modelled is adapters");
}
