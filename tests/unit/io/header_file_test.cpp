#include "vrambudget/io/header_file.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#ifndef _WIN32
#include <sys/stat.h>
#endif

#include "temporary_folder.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;
namespace fs = std::filesystem;

namespace {

/// In bytes; Windows' C library knows no larger ones where the standard's asks it.
constexpr std::uintmax_t large = std::uintmax_t{1} << (sizeof(long) == 4 ? 30 : 40);

/// With a vocabulary of so many tokens of 12 bytes.
std::string write_model(const temporary_folder& folder, std::size_t n_tokens) {
  const auto header = gguf::writer()
                          .add("tokenizer.ggml.tokens",
                               std::vector<std::string>(n_tokens, "twelve bytes"))
                          .finish();
  return folder.write("model.gguf", {reinterpret_cast<const char*>(header.data()), header.size()});
}

#ifndef _WIN32
std::string pipe_in(const temporary_folder& folder) {
  const std::string pipe = folder.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  return pipe;
}
#endif

}  // namespace

TEST_SUITE("header_file") {
  TEST_CASE("of a large file its beginning is read, which stays where it is when it moves") {
    const temporary_folder folder;
    const std::string path = write_model(folder, 1000);
    fs::resize_file(path, large);
    auto file = header_file::open(path);
    REQUIRE_MESSAGE(file.has_value(), file.error().message);
    CHECK(file->size() == bytes{large});
    CHECK(file->data().size() == 69 + 1000 * 20);  // up to the array, and its strings with their lengths
    const std::byte* const where = file->data().data();
    CHECK(where[0] == std::byte{'G'});
    const header_file moved = std::move(*file);
    CHECK(moved.data().data() == where);
    CHECK(file->data().empty());
  }

  TEST_CASE("a header of several parts is read to its end") {
    const temporary_folder folder;
    const std::string path = write_model(folder, 300'000);
    auto file = header_file::open(path);
    REQUIRE_MESSAGE(file.has_value(), file.error().message);
    const gguf::header h = file->take_header();
    CHECK(h.find("tokenizer.ggml.tokens")->size() == 300'000);
    CHECK(file->data().size() == 69 + 300'000 * 20);
    CHECK(h == gguf::parse(file->data(), {.file_size = file->size()}).value());
  }

  TEST_CASE("a file that ends within its header is as damaged as its bytes are") {
    const temporary_folder folder;
    const std::string path = write_model(folder, 300'000);
    for (const std::uintmax_t size : {5'000'000, 2'000'000, 100'000, 30, 3}) {
      fs::resize_file(path, size);
      const auto file = header_file::open(path);
      REQUIRE_FALSE(file.has_value());
      std::ifstream in(path, std::ios::binary);
      const std::string all{std::istreambuf_iterator<char>(in), {}};
      const auto parsed = gguf::parse(std::as_bytes(std::span(all)));
      CHECK(file.error().code == errc::truncated);
      CHECK(file.error().message == path + ": " + parsed.error().message);
    }
  }

  TEST_CASE("what is read outlives a file that is cut short") {
    const temporary_folder folder;
    const std::string path = write_model(folder, 300'000);
    const auto file = header_file::open(path);
    REQUIRE(file.has_value());
    fs::resize_file(path, 4096);
    CHECK(gguf::parse(file->data(), {.file_size = file->size()}).has_value());
    CHECK(file->check_unchanged(path).error().message.find("has 4096 now") != std::string::npos);
  }

  TEST_CASE("a header that announces more than any has is refused, not read") {
    const temporary_folder folder;
    const auto refused = [&](std::size_t at, std::uint64_t announced) {
      const std::string path = write_model(folder, 1000);
      std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
          .seekp(static_cast<std::streamoff>(at))
          .write(reinterpret_cast<const char*>(&announced), sizeof announced);
      fs::resize_file(path, large);
      const auto file = header_file::open(path);
      REQUIRE_FALSE(file.has_value());
      CHECK(file.error().code == errc::limit);
      return file.error().message.substr(path.size() + 2);
    };
    CHECK(refused(8, 1 << 19) == "tensor count at byte 8: found 524288, expected at most 262144");
    CHECK(refused(16, 1 << 17) == "key count at byte 16: found 131072, expected at most 65536");
    // key, its length, type and element's type come before the array's length
    CHECK(refused(24 + 8 + 21 + 8, 1 << 29) ==
          "a header of at least 4294967365 bytes, expected at most 134217728");
    CHECK(refused(24 + 8 + 21 + 8 + 8, 1 << 29) ==
          "a header of at least 536870989 bytes, expected at most 134217728");
  }

  TEST_CASE("an empty file has no header") {
    const temporary_folder folder;
    const std::string path = folder.write("empty", "");
    CHECK(header_file::open(path).error().message ==
          path + ": is empty: found 0 bytes, expected a GGUF file");
  }

  TEST_CASE("a file that changes after it was opened is told from one that stays") {
    const temporary_folder folder;
    const std::string path = write_model(folder, 1);
    const std::string size = std::to_string(fs::file_size(path));
    const auto how_it_changed = [&](const auto& change) {
      const auto file = header_file::open(path);
      REQUIRE(file.has_value());
      CHECK(file->check_unchanged(path).has_value());
      change();
      const auto same = file->check_unchanged(path);
      return same ? std::string() : same.error().message;
    };
    const auto age = [&] {
      fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(1000));
    };
    CHECK(how_it_changed([] {}).empty());
    CHECK(how_it_changed(age) ==
          path + ": changed while it was read: it was written to");
    CHECK(how_it_changed([&] { fs::resize_file(path, 1000); }) ==
          path + ": changed while it was read: it had " + size + " bytes, and has 1000 now");
    CHECK(how_it_changed([&] {
            fs::copy_file(path, folder.path("other"));
            fs::rename(folder.path("other"), path);
          }) == path + ": changed while it was read: another file is there now");
    CHECK(how_it_changed([&] { fs::remove(path); }).find("No such file or directory") !=
          std::string::npos);
  }

  TEST_CASE("what is no file is refused by path and cause") {
    const temporary_folder folder;
    const std::pair<std::string, std::string> cases[] = {
#ifdef _WIN32
        {"NUL", "found a device, expected a file"},
        {folder.write("file", "x") + "/below", "No such file or directory"},
#else
        {pipe_in(folder), "found a pipe, expected a file"},
        {"/dev/null", "found a device, expected a file"},
        {folder.write("file", "x") + "/below", "Not a directory"},
#endif
        {folder.path("none"), "No such file or directory"},
        {folder.path(""), "found a directory, expected a file"},
        {"", "No such file or directory"},
    };
    for (const auto& c : cases) {
      CAPTURE(c.first);
      const auto file = header_file::open(c.first);
      REQUIRE_FALSE(file.has_value());
      CHECK(file.error().code == errc::io);
      CHECK(file.error().message.starts_with(c.first + ": "));
      CHECK(file.error().message.find(c.second) != std::string::npos);
    }
  }
}
