#include "vrambudget/io/mapped_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>

#include "temporary_folder.hpp"

using namespace vrambudget;
namespace fs = std::filesystem;

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

  TEST_CASE("a file that changes after it was opened is told from one that stays") {
    const temporary_folder folder;
    const std::string path = folder.write("file", "hello");
    const auto how_it_changed = [&](const auto& change) {
      const auto file = mapped_file::open(path);
      REQUIRE(file.has_value());
      CHECK(file->check_unchanged(path).has_value());
      change();
      const auto same = file->check_unchanged(path);
      return same ? std::string() : same.error().message;
    };
    const auto set_time = [&](long seconds) {
      const timespec times[] = {{seconds, 0}, {seconds, 0}};
      REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
    };
    CHECK(how_it_changed([] {}).empty());
    CHECK(how_it_changed([&] { set_time(1'000'000'000); }) ==
          path + ": changed while it was read: it was written to");
    CHECK(how_it_changed([&] { (void)folder.write("file", "hello, world"); }) ==
          path + ": changed while it was read: it had 5 bytes, and has 12 now");
    CHECK(how_it_changed([&] {
            fs::rename(folder.write("other", "hello, world"), path);
          }) == path + ": changed while it was read: another file is there now");
    CHECK(how_it_changed([&] { fs::remove(path); }).find("No such file or directory") !=
          std::string::npos);
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
