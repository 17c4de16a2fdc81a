// Files by names that no code page has, files that others have open, and what only looks like one.
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "io/temporary_folder.hpp"
#include "os/descriptor.hpp"
#include "os/file_facts.hpp"
#include "os/files.hpp"
#include "os/paths.hpp"
#include "vrambudget/gguf/writer.hpp"
#include "vrambudget/io/header_change.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/io/settings_file.hpp"
#include "vrambudget/io/whole_file.hpp"

using namespace vrambudget;
namespace fs = std::filesystem;

namespace {

std::string write_model(const std::string& path, const std::string& chat_template) {
  gguf::writer w;
  w.add("general.architecture", "qwen35").add("tokenizer.chat_template", std::string_view(chat_template));
  w.add_tensor("one.weight", ggml_type::f32, {1024, 4});
  const auto header = w.finish();
  std::string all(reinterpret_cast<const char*>(header.data()), header.size());
  all.resize(all.size() + 4 * 4096, 'd');
  const fs::path wide(std::u8string(path.begin(), path.end()));
  std::ofstream(wide, std::ios::binary) << all;
  return path;
}

result<void> put(const std::string& path, const std::string& text) {
  return update_settings(path, [&](const auto&) -> result<std::string> { return text; });
}

std::vector<std::string> names_of_model(const std::string& name) {
  return {name, name + ".header-backup"};
}

}  // namespace

