// Processes that are killed while they change a header.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <filesystem>
#include <string>

#include "patched_file.hpp"
#include "temporary_folder.hpp"
#include "vrambudget/io/header_change.hpp"

using namespace vrambudget;
using namespace vrambudget::testing;

namespace {

enum class killed { the_one_that_writes, the_other, both };

/// Changes a file in a process that is killed after a step; returns when nobody works on the file any more.
void change_and_kill(const std::string& path, const std::string& source, header_method how,
                     header_step last, killed who) {
  const pid_t changer = ::fork();
  if (changer == 0) {
    const pid_t own = ::getpid();
    header_change_options options;
    options.only = how;
    options.after = [=](header_step s) {
      if (s != last) return;
      const bool is_writer = ::getpid() != own;
      // once the writer is gone the other takes these steps, too, and is let be
      if (!is_writer && who == killed::the_one_that_writes &&
          (s == header_step::resized || s == header_step::half || s == header_step::written))
        return;
      if (is_writer && who != killed::the_one_that_writes) ::kill(own, SIGKILL);
      if (is_writer && who == killed::the_other) return;
      ::kill(::getpid(), SIGKILL);
    };
    const auto c = set_chat_template(path, source, options);
    ::_exit(c ? 0 : 1);
  }
  int status = 0;
  ::waitpid(changer, &status, 0);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::flock(fd, LOCK_EX);  // the writer has it until its end
  ::close(fd);
}

void check_kills(header_method how, std::initializer_list<header_step> steps, std::size_t n_before,
                 std::size_t n_after) {
  const temporary_folder at;
  const std::string path = at.path("m.gguf"), old_source(n_before, 'a'), source(n_after, 'b');
  write_file(path, header_of(old_source));
  const std::string before = content(path);
  if (!set_chat_template(path, source, {.only = how})) return;  // a file system that cannot
  const std::string after = content(path);
  REQUIRE(restore_header(path).has_value());
  REQUIRE(content(path) == before);
  for (const header_step s : steps)
    for (const killed who : {killed::the_one_that_writes, killed::the_other, killed::both}) {
      CAPTURE(static_cast<int>(s));
      CAPTURE(static_cast<int>(who));
      change_and_kill(path, source, how, s, who);
      const bool is_between =
          who == killed::both && (s == header_step::resized || s == header_step::half);
      const std::string left = content(path);
      if (!is_between) {
        CHECK((left == before || left == after));
        // the one that is left ends the work, once it was begun
        const bool is_begun = s == header_step::resized || s == header_step::half;
        if (is_begun) CHECK(left == after);
        CHECK(template_of(path) == (left == before ? old_source : source));
      } else {
        CHECK(std::filesystem::exists(path + ".header-change"));
      }
      // whatever was left, it goes on from there
      const auto back = restore_header(path);
      if (!back) CHECK(back.error().code == errc::not_found);
      if (is_between) CHECK(back->undid_another);
      CHECK(content(path) == before);
      std::size_t n = 0;
      for (const auto& entry : std::filesystem::directory_iterator(at.root())) n += entry.exists();
      CHECK(n == 1);

      change_and_kill(path, source, how, s, who);
      REQUIRE(set_chat_template(path, source, {.only = how}).has_value());
      CHECK(content(path) == after);
      REQUIRE(restore_header(path).has_value());
      CHECK(content(path) == before);
    }
}

void write_at_end(const std::string& path, int before_end) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-before_end, std::ios::end);
  file << std::string(5000, 'x');
}

}  // namespace

TEST_SUITE("header_kill") {
  using enum header_step;

  TEST_CASE("killed while blocks are put in, a file is as before or as after, or can be undone") {
    check_kills(header_method::blocks, {staged, resized, half, written, kept}, 100, 9000);
  }
  TEST_CASE(
      "killed while a header is written in place, a file is as before or as after, or can be "
      "undone") {
    check_kills(header_method::in_place, {staged, half, written, kept}, 9000, 100);
  }
  TEST_CASE("killed while a copy is written, a file is as before or as after") {
    check_kills(header_method::copy, {staged, copying, renamed, kept}, 100, 9000);
  }

  TEST_CASE("what a change of another file left behind undoes nothing here") {
    const temporary_folder at;
    const std::string path = at.path("m.gguf");
    write_file(path, header_of("short"));
    change_and_kill(path, std::string("other"), header_method::in_place, staged, killed::both);
    REQUIRE(std::filesystem::exists(path + ".header-change"));
    // the same size, another header and other data
    write_file(path, header_of("trohs"));
    write_at_end(path, 4096 * 16 + 100);
    const std::string before = content(path);
    const auto c = set_chat_template(path, "x");
    REQUIRE_FALSE(c.has_value());
    CHECK(c.error().message.find("tells of another file") != std::string::npos);
    CHECK(restore_header(path).error().code == errc::bad_format);
    CHECK(content(path) == before);
  }
}
