#include "vrambudget/hub/hub.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

TEST_SUITE("hub") {
  TEST_CASE("a name is taken apart") {
    const auto plain = parse_hub_name("org/repo-GGUF");
    REQUIRE(plain.has_value());
    CHECK(plain->repo == "org/repo-GGUF");
    CHECK(plain->tag.empty());
    const auto tagged = parse_hub_name("org/repo:UD-Q4_K_XL");
    REQUIRE(tagged.has_value());
    CHECK(tagged->repo == "org/repo");
    CHECK(tagged->tag == "UD-Q4_K_XL");
    const auto file = parse_hub_name("org/repo/sub/file.gguf");
    REQUIRE(file.has_value());
    CHECK(file->repo == "org/repo");
    CHECK(file->file == "sub/file.gguf");
  }

  TEST_CASE("what is no name is refused") {
    for (const char* wrong :
         {"", "org", "/repo", "org/", "../etc", "org/..", "org/repo:", "org/repo:a/b", "or g/repo",
          "org/repo/", "org/repo/../x.gguf", "org/repo/file.bin", "org/re?po", "org/repo:Q4\n"}) {
      CAPTURE(wrong);
      CHECK(parse_hub_name(wrong).error().code == errc::invalid_argument);
    }
  }

  TEST_CASE("the quantization is the last part of a name, split or not") {
    CHECK(quantization_of("a/Qwen3-8B-Q4_K_M.gguf") == "Q4_K_M");
    CHECK(quantization_of("gemma-3.q8_0.gguf") == "Q8_0");
    CHECK(quantization_of("x/M-UD-IQ2_XXS-00001-of-00009.gguf") == "UD-IQ2_XXS");
    CHECK(quantization_of("gpt-oss-20b-MXFP4.gguf") == "MXFP4");
    CHECK(quantization_of("Model-BF16.gguf") == "BF16");
    CHECK(quantization_of("Model-7B.gguf").empty());
    CHECK(quantization_of("Model-Instruct.gguf").empty());
    CHECK(quantization_of("").empty());
  }

  TEST_CASE("drafts and projectors beside a model are not chosen") {
    const hub_file files[] = {
        {"mmproj-Q8_0.gguf", {}}, {"mtp-M-Q8_0.gguf", {}}, {"M-Q8_0.gguf", {}}};
    CHECK(choose_hub_file(files, {"o/r", "Q8_0", ""})->path == "M-Q8_0.gguf");
    CHECK(choose_hub_file(files, {"o/r", "", ""})->path == "M-Q8_0.gguf");
    CHECK(projectors_of(files) == std::vector<std::string>{"mmproj-Q8_0.gguf"});
  }

  TEST_CASE("without a tag Q4_K_M comes before Q8_0 before the first") {
    const hub_file files[] = {{"M-Q2_K.gguf", {}}, {"M-Q8_0.gguf", {}}, {"M-Q4_K_M.gguf", {}}};
    const std::span<const hub_file> all = files;
    CHECK(choose_hub_file(all, {"o/r", "", ""})->path == "M-Q4_K_M.gguf");
    CHECK(choose_hub_file(all.first(2), {"o/r", "", ""})->path == "M-Q8_0.gguf");
    CHECK(choose_hub_file(all.first(1), {"o/r", "", ""})->path == "M-Q2_K.gguf");
  }

  TEST_CASE("a path becomes an address") {
    CHECK(hub_file_url("https://h", "o/r", "a b/ü#1.gguf") ==
          "https://h/o/r/resolve/main/a%20b/%C3%BC%231.gguf");
  }
}

TEST_CASE("addresses of pages are names of what is on them") {
  const auto is = [](const char* typed, const char* name) {
    CAPTURE(typed);
    CHECK(hub_name_of_page(typed) == name);
  };
  is("https://huggingface.co/unsloth/Qwen3-8B-GGUF", "hf:unsloth/Qwen3-8B-GGUF");
  is("https://huggingface.co/unsloth/Qwen3-8B-GGUF/?show_file_info=a.gguf",
     "hf:unsloth/Qwen3-8B-GGUF");
  is("huggingface.co/unsloth/Qwen3-8B-GGUF/tree/main", "hf:unsloth/Qwen3-8B-GGUF");
  is("hf.co/unsloth/Qwen3-8B-GGUF:Q4_K_M", "hf:unsloth/Qwen3-8B-GGUF:Q4_K_M");
  is("hf://unsloth/Qwen3-8B-GGUF", "hf:unsloth/Qwen3-8B-GGUF");
  is("https://huggingface.co/o/r/blob/main/a/b.gguf", "hf:o/r/a/b.gguf");
  // another revision, a file itself, a page of something else, another host
  for (const char* none :
       {"https://huggingface.co/o/r/blob/v2/b.gguf",
        "https://huggingface.co/o/r/resolve/main/b.gguf", "https://huggingface.co/unsloth",
        "https://huggingface.co/", "https://example.org/o/r", "hf:o/r", "o/r",
        "https://huggingface.co/o/r/blob/main/../b.gguf"})
    is(none, "");
}
