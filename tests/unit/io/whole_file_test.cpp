#include "vrambudget/io/whole_file.hpp"

#include <doctest/doctest.h>

#include <string>

#ifndef _WIN32
#include <sys/stat.h>
#endif

#include "temporary_folder.hpp"

using namespace vrambudget;

TEST_SUITE("whole_file") {
  TEST_CASE("a file is read whole, and none that has more than it may") {
    const temporary_folder folder;
    const std::string path = folder.write("five", "hello");
    CHECK(read_whole_file(path, 5_B).value() == "hello");
    CHECK(read_whole_file(folder.write("empty", ""), 5_B).value().empty());
    const auto refused = read_whole_file(path, 4_B);
    CHECK(refused.error().code == errc::limit);
    CHECK(refused.error().message == path + ": has 5 bytes, expected at most 4");
  }

#ifndef _WIN32
  TEST_CASE("a file whose size the system does not tell is held to the same") {
    CHECK(read_whole_file("/proc/self/maps", 4_MiB).value().size() > 100);
    CHECK(read_whole_file("/proc/self/maps", 100_B).error().code == errc::limit);
  }

  TEST_CASE("what is no file is told from one, and nobody waits for it") {
    const temporary_folder folder;
    const std::string pipe = folder.path("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(read_whole_file(pipe, 5_B).error().message == pipe + ": found a pipe, expected a file");
  }
#endif

  TEST_CASE("a file that is not there is not read") {
    const temporary_folder folder;
    CHECK(read_whole_file(folder.path("none"), 5_B).error().code == errc::io);
  }
}
