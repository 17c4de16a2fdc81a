#include "vrambudget/hub/model_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "../io/temporary_folder.hpp"

using namespace vrambudget;

namespace {

namespace fs = std::filesystem;

const std::string digest(64, 'a');

void write(const fs::path& path, const std::string& text = "0123456789") {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

/// A snapshot's file: a link to a blob, or, where nobody may make links, the blob's bytes themselves.
void write_snapshot(const fs::path& path, const std::string& blob, const std::string& text) {
#ifdef _WIN32
  (void)blob;
  write(path, text);
#else
  write(path.parent_path().parent_path().parent_path() / "blobs" / blob, text);
  fs::create_directories(path.parent_path());
  fs::create_symlink("../../blobs/" + blob, path);
#endif
}

std::string manifest(const std::string& digest_text, const std::string& kind = "model") {
  return R"({"layers": [{"mediaType": "application/vnd.ollama.image.license", "digest": "x"},
             {"mediaType": "application/vnd.ollama.image.)" +
         kind + R"(", "digest": ")" + digest_text + R"("}]})";
}

std::vector<std::string> names_of(const std::vector<stored_model>& all) {
  std::vector<std::string> names;
  for (const stored_model& m : all) names.push_back(m.name);
  return names;
}

using names = std::vector<std::string>;

}  // namespace

