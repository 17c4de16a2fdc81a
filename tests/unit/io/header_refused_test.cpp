// Changes of headers that cannot be made, or fail in the middle: the file stays as it was.
#include <doctest/doctest.h>
#include <signal.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "patched_file.hpp"
#include "temporary_folder.hpp"
#include "vrambudget/io/header_change.hpp"

using namespace vrambudget;
using namespace vrambudget::testing;

namespace {

namespace fs = std::filesystem;

std::size_t n_files(const temporary_folder& at) {
  std::size_t n = 0;
  for (const auto& entry : fs::directory_iterator(at.root())) n += entry.is_regular_file();
  return n;
}

}  // namespace

TEST_SUITE("header_refused") {
  TEST_CASE("what cannot be changed is refused with the reason, and stays as it is") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    write_file(path, header_of("short"));
    const std::string before = content(path);
    const auto refused = [&](const std::string& file, const std::string& source,
                             const std::string& part, errc code) {
      CAPTURE(part);
      const auto c = set_chat_template(file, source);
      REQUIRE_FALSE(c.has_value());
      CHECK(c.error().code == code);
      CHECK_MESSAGE(c.error().message.find(part) != std::string::npos, c.error().message);
      CHECK(content(path) == before);
      CHECK_FALSE(fs::exists(path + ".header-change"));
    };
    refused(path, "a\xff", "byte 1: no UTF-8", errc::bad_format);
    refused(path, std::string((256u << 20) + 1, 'x'), "expected at most 134217728", errc::limit);
    refused(at.path("none.gguf"), "x", "cannot open", errc::io);
    refused(at.write("no.gguf", "nothing of the kind"), "x", "magic", errc::bad_format);
    refused(at.root().string(), "x", "cannot open for writing", errc::io);
    {
      std::ifstream reader(path);
      refused(path, "x", "is open in ", errc::io);
    }
    {  // as a server that runs has its weights
      const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      REQUIRE(fd >= 0);
      void* const mapped = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
      ::close(fd);
      REQUIRE(mapped != MAP_FAILED);
      refused(path, "x", "is open in ", errc::io);
      ::munmap(mapped, 4096);
    }
    fs::create_directory(at.path("blobs"));
    fs::copy_file(path, at.path("blobs/0123abcd"));
    fs::create_symlink("blobs/0123abcd", at.path("named.gguf"));
    refused(at.path("named.gguf"), "x", "the hash of its content", errc::invalid_argument);
    CHECK(set_chat_template(at.path("named.gguf"), "x", {.force = true}).has_value());
    CHECK(fs::is_symlink(at.path("named.gguf")));
    CHECK(template_of(at.path("blobs/0123abcd")) == "x");
  }

  TEST_CASE("of a set the first file has the template") {
    const temporary_folder at;
    for (std::uint16_t no = 0; no < 2; ++no) {
      gguf::writer w;
      w.add("split.no", no).add("split.count", std::uint16_t{2});
      w.add("split.tensors.count", std::int32_t{2});
      w.add_tensor("t" + std::to_string(no), ggml_type::f32, {64});
      write_file(at.path("m-0000" + std::to_string(no + 1) + "-of-00002.gguf"), w.finish());
    }
    const auto wrong = set_chat_template(at.path("m-00002-of-00002.gguf"), "x");
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().code == errc::invalid_argument);
    CHECK(wrong.error().message.find("found file 2 of 2, expected the first") != std::string::npos);
    CHECK(wrong.error().message.find("m-00001-of-00002.gguf") != std::string::npos);
    const auto first = set_chat_template(at.path("m-00001-of-00002.gguf"), "x");
    CHECK_MESSAGE(first.has_value(), (first ? "" : first.error().message));
    CHECK(template_of(at.path("m-00002-of-00002.gguf")) == "x");
  }

  TEST_CASE("a full disk leaves the file as it was, and nothing beside it") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    write_file(path, header_of("short", {.rows = 1024}));
    const std::string before = content(path);
    struct rlimit was {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &was) == 0);
    const auto usual = ::signal(SIGXFSZ, SIG_IGN);
    // no room for what is kept, and none for the copy
    for (const rlim_t most : {rlim_t{1000}, rlim_t{1 << 20}}) {
      CAPTURE(most);
      struct rlimit small = was;
      small.rlim_cur = most;
      REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
      const auto c = set_chat_template(path, std::string(9000, 'b'), {.only = header_method::copy});
      REQUIRE(::setrlimit(RLIMIT_FSIZE, &was) == 0);
      REQUIRE_FALSE(c.has_value());
      CHECK(c.error().code == errc::io);
      CHECK(content(path) == before);
      CHECK(n_files(at) == 1);
    }
    ::signal(SIGXFSZ, usual);
  }

  TEST_CASE("a header that cannot be written to its end is undone") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf"), source(9000, 'a');
    const bool has_blocks = moves_blocks(at.root().string());
    write_file(path, header_of(source));
    const std::string before = content(path);
    for (const header_step at_step : {header_step::resized, header_step::half})
      for (const std::size_t n : {100, 20000}) {
        CAPTURE(n);
        if (n > source.size() && !has_blocks) continue;
        const pid_t own = ::getpid();
        // as if the system had refused what comes next in the process that writes
        const auto c = set_chat_template(path, std::string(n, 'b'), {.after = [=](header_step s) {
                                           if (s == at_step && ::getpid() != own) ::_exit(ENOSPC);
                                         }});
        REQUIRE_FALSE(c.has_value());
        CHECK(c.error().message.find("cannot write the header: No space left on device") !=
              std::string::npos);
        CHECK(content(path) == before);
        CHECK(n_files(at) == 1);
      }
  }

  TEST_CASE("a file that changes while it is copied is told, and stays") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    write_file(path, header_of("short"));
    const auto c = set_chat_template(path, std::string(9000, 'b'),
                                     {.only = header_method::copy, .after = [&](header_step s) {
                                        if (s != header_step::copying) return;
                                        std::fstream other(
                                            path, std::ios::binary | std::ios::in | std::ios::out);
                                        other.seekp(-3, std::ios::end);
                                        other << "new";
                                      }});
    REQUIRE_FALSE(c.has_value());
    CHECK(c.error().message.find("changes while it is copied") != std::string::npos);
    CHECK(template_of(path) == "short");
    CHECK(content(path).ends_with("new"));
  }

  TEST_CASE("a damaged backup, and another file's, restore nothing") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf"), other = at.path("n.gguf");
    write_file(path, header_of("short"));
    write_file(other, header_of("short", {.rows = 65}));
    REQUIRE(set_chat_template(path, "another").has_value());
    const std::string changed = content(path), before = content(other);
    fs::copy_file(path + ".header-backup", other + ".header-backup");
    CHECK(restore_header(other).error().code == errc::bad_format);
    CHECK(content(other) == before);
    std::string kept = content(path + ".header-backup");
    kept[kept.size() / 2] ^= 1;
    CHECK(at.write("m.gguf.header-backup", kept) == path + ".header-backup");
    CHECK(restore_header(path).error().code == errc::bad_format);
    CHECK(at.write("m.gguf.header-backup", kept.substr(0, 50)) == path + ".header-backup");
    CHECK(restore_header(path).error().code == errc::bad_format);
    CHECK(content(path) == changed);
  }
}
