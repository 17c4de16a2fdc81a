#include "vrambudget/hub/header_cache.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "../io/temporary_folder.hpp"

using namespace vrambudget;

namespace {

namespace fs = std::filesystem;

remote_header header_of(std::size_t n, const std::string& validator = "\"1\"") {
  return {std::vector<std::byte>(n, std::byte{7}), validator, 1000000, true};
}

std::size_t n_files(const std::string& folder) {
  std::size_t n = 0;
  for (const auto& e : fs::directory_iterator(folder)) n += e.is_regular_file();
  return n;
}

}  // namespace

TEST_SUITE("header_cache") {
  TEST_CASE("what was kept is found by its address, whole or in part") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string() + "/a/b");
    CHECK_FALSE(cache.find("http://h/x").has_value());
    REQUIRE(cache.keep("http://h/x", header_of(100)).has_value());
    remote_header part = header_of(5, "\"2\"");
    part.is_complete = false;
    part.total.reset();
    REQUIRE(cache.keep("http://h/y", part).has_value());
    const auto x = cache.find("http://h/x"), y = cache.find("http://h/y");
    REQUIRE(x.has_value());
    REQUIRE(y.has_value());
    CHECK(x->data.size() == 100);
    CHECK(x->validator == "\"1\"");
    CHECK(x->total == 1000000);
    CHECK(x->is_complete);
    CHECK(y->data.size() == 5);
    CHECK_FALSE(y->total.has_value());
    CHECK_FALSE(y->is_complete);
    CHECK(cache.kept_urls("http://h/") == std::vector<std::string>{"http://h/x"});
    CHECK(cache.kept_urls("https://").empty());
  }

  TEST_CASE("a newer header takes an older one's place") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string());
    REQUIRE(cache.keep("u", header_of(10, "\"1\"")).has_value());
    REQUIRE(cache.keep("u", header_of(20, "\"2\"")).has_value());
    CHECK(cache.find("u")->validator == "\"2\"");
    CHECK(n_files(folder.root().string()) == 1);
  }

  TEST_CASE("over the bound the one unused for longest goes first") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string(), bytes{3500});
    const auto age = [&](int minutes) {  // of all files that are there
      for (const auto& e : fs::directory_iterator(folder.root()))
        fs::last_write_time(e.path(), e.last_write_time() - std::chrono::minutes(minutes));
    };
    for (const char* url : {"a", "b", "c"}) {
      REQUIRE(cache.keep(url, header_of(1000)).has_value());
      age(10);
    }
    REQUIRE(cache.find("a").has_value());  // used: now the youngest
    REQUIRE(cache.keep("d", header_of(1000)).has_value());
    CHECK(cache.find("a").has_value());
    CHECK_FALSE(cache.find("b").has_value());
    CHECK(cache.find("c").has_value());
    CHECK(cache.find("d").has_value());
    REQUIRE(cache.keep("e", header_of(4000)).has_value());  // by itself over the bound
    CHECK_FALSE(cache.find("e").has_value());
  }

  TEST_CASE("a header that nothing identifies is not kept, nor are line feeds in what does") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string());
    REQUIRE(cache.keep("u", header_of(10, "")).has_value());
    REQUIRE(cache.keep("u\nv", header_of(10)).has_value());
    REQUIRE(cache.keep("u", header_of(10, "\"1\"\n")).has_value());
    CHECK(n_files(folder.root().string()) == 0);
  }

  TEST_CASE("a damaged entry is not there") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string());
    REQUIRE(cache.keep("u", header_of(100)).has_value());
    const fs::path entry = fs::directory_iterator(folder.root())->path();
    const auto size = fs::file_size(entry);
    for (std::uintmax_t n = 0; n < size; ++n) {
      fs::resize_file(entry, n);
      CHECK_FALSE(cache.find("u").has_value());
      REQUIRE(cache.keep("u", header_of(100)).has_value());
    }
    CHECK(cache.find("u").has_value());
  }

  TEST_CASE("an entry of which a bit has turned is not there") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string());
    REQUIRE(cache.keep("u", header_of(100)).has_value());
    const fs::path entry = fs::directory_iterator(folder.root())->path();
    std::ifstream in(entry, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string turned = whole;
      turned[at] = static_cast<char>(turned[at] ^ (1 << at % 8));
      std::ofstream(entry, std::ios::binary) << turned;
      CAPTURE(at);
      CHECK_FALSE(cache.find("u").has_value());
    }
    std::ofstream(entry, std::ios::binary) << whole;
    CHECK(cache.find("u").has_value());
  }

#ifndef _WIN32
  TEST_CASE("entries are this user's alone") {
    const temporary_folder folder;
    const std::string headers = folder.path("a/headers");
    REQUIRE(header_cache(headers).keep("u", header_of(10)).has_value());
    CHECK(fs::status(headers).permissions() == fs::perms::owner_all);
    CHECK(fs::status(folder.path("a")).permissions() == fs::perms::owner_all);
    CHECK(fs::status(fs::directory_iterator(headers)->path()).permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
  }
#endif

  TEST_CASE("of an address that may hold secrets nothing is kept") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string());
    for (const char* url : {"http://user@h/x", "https://user:password@h/x", "http://h/x?token=1",
                            "http://h/x#fragment", "http://user@h"}) {
      REQUIRE(cache.keep(url, header_of(10)).has_value());
      CHECK_FALSE(cache.find(url).has_value());
    }
    CHECK(n_files(folder.root().string()) == 0);
    REQUIRE(cache.keep("http://h/a@b/x", header_of(10)).has_value());
    CHECK(cache.find("http://h/a@b/x").has_value());
  }

  TEST_CASE("what was left behind, and entries of another form, are removed") {
    const temporary_folder folder;
    const header_cache cache(folder.root().string());
    (void)folder.write("0123456789abcdef.header.new", "half");
    (void)folder.write("0123456789abcdef.header.4711.99", "half");
    (void)folder.write("0123456789abcdef.header", "vrambudget header 1\nhttp://u:p@h/x\n");
    (void)folder.write("notes", "somebody's");
    REQUIRE(cache.keep("u", header_of(10)).has_value());
    CHECK(n_files(folder.root().string()) == 2);
    CHECK(fs::exists(folder.path("notes")));
  }

  TEST_CASE("a folder that cannot be made is an error that names it") {
    const temporary_folder folder;
    const std::string file = folder.write("file", "x");
    const auto kept = header_cache(file + "/headers").keep("u", header_of(10));
    REQUIRE_FALSE(kept.has_value());
    CHECK(kept.error().code == errc::io);
    CHECK(kept.error().message.find(file) != std::string::npos);
  }
}
