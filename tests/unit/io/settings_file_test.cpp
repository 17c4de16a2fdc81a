#include "vrambudget/io/settings_file.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "temporary_folder.hpp"

using namespace vrambudget;
namespace fs = std::filesystem;

namespace {

result<void> put(const std::string& path, const std::string& text) {
  return update_settings(path, [&](const auto&) -> result<std::string> { return text; });
}

std::size_t n_files(const std::string& folder) {
  std::size_t n = 0;
  for (const auto& entry : fs::directory_iterator(folder)) n += entry.is_regular_file();
  return n;
}

}  // namespace

TEST_SUITE("settings file") {
  TEST_CASE("a file that is not there has no text and is made with its folders") {
    const temporary_folder t;
    const std::string path = t.path("a/b/settings.json");
    CHECK_FALSE(read_settings(path).value());
    const auto made = update_settings(path, [](const auto& present) -> result<std::string> {
      CHECK_FALSE(present);
      return "one";
    });
    CHECK(made.has_value());
    CHECK(read_settings(path).value() == "one");
    CHECK(n_files(t.path("a/b")) == 2);  // itself and its lock: no temporary stays
  }

  TEST_CASE("a change that fails leaves the file as it was") {
    const temporary_folder t;
    const std::string path = t.write("settings.json", "before");
    const auto failed = update_settings(path, [](const auto& present) -> result<std::string> {
      CHECK(present == "before");
      return error{errc::bad_format, "no"};
    });
    CHECK(failed.error().code == errc::bad_format);
    CHECK(read_settings(path).value() == "before");
  }

  TEST_CASE("the file is replaced and not written into") {
    const temporary_folder t;
    const std::string path = t.write("settings.json", "before");
    fs::create_hard_link(path, t.path("old"));
    CHECK(put(path, "after").has_value());
    CHECK(read_settings(path).value() == "after");
    CHECK(read_settings(t.path("old")).value() == "before");
  }

  TEST_CASE("what a process that was ended left beside it is taken over, a link there is not followed") {
    const temporary_folder t;
    const std::string path = t.write("settings.json", "before");
    const std::string victim = t.write("victim", "mine");
    (void)t.write("settings.json.new", std::string(100, 'x'));
    CHECK(put(path, "after").has_value());
    CHECK(read_settings(path).value() == "after");
    fs::create_symlink(victim, t.path("settings.json.new"));
    CHECK(put(path, "again").has_value());
    CHECK(read_settings(path).value() == "again");
    CHECK(read_settings(victim).value() == "mine");
    CHECK_FALSE(fs::exists(t.path("settings.json.new")));
  }

  TEST_CASE("a file that is made is this user's alone, and so are its folders") {
    const temporary_folder t;
    const std::string path = t.path("a/settings.json");
    REQUIRE(put(path, "x").has_value());
    CHECK(fs::status(t.path("a")).permissions() == fs::perms::owner_all);
    CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  }

  TEST_CASE("a link stays a link to the replaced file") {
    const temporary_folder t;
    fs::create_directory(t.path("dotfiles"));
    const std::string real = t.write("dotfiles/settings.json", "before");
    fs::create_symlink(real, t.path("settings.json"));
    CHECK(put(t.path("settings.json"), "after").has_value());
    CHECK(fs::is_symlink(t.path("settings.json")));
    CHECK(read_settings(real).value() == "after");
  }

  TEST_CASE("processes that change it at the same time lose no change") {
    const temporary_folder t;
    const std::string path = t.path("settings.json");
    constexpr int n_process = 4, n_change = 25;
    for (int p = 0; p < n_process; ++p)
      if (::fork() == 0) {
        bool ok = true;
        for (int i = 0; i < n_change; ++i)
          ok &= update_settings(path, [](const auto& present) -> result<std::string> {
                  return present.value_or("") + "x";
                }).has_value();
        ::_exit(ok ? 0 : 1);
      }
    for (int p = 0; p < n_process; ++p) {
      int status = -1;
      ::wait(&status);
      CHECK(status == 0);
    }
    CHECK(read_settings(path).value() == std::string(n_process * n_change, 'x'));
  }

  TEST_CASE("a reader sees the old text or the new one and never a part") {
    const temporary_folder t;
    const std::string path = t.path("settings.json");
    const std::string texts[] = {std::string(200000, 'a'), std::string(300000, 'b')};
    REQUIRE(put(path, texts[0]).has_value());
    const pid_t writer = ::fork();
    if (writer == 0) {
      for (int i = 0; i < 200; ++i)
        if (!put(path, texts[i % 2])) ::_exit(1);
      ::_exit(0);
    }
    int status = -1;
    while (::waitpid(writer, &status, WNOHANG) == 0) {
      const auto seen = read_settings(path).value();
      REQUIRE(seen);
      REQUIRE((*seen == texts[0] || *seen == texts[1]));
    }
    CHECK(status == 0);
  }

  TEST_CASE("what is no readable file of ours is refused by name") {
    const temporary_folder t;
    CHECK(read_settings(t.path("")).error().message.starts_with(t.path("")));
    CHECK(read_settings(t.path("")).error().code == errc::io);
    const std::string huge = t.write("huge", "");
    fs::resize_file(huge, settings_limit.count + 1);
    CHECK(read_settings(huge).error().code == errc::limit);
    fs::resize_file(huge, settings_limit.count);
    CHECK(read_settings(huge).has_value());
    const std::string file = t.write("file", "");
    CHECK(put(file + "/settings.json", "x").error().message.starts_with(file));
  }
}
