#include "vrambudget/io/mapped_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>
#include <utility>

#include "temporary_folder.hpp"

using namespace vrambudget;

TEST_SUITE("mapped_file") {
  TEST_CASE("a file's bytes are there and stay in place when it moves") {
    const temporary_folder folder;
    const std::string path = folder.write("five", "hello");
    auto file = mapped_file::open(path);
    REQUIRE_MESSAGE(file.has_value(), file.error().message);
    CHECK(file->size() == 5_B);
    const std::byte* const where = file->data().data();
    CHECK(where[4] == std::byte{'o'});
    const mapped_file moved = std::move(*file);
    CHECK(moved.data().data() == where);
    CHECK(moved.size() == 5_B);
    CHECK(file->data().empty());
  }

  TEST_CASE("an empty file has no bytes") {
    const temporary_folder folder;
    const auto file = mapped_file::open(folder.write("empty", ""));
    REQUIRE(file.has_value());
    CHECK(file->data().empty());
  }

  TEST_CASE("what cannot be mapped is refused by path and cause") {
    const temporary_folder folder;
    const std::string pipe = folder.path("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const std::pair<std::string, std::string> cases[] = {
        {folder.path("none"), "No such file or directory"},
        {folder.path(""), "found a directory, expected a file"},
        {pipe, "found a pipe, expected a file"},
        {"/dev/null", "found a device, expected a file"},
        {folder.write("file", "x") + "/below", "Not a directory"},
        {"", "No such file or directory"},
    };
    for (const auto& c : cases) {
      CAPTURE(c.first);
      const auto file = mapped_file::open(c.first);
      REQUIRE_FALSE(file.has_value());
      CHECK(file.error().code == errc::io);
      CHECK(file.error().message.starts_with(c.first + ": "));
      CHECK(file.error().message.find(c.second) != std::string::npos);
    }
  }
}
