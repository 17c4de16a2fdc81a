// The program on Windows: words in UTF-16, folders of Windows, one line for what goes wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <string>

#include "io/temporary_folder.hpp"
#include "program.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;
namespace json = boost::json;

namespace {

const std::string size = "Gr\u00f6\u00dfe\n";

/// A file whose template is no ASCII.
std::string write_model(const temporary_folder& t, const std::string& name) {
  gguf::writer w;
  w.add("general.architecture", "llama").add("tokenizer.chat_template", std::string_view(size));
  w.add_tensor("one.weight", ggml_type::f32, {256});
  const auto header = w.finish();
  std::string all(reinterpret_cast<const char*>(header.data()), header.size());
  all.resize(all.size() + 1024, 'd');
  const std::string path = t.path(name);
  std::ofstream(fs::path(std::u8string(path.begin(), path.end())), std::ios::binary) << all;
  return path;
}

void check_one_line(const outcome& o, int status, const std::string& part) {
  CAPTURE(o.err);
  CHECK(o.status == status);
  CHECK(o.out.empty());
  CHECK(contains(o.err, part));
  CHECK(o.err.starts_with("vrambudget: "));
  CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  CHECK_FALSE(contains(o.err, "\r"));
}

}  // namespace

TEST_SUITE("windows.program") {
  TEST_CASE("a file is opened by a name that no code page has, and printed in UTF-8") {
    const temporary_folder t;
    const std::string path = write_model(t, "Gr\u00f6\u00dfe \u6a21\u578b.gguf");
    const outcome o = run("template '" + path + "' --text");
    CAPTURE(o.err);
    CHECK(o.status == 0);
    CHECK(o.out == size);  // lines end as they do elsewhere
    check_one_line(run("inspect '" + t.path("fehlt \u00e4.gguf") + "'"), 3,
                   "fehlt \u00e4.gguf: cannot open: No such file or directory");
  }

  TEST_CASE("what is no file is one line, and the status that it has elsewhere") {
    check_one_line(run("inspect NUL"), 3, "NUL: found a device, expected a file");
    check_one_line(run("inspect C:/windows"), 3, "found a directory, expected a file");
    check_one_line(run("inspect CON"), 3, "CON");
    check_one_line(run("Qwen3-8B-Q8_0 --gpu 3090 -ngl foo"), 2, "'foo' is not a number of layers");
    CHECK(run("Qwen3-8B-Q8_0 --gpu 3090 -c 8192").status == 0);
    CHECK(run("Llama-3.3-70B-Q8_0 --gpu 3090 -c 8192").status == 1);
  }

  TEST_CASE("other programs' folders are below the profile, and settings where Windows has them") {
    const temporary_folder t;
    const std::string home = t.path("Nutzer J\u00fcrgen");
    const auto folder = [&](const std::string& below) {
      const std::string all = home + "/" + below;
      fs::create_directories(fs::path(std::u8string(all.begin(), all.end())));
      return "Nutzer J\u00fcrgen/" + below;
    };
    (void)write_model(t, folder(".lmstudio/models/org/repo") + "/In-LM-Studio.gguf");
    (void)write_model(t, folder(".cache/huggingface/hub/models--org--hub/snapshots/1") + "/In-Hub.gguf");
    (void)write_model(t, folder("AppData/Local/llama.cpp") + "/In-Cache.gguf");
    const std::string around = "USERPROFILE='" + home + "' LOCALAPPDATA='" + home + "/AppData/Local' APPDATA='" +
                               home + "/AppData/Roaming'";
    for (const char* name : {"In-LM-Studio", "In-Hub", "In-Cache"}) {
      CAPTURE(name);
      const outcome o = run(std::string("template ") + name + " --text", "none", around);
      CAPTURE(o.err);
      CHECK(o.out == size);
    }
  }

  TEST_CASE("the driver's libraries are those beside the program or the system's, by Windows' names") {
    CHECK(contains(run("probe", "none").err, "no NVIDIA driver here (nvcuda.dll"));
    const outcome o = run("probe --json", "whole", "FAKE_CUDA_DEVICES=2");
    CAPTURE(o.err);
    REQUIRE(o.status == 0);
    const json::value v = json::parse(o.out);
    CHECK(v.at("devices").as_array().size() == 2);
  }

  TEST_CASE("main memory is what Windows has to give") {
    const outcome o = run("Qwen3-8B-Q8_0 --gpu none -c 4096 --json");
    CAPTURE(o.err);
    CHECK((o.status == 0 || o.status == 1));
    CHECK(json::parse(o.out).is_object());
  }
}