TEST_SUITE("windows.files") {
  TEST_CASE("a path is UTF-8, whatever letters it has and whichever way its slashes lean") {
    const temporary_folder t;
    // German, Russian, Japanese, and one that UTF-16 has two units for
    for (const std::string name : {"Gr\u00f6\u00dfe.gguf", "\u043c\u043e\u0434\u0435\u043b\u044c.gguf",
                                   "\u6a21\u578b.gguf", "\U0001F999.gguf"}) {
      CAPTURE(name);
      const std::string path = write_model(t.path(name), "short");
      CHECK(detail::is_there(path));
      const auto file = open_model_file(path);
      REQUIRE_MESSAGE(file.has_value(), file.error().message);
      CHECK(file->paths.front() == path);
      std::string backwards = path;
      for (char& c : backwards) c = c == '/' ? '\\' : c;
      CHECK(open_model_file(backwards).has_value());
      CHECK(detail::stem_of(backwards) + ".gguf" == name);
      CHECK(detail::names_in(t.root().string()) == std::vector<std::string>{name});
      REQUIRE(set_chat_template(path, std::string(5000, 'b')).has_value());
      CHECK(detail::names_in(t.root().string()) == names_of_model(name));
      for (const std::string& n : names_of_model(name)) CHECK(detail::remove_file(t.path(n)));
    }
  }

  TEST_CASE("a path may be longer than 260 characters") {
    const temporary_folder t;
    std::string folder = t.root().string();
    for (int i = 0; i < 6; ++i) {
      folder += "/" + std::string(60, static_cast<char>('a' + i));
      REQUIRE(detail::make_folder(folder));
    }
    REQUIRE(put(folder + "/settings.json", "x").has_value());
    CHECK(read_settings(folder + "/settings.json").value() == "x");
    CHECK(detail::names_in(folder) == std::vector<std::string>{"settings.json", "settings.json.lock"});
    for (const char* name : {"settings.json", "settings.json.lock"}) CHECK(detail::remove_file(folder + "/" + name));
  }

  TEST_CASE("devices, folders and pipes are told from files, and nobody waits for them") {
    const temporary_folder t;
    const auto why = [](const std::string& path) { return read_whole_file(path, 5_B).error().message; };
    CHECK(why("NUL") == "NUL: found a device, expected a file");
    CHECK(why(t.root().string()).ends_with("found a directory, expected a file"));
    CHECK(why(t.path("none")).ends_with("cannot open: No such file or directory"));
    CHECK(why(t.path("a<b>.gguf")).ends_with("cannot open: No such file or directory"));
    CHECK(why("\\\\.\\pipe\\vrambudget-nobody").ends_with("cannot open: No such file or directory"));
    CHECK(why("Q:\\none.gguf").ends_with("cannot open: No such file or directory"));
    for (const std::string device : {"CON", "COM1", "LPT1", "\\\\.\\C:", "\\\\.\\PhysicalDrive0"})
      CHECK_FALSE(read_whole_file(device, 5_B).has_value());
    CHECK(why(std::string(40000, 'a')).find("cannot open") != std::string::npos);
    CHECK_FALSE(read_whole_file("a\xff\xfe.gguf", 5_B).has_value());
  }

  TEST_CASE("a file that somebody has open keeps its header, and is told to be in use") {
    const temporary_folder t;
    const std::string path = write_model(t.path("m.gguf"), "short");
    const std::string before = read_whole_file(path, 1_MiB).value();
    {
      const detail::descriptor reader = detail::open_to_read(path);
      REQUIRE(reader.is_open());
      const auto refused = set_chat_template(path, "x");
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().message == detail::real_path(path) + ": is open in this or another process: end it first");
      CHECK(read_whole_file(path, 1_MiB).value() == before);
      CHECK(detail::names_in(t.root().string()) == std::vector<std::string>{"m.gguf"});
    }
    const auto c = set_chat_template(path, std::string(9000, 'b'));
    REQUIRE_MESSAGE(c.has_value(), c.error().message);
    CHECK(c->how == header_method::copy);  // as no block can be put in
    REQUIRE(restore_header(path).has_value());
    CHECK(read_whole_file(path, 1_MiB).value() == before);
  }

  TEST_CASE("settings are replaced whole while others read and write them") {
    const temporary_folder t;
    const std::string path = t.path("settings.json");
    const std::string texts[] = {std::string(200000, 'a'), std::string(300000, 'b')};
    REQUIRE(put(path, texts[0]).has_value());
    std::atomic<bool> is_over = false;
    std::thread writer([&] {
      for (int i = 0; i < 40; ++i) CHECK(put(path, texts[i % 2]).has_value());
      is_over = true;
    });
    int n_whole = 0;
    while (!is_over) {
      const auto seen = read_settings(path);
      if (!seen || !*seen) continue;  // the moment of the change
      REQUIRE((**seen == texts[0] || **seen == texts[1]));
      ++n_whole;
    }
    writer.join();
    CHECK(n_whole > 0);
  }

  TEST_CASE("writers at the same time lose no change") {
    const temporary_folder t;
    const std::string path = t.path("settings.json");
    const auto work = [&] {
      for (int i = 0; i < 20; ++i)
        CHECK(update_settings(path, [](const auto& present) -> result<std::string> {
                return present.value_or("") + "x";
              }).has_value());
    };
    std::thread one(work), two(work);
    one.join();
    two.join();
    CHECK(read_settings(path).value() == std::string(40, 'x'));
  }

  TEST_CASE("what a process that was ended left beside a file is taken over") {
    const temporary_folder t;
    const std::string path = t.write("settings.json", "before");
    (void)t.write("settings.json.new", std::string(100, 'x'));
    REQUIRE(put(path, "after").has_value());
    CHECK(read_settings(path).value() == "after");
    CHECK_FALSE(detail::is_there(path + ".new"));
  }

  TEST_CASE("the time of a file is that of its last writing") {
    // 2001-09-09 01:46:40 UTC is a thousand million seconds after 1970
    const temporary_folder t;
    const std::string path = t.write("f", "x");
    const auto age = std::chrono::file_clock::now() - std::chrono::file_clock::from_sys(std::chrono::sys_seconds(
                                                          std::chrono::seconds(1'000'000'000)));
    fs::last_write_time(path, std::chrono::file_clock::now() - age);
    CHECK(detail::facts_of(path)->seconds == 1'000'000'000);
  }

  TEST_CASE("paths have drives and both kinds of slashes") {
    CHECK(detail::name_in("C:\\Modelle\\Gr\u00f6\u00dfe.gguf") == "Gr\u00f6\u00dfe.gguf");
    CHECK(detail::folder_of("C:\\Modelle/x.gguf") == "C:\\Modelle");
    CHECK(detail::is_absolute("C:\\x"));
    CHECK(detail::is_absolute("\\\\server\\share"));
    CHECK_FALSE(detail::is_absolute("C:x"));
    CHECK_FALSE(detail::is_absolute("hf:org/repo"));
  }
}
