#include "vrambudget/catalogue/model_aliases.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "../catalogued.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"

using namespace vrambudget;
using testing::catalogued_quantization;
using testing::file_named;

TEST_CASE("names that people type are known") {
  const std::pair<const char*, const char*> names[] = {
      {"Qwen3-Coder-30B-A3B-Instruct-Q4_K_M", "Qwen3-Coder-30B-A3B-Q4_K_M"},
      {"qwen3-coder:30b-q4_K_M", "Qwen3-Coder-30B-Q4_K_M"},
      {"Magistral-Small-2509-Q5_K_M.gguf", "Magistral-Small-2509-Q5_K_M"},
      {"QwQ-32B-Q4_K_M", "QwQ-32B-Q4_K_M"},
      {"qwen2.5-coder:32b-instruct-q4_K_M", "Qwen2.5-Coder-32B-Q4_K_M"},
      {"Meta-Llama-3.1-70B-Instruct-Q4_K_M", "Llama-3.1-70B-Q4_K_M"},
      {"gemma-4-31B-it-Q4_K_M", "Gemma-4-31B-Q4_K_M"},
      {"gemma4:12b-it-q8_0", "Gemma-4-12B-Q8_0"},
      {"Mistral-Nemo-Instruct-2407-GGUF:Q6_K", "Mistral-Nemo-12B-Q6_K"},
      {"Kimi-K2-Instruct-GGUF:Q2_K", "Kimi-K2-Q2_K"},
      {"Qwen3-8B:Q4_K_M", "Qwen3-8B-Q4_K_M"},
      {"Llama-3.2-1B-Instruct", "Llama-3.2-1B-Q4_K_M"},
      {"glm-4-9b-chat", "glm-4-9b-chat-Q4_K_M"},  // "chat" is in its own name
      {"Phi-4", "Phi-4-Q5_K_M"},                  // one shape, though "Phi-4-Mini" begins so
  };
  for (const auto& [typed, name] : names) {
    CAPTURE(typed);
    CHECK(file_named(typed) == name);
  }
  CHECK(file_named("Ornth-1.0-9B").find("Ornith-1.0-9B") != std::string::npos);
  CHECK(file_named("Ornith-1.0-9B-UD-Q9_K_XL").find("not in the catalogue") != std::string::npos);
}

TEST_CASE("another model with a shape is planned as that shape, and says so") {
  const model other = catalogued_quantization("Ornith-1.0-9B-Q4_K_M"),
              own = catalogued_quantization("Qwen3.5-9B-Q4_K_M");
  CHECK(other.name == "Ornith-1.0-9B-Q4_K_M");
  CHECK(other.types_note == "Ornith-1.0-9B has the shape of Qwen3.5-9B");
  CHECK(other.types_basis == basis::assumed);
  CHECK(other.tensor_bytes() == own.tensor_bytes());
  CHECK(catalogued_quantization("Ornith-1.0-9B-Q6_K")
            .types_note.starts_with("Ornith-1.0-9B has the shape of Qwen3.5-9B; "));
  const model same = catalogued_quantization("Mistral-Nemo-Instruct-2407-Q4_K_M");
  CHECK(same.types_basis == basis::exact);
  CHECK(same.types_note.empty());
}

// config.json of Qwen/Qwen3-Coder-30B-A3B-Instruct: max_position_embeddings 262144; Qwen3-30B-A3B has 40960
TEST_CASE("another model may be trained for another context") {
  CHECK(catalogued_quantization("Qwen3-30B-A3B-Q4_K_M").hp.n_ctx_train == 40960);
  CHECK(catalogued_quantization("Qwen3-Coder-30B-A3B-Q4_K_M").hp.n_ctx_train == 262144);
}

TEST_CASE("a name without a quantization gives all files of its model") {
  const auto own = catalogued_files_of("qwen3.5 9b"),
             other = catalogued_files_of("ornith-1.0-9b-gguf");
  REQUIRE(own.has_value());
  REQUIRE(other.has_value());
  CHECK(other->name == "Ornith-1.0-9B");
  REQUIRE(other->files.size() == own->files.size());
  for (std::size_t i = 0; i < own->files.size(); ++i) {
    CHECK(other->files[i].name == "Ornith-1.0-9B-" + own->files[i].quantization);
    CHECK(file_named(other->files[i].name) == other->files[i].name);
  }
  CHECK_FALSE(catalogued_files_of("Qwen3.5-9B-Q4_K_M").has_value());
  CHECK_FALSE(catalogued_files_of("").has_value());
}

TEST_CASE("every further name is a model's, is none of the catalogue's, and they are sorted") {
  std::set<std::string> models;
  for (const catalogued_files& all : all_catalogued_files()) models.insert(all.name);
  for (const model_alias& a : model_aliases()) {
    CAPTURE(a.name);
    CHECK(models.contains(a.model));
    CHECK_FALSE(models.contains(a.name));
    const auto files = catalogued_files_of(a.name);
    REQUIRE(files.has_value());
    CHECK(files->name == (a.is_same ? a.model : a.name));
    REQUIRE(files->files.front().alias.has_value());
    CHECK(files->files.front().alias->name == a.name);
  }
  const auto lower = [](std::string s) {
    std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return std::tolower(c); });
    return s;
  };
  CHECK(
      std::is_sorted(model_aliases().begin(), model_aliases().end(),
                     [&](const auto& a, const auto& b) { return lower(a.name) < lower(b.name); }));
}