TEST_SUITE("model_store") {
  TEST_CASE("Ollama's names lead over the manifest to the blob") {
    const temporary_folder folder;
    const fs::path root = folder.root();
    write(root / "blobs" / ("sha256-" + digest));
    const fs::path at = root / "manifests" / "registry.ollama.ai";
    write(at / "library" / "qwen3" / "latest", manifest("sha256:" + digest));
    write(at / "library" / "qwen3" / "8b", manifest("sha256:" + digest));
    write(at / "me" / "tuned" / "latest", manifest("sha256:" + digest));
    write(root / "manifests" / "hf.co" / "org" / "repo" / "Q4_K_M", manifest("sha256:" + digest));
    for (const char* name :
         {"qwen3", "qwen3:8b", "library/qwen3:latest", "me/tuned", "hf.co/org/repo:Q4_K_M"}) {
      CAPTURE(name);
      const auto m = ollama_model(root.generic_string(), name);
      REQUIRE_MESSAGE(m.has_value(), m.error().message);
      CHECK(m->path == (root / "blobs" / ("sha256-" + digest)).generic_string());
      CHECK(m->size == 10_B);
      CHECK(m->projector.empty());
    }
    CHECK(ollama_model(root.generic_string(), "qwen3:70b").error().code == errc::not_found);
    const auto all = stored_models({.ollama = root.generic_string(), .hubs = {}, .model_folders = {}});
    CHECK(names_of(all) == names{"ollama:hf.co/org/repo:Q4_K_M", "ollama:me/tuned:latest",
                                 "ollama:qwen3:8b", "ollama:qwen3:latest"});
  }

  TEST_CASE("a name that would leave Ollama's store is refused") {
    const temporary_folder folder;
    for (const char* name : {"", "..", "../x", "a/../b", "a:..", "a:b/c", "/etc/passwd", "a//b",
                             "a/b/c/d", ".hidden", "a b", "a:"}) {
      CAPTURE(name);
      CHECK(ollama_model(folder.root().generic_string(), name).error().code == errc::invalid_argument);
    }
  }

  TEST_CASE("a hostile manifest is refused with its path") {
    const temporary_folder folder;
    const fs::path at =
        folder.root() / "manifests" / "registry.ollama.ai" / "library" / "x" / "latest";
    const std::pair<std::string, errc> cases[] = {
        {"", errc::bad_format},
        {"[]", errc::bad_format},
        {"{}", errc::bad_format},
        {R"({"layers": 7})", errc::bad_format},
        {R"({"layers": [1, null, {"mediaType": 3}]})", errc::not_found},
        {std::string(5000, '['), errc::bad_format},
        {manifest("sha256:../../../etc/passwd"), errc::bad_format},
        {manifest("sha256:" + std::string(64, '/')), errc::bad_format},
        {manifest("sha256:" + std::string(64, 'A')), errc::bad_format},
        {manifest("sha1:" + digest), errc::bad_format},
        {R"({"layers": [{"mediaType": "application/vnd.ollama.image.model"}]})", errc::bad_format},
        {manifest("sha256:" + digest), errc::not_found},  // no such blob
        {manifest("sha256:" + digest, "adapter"), errc::not_found},
        {std::string((1 << 20) + 1, ' '), errc::limit}};
    for (const auto& [text, code] : cases) {
      const std::string shown = text.substr(0, 100);
      CAPTURE(shown);
      write(at, text);
      const auto m = ollama_model(folder.root().generic_string(), "x");
      REQUIRE_FALSE(m.has_value());
      CHECK(m.error().code == code);
      CHECK(m.error().message.find(at.generic_string()) != std::string::npos);
    }
  }

  TEST_CASE("a hub's models are found once, those of refs/main first") {
    const temporary_folder folder;
    const fs::path repo = folder.root() / "models--org--Tiny-GGUF", snap = repo / "snapshots";
    write(repo / "refs" / "main", "bbb");
    write_snapshot(snap / "aaa" / "Tiny-Q4_K_M.gguf", "1", "0123456789");
    write_snapshot(snap / "bbb" / "Tiny-Q4_K_M.gguf", "2", "new file");
    write(snap / "bbb" / "sub" / "Tiny-Q8_0-00001-of-00002.gguf");
    write(snap / "bbb" / "sub" / "Tiny-Q8_0-00002-of-00002.gguf");
    write(snap / "bbb" / "mmproj-F16.gguf");
    write(folder.root() / "datasets--org--x" / "snapshots" / "a" / "x.gguf");
    const auto all =
        stored_models({.ollama = {}, .hubs = {folder.root().generic_string()}, .model_folders = {}});
    REQUIRE(names_of(all) == names{"Tiny-Q4_K_M", "Tiny-Q8_0"});
    CHECK(all[0].repo == "org/Tiny-GGUF");
    CHECK(all[0].path == (snap / "bbb" / "Tiny-Q4_K_M.gguf").generic_string());
    CHECK(all[0].size == 8_B);
    CHECK(all[0].projector == (snap / "bbb" / "mmproj-F16.gguf").generic_string());
    CHECK(all[1].path == (snap / "bbb" / "sub" / "Tiny-Q8_0-00001-of-00002.gguf").generic_string());
  }

  TEST_CASE("folders of files are searched below, and links in circles end") {
    const temporary_folder folder;
    write(folder.root() / "org" / "repo" / "A-Q8_0.gguf");
    write(folder.root() / "flat.gguf");
    write(folder.root() / "notes.txt");
#ifndef _WIN32  // where the compiler's library makes no links
    fs::create_directory_symlink("..", folder.root() / "org" / "up");
    fs::create_directory_symlink(".", folder.root() / "self");
    fs::create_symlink("loop.gguf", folder.root() / "loop.gguf");
    fs::create_symlink("nowhere", folder.root() / "dangling.gguf");
#endif
    const auto all = stored_models(
        {.ollama = {}, .hubs = {}, .model_folders = {folder.root().generic_string(), "/nowhere"}});
    CHECK(names_of(all) == names{"A-Q8_0", "flat"});
    CHECK(all[0].repo == "org/repo");
  }

  TEST_CASE("a model is found by its name, its repository or the beginning of only one") {
    const std::vector<stored_model> all = {{"Qwen3-8B-Q4_K_M", "unsloth/Qwen3", "/a", 1_B, ""},
                                           {"Qwen3-8B-Q8_0", "unsloth/Qwen3", "/b", 2_B, ""},
                                           {"gemma-3-4b-Q4_0", "", "/c", 3_B, ""},
                                           {"gemma-3-4b-Q4_0", "", "/copy", 3_B, ""}};
    const auto found = [&](const char* typed) {
      const auto m = find_stored_model(all, typed);
      return m ? m->path : m.error().message;
    };
    CHECK(found("qwen3-8b-q8_0.gguf") == "/b");
    CHECK(found("unsloth/Qwen3/Qwen3-8B-Q8_0") == "/b");
    CHECK(found("GEMMA 3 4b") == "/c");
    CHECK(found("qwen3 8b") ==
          "model \"qwen3 8b\" can be Qwen3-8B-Q4_K_M (/a) or Qwen3-8B-Q8_0 (/b): name one");
    CHECK(find_stored_model(all, "llama").error().code == errc::not_found);
    CHECK(find_stored_model(all, "").error().code == errc::not_found);
    CHECK_FALSE(find_whole_name(all, "gemma 3").value().has_value());
    CHECK(find_whole_name(all, "gemma-3-4b-q4_0").value()->path == "/c");
  }
}
