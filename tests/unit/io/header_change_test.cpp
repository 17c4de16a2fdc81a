#include "vrambudget/io/header_change.hpp"
#include "vrambudget/io/whole_file.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#ifndef _WIN32
#include <sys/stat.h>
#endif

#include "patched_file.hpp"
#include "temporary_folder.hpp"

using namespace vrambudget;
using namespace vrambudget::testing;

namespace {

namespace fs = std::filesystem;

/// All of a file but its template and what only takes room: what must stay the same.
void check_same_model(const std::string& path, const std::string& before) {
  const auto f = open_model_file(path).value();
  const auto bytes_before = std::as_bytes(std::span(before));
  const auto old = gguf::parse(bytes_before).value();
  const gguf::header& now = f.headers.front();
  for (const gguf::entry& e : old.metadata())
    if (e.key != chat_template_key) CHECK(*now.find(e.key) == e.v);
  CHECK(std::equal(old.tensors().begin(), old.tensors().end(), now.tensors().begin(),
                   now.tensors().end()));
  const std::string after = read_whole_file(path, 64_MiB).value();
  const auto data = std::as_bytes(std::span(after));
  CHECK(
      std::ranges::equal(bytes_before.subspan(old.data_offset()), data.subspan(now.data_offset())));
}

}  // namespace

TEST_SUITE("header_change") {
  TEST_CASE(
      "templates of any length around the room that there is change, and come back to the byte") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf"), source(3000, 'a');
    const bool has_blocks = moves_blocks(at.root().string());
    for (const std::uint32_t alignment : {32u, 64u, 8u}) {
      for (const int change :
           {-3000, -2999, -100, -37, -33, -32, -31, -1, 1, 8, 31, 32, 63, 500, 5000, 90000}) {
        CAPTURE(alignment);
        CAPTURE(change);
        write_file(path, header_of(source, {.alignment = alignment}));
        const std::string before = content(path);
        const std::string wanted(source.size() + static_cast<std::size_t>(change), 'b');
        const auto c = set_chat_template(path, wanted);
        REQUIRE(c.has_value());
        CHECK(template_of(path) == wanted);
        check_same_model(path, before);
        if (change <= 0 && alignment >= 32) CHECK(c->how == header_method::in_place);
        if (change > 63)
          CHECK(c->how == (has_blocks ? header_method::blocks : header_method::copy));
        CHECK(fs::exists(path + ".header-backup"));
        // the size of the header only, and two lines
        CHECK(fs::file_size(path + ".header-backup") <= c->header_before.count + 200);
        CHECK_FALSE(fs::exists(path + ".header-change"));
        const auto back = restore_header(path);
        REQUIRE(back.has_value());
        CHECK(content(path) == before);
        CHECK_FALSE(fs::exists(path + ".header-backup"));
      }
    }
  }

  TEST_CASE(
      "a second change takes the room of the first, and what comes back is the first header") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    write_file(path, header_of("short"));
    const std::string before = content(path);
    const auto first = set_chat_template(path, std::string(5000, 'b')).value();
    const auto second = set_chat_template(path, std::string(6000, 'c')).value();
    CHECK(second.how == header_method::in_place);
    CHECK(second.header_after == first.header_after);
    CHECK(set_chat_template(path, std::string(6000, 'c')).value().how == header_method::unchanged);
    CHECK(template_of(path) == std::string(6000, 'c'));
    check_same_model(path, before);
    REQUIRE(restore_header(path).has_value());
    CHECK(content(path) == before);
    CHECK(restore_header(path).error().code == errc::not_found);
  }

#ifndef _WIN32  // where it is told that the file is in use
  TEST_CASE("who opens the file meanwhile waits, and reads it as after") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    write_file(path, header_of("short"));
    for (const std::size_t n : {9000, 8000}) {
      std::thread reader;
      std::string read;
      const auto c = set_chat_template(path, std::string(n, 'b'), {.after = [&](header_step s) {
                                         if (s == header_step::staged)
                                           reader = std::thread([&] { read = content(path); });
                                       }});
      reader.join();
      REQUIRE(c.has_value());
      const auto parsed = gguf::parse(std::as_bytes(std::span(read)));
      REQUIRE(parsed.has_value());
      const std::string source = chat_facts_of(*parsed).source;
      const bool is_before = c->how == header_method::copy && source.size() != n;
      CHECK((is_before || source == std::string(n, 'b')));
    }
  }
#endif

  TEST_CASE("a file without a template gets one, at the end of its keys") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    for (const std::size_t n_tokens : {0, 1000}) {  // a header of one block, and of several
      CAPTURE(n_tokens);
      gguf::writer w;
      w.add("tokenizer.ggml.tokens", std::vector<std::string>(n_tokens, "token"));
      w.add_tensor("one.weight", ggml_type::f32, {1024, 64});
      write_file(path, w.finish());
      const std::string before = content(path);
      REQUIRE(set_chat_template(path, std::string(50, 'b')).has_value());
      CHECK(template_of(path) == std::string(50, 'b'));
      check_same_model(path, before);
      REQUIRE(restore_header(path).has_value());
      CHECK(content(path) == before);
    }
  }

  TEST_CASE("a header that ends at a block's border") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    for (std::size_t n = 0; n < 8192; ++n) {
      const auto header = header_of("t", {.description = n + 1});
      if (header.size() % 4096 != 0) continue;
      write_file(path, header);
      const std::string before = content(path);
      REQUIRE(set_chat_template(path, std::string(5000, 'b')).has_value());
      check_same_model(path, before);
      REQUIRE(restore_header(path).has_value());
      CHECK(content(path) == before);
      return;
    }
    FAIL("no header was of whole blocks");
  }

#ifndef _WIN32  // where a copy takes all of them
  TEST_CASE("a file of 16 GiB changes and comes back within seconds, by blocks or by a copy") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    write_file(path, header_of("short", {.rows = 4 << 20}));
    CHECK(fs::file_size(path) > std::uint64_t{16} << 30);
    const bool has_blocks = moves_blocks(at.root().string());
    for (const header_method how : {header_method::blocks, header_method::copy}) {
      if (how == header_method::blocks && !has_blocks) continue;
      const auto start = std::chrono::steady_clock::now();
      bytes told;
      const auto c =
          set_chat_template(path, std::string(9000, 'b'),
                            {.only = how, .progress = [&](bytes done, bytes) { told = done; }});
      REQUIRE(c.has_value());
      CHECK(c->how == how);
      CHECK((told.count > 0) == (how == header_method::copy));
      CHECK(template_of(path) == std::string(9000, 'b'));
      REQUIRE(restore_header(path).has_value());
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      MESSAGE(text_of(how), ", there and back: ", took.count(), " s");
      CHECK(took.count() < 20);
      CHECK(template_of(path) == "short");
    }
  }

  TEST_CASE("a file system that moves no blocks gets a copy, with the same rights") {
    if (!fs::exists("/dev/shm")) return;
    const std::string path = "/dev/shm/vrambudget-" + std::to_string(::getpid()) + ".gguf";
    write_file(path, header_of("short"));
    ::chmod(path.c_str(), 0640);
    const std::string before = content(path);
    const auto c = set_chat_template(path, std::string(9000, 'b'));
    REQUIRE(c.has_value());
    CHECK(c->how == header_method::copy);
    check_same_model(path, before);
    struct stat info {};
    CHECK(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0640);
    REQUIRE(restore_header(path).has_value());
    CHECK(content(path) == before);
    fs::remove(path);
  }
#endif
}
