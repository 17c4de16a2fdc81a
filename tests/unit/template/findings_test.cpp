#include "vrambudget/template/findings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "template/sha256.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

std::string known(const std::string& name) {
  std::ifstream in(VRAMBUDGET_TEMPLATES "/templates/" + name + ".jinja", std::ios::binary);
  REQUIRE(in.is_open());
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::vector<std::string> qwen_tokens = {"a", "<|im_start|>", "<|im_end|>", "<tool_call>",
                                              "<think>"};

chat_facts facts(std::string_view architecture, std::string_view name, const std::string& source,
                 const std::vector<std::string>& tokens = qwen_tokens) {
  gguf::writer w;
  w.add("general.architecture", architecture).add("general.name", name);
  if (!source.empty()) w.add("tokenizer.chat_template", std::string_view(source));
  w.add("tokenizer.ggml.tokens", tokens);
  w.add("tokenizer.ggml.eos_token_id", std::uint32_t{2});
  const auto bytes = w.finish();
  return chat_facts_of(gguf::parse(bytes).value());
}

bool lacks(const template_findings& t, const std::string& beginning) {
  return std::any_of(t.lacks.begin(), t.lacks.end(),
                     [&](const std::string& l) { return l.starts_with(beginning); });
}

}  // namespace

TEST_SUITE("template findings") {
  TEST_CASE("Qwen3's template in a Qwen3.6 file is another dialect, and is named") {
    const auto wrong = examine_template(facts("qwen35", "Qwen3.6 27B", known("Qwen-Qwen3-0.6B")));
    CHECK(wrong.verdict == template_verdict::other_dialect);
    CHECK(wrong.same_as == "Qwen-Qwen3-0.6B");
    CHECK(wrong.reading.calls == call_shape::tool_call_json);
    REQUIRE(wrong.family);
    CHECK(wrong.family->calls == call_shape::function_parameter);
    const auto right = examine_template(facts("qwen35", "Qwen3.6 27B", known("Qwen3.5-4B")));
    CHECK(right.verdict == template_verdict::match);
    CHECK(right.reading.parser == "Qwen3-Coder");
    CHECK(right.lacks.empty());
  }

  TEST_CASE("the same architecture means two families by name") {
    const std::string json = known("Qwen-Qwen3-0.6B"), tags = known("Qwen3-Coder");
    CHECK(examine_template(facts("qwen3moe", "Qwen3 30B A3B", json)).verdict ==
          template_verdict::match);
    CHECK(examine_template(facts("qwen3moe", "Qwen3 Coder 30B", json)).verdict ==
          template_verdict::other_dialect);
    CHECK(examine_template(facts("qwen3moe", "Qwen3-Coder-30B", tags)).verdict ==
          template_verdict::match);
    CHECK(examine_template(facts("granite", "Granite 4.1 30B", known("ibm-granite-granite-4.1")))
              .verdict ==
          template_verdict::foreign);  // <|start_of_role|> is not among these tokens
  }

  TEST_CASE(
      "marks of roles that are no tokens are foreign, and none is judged without a vocabulary") {
    chat_facts f = facts("qwen3", "Qwen3", known("Qwen-Qwen3-0.6B"), {"a", "b", "c"});
    CHECK(examine_template(f).verdict == template_verdict::foreign);
    f.has_vocabulary = false;
    CHECK(examine_template(f).verdict == template_verdict::match);
  }

  TEST_CASE("what is missing is told: tools, earlier calls, the template itself") {
    const auto gemma = examine_template(facts("gemma2", "Gemma 2", known("google-gemma-2-2b-it"),
                                              {"<start_of_turn>", "b", "<eos>"}));
    CHECK(gemma.verdict == template_verdict::match);
    CHECK(lacks(gemma, "tools: "));
    const auto lfm2 =
        examine_template(facts("lfm2", "LFM2", known("LFM2-8B-A1B"), {"<|im_start|>"}));
    CHECK(lfm2.verdict == template_verdict::no_tools);
    CHECK(lacks(lfm2, "calls: "));
    CHECK(examine_template(facts("qwen3", "Qwen3", "")).verdict == template_verdict::no_template);
    CHECK(examine_template(facts("nobody", "X", "{{ messages }}")).verdict ==
          template_verdict::unknown);
    const auto plain = examine_template(facts("qwen3", "Qwen3", "{{ messages }}"));
    CHECK(plain.verdict == template_verdict::no_tools);
    CHECK(lacks(plain, "<tool_call>"));
  }

  TEST_CASE("a template for tools is the one that is read") {
    gguf::writer w;
    w.add("general.architecture", "llama").add("general.name", "Hermes 3 Llama 3.1 8B");
    w.add("tokenizer.chat_template", "{{ messages }}");
    w.add("tokenizer.chat_template.tool_use",
          std::string_view(known("NousResearch-Hermes-3-Llama-3.1-8B-tool_use")));
    const auto bytes = w.finish();
    const chat_facts f = chat_facts_of(gguf::parse(bytes).value());
    CHECK(f.source == "{{ messages }}");
    const auto t = examine_template(f);
    CHECK(t.reading.calls == call_shape::tool_call_json);
    CHECK(t.verdict == template_verdict::match);
  }

  TEST_CASE("digests are those of FIPS 180-4's examples") {
    CHECK(detail::sha256_beginning("abc") == 0xba7816bf8f01cfea);
    CHECK(detail::sha256_beginning("") == 0xe3b0c44298fc1c14);
    CHECK(detail::sha256_beginning("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          0x248d6a61d20638b8);
  }
}
