#include "vrambudget/io/model_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "temporary_folder.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

// Header and, in zeros, the data of one 32-byte tensor.
std::string with_data(const gguf::writer& w) {
  const auto header = w.finish();
  return std::string(reinterpret_cast<const char*>(header.data()), header.size()) +
         std::string(32, '\0');
}

// Writes file `no` of a set of three, each with a tensor of its own.
std::string write_part(const temporary_folder& folder, std::uint16_t no) {
  gguf::writer w;
  if (no == 0) w.add("general.architecture", "llama");
  w.add("split.no", no).add("split.count", std::uint16_t{3}).add("split.tensors.count", 3);
  w.add_tensor("t" + std::to_string(no), ggml_type::f32, {8});
  return folder.write("m-0000" + std::to_string(no + 1) + "-of-00003.gguf", with_data(w));
}

}  // namespace

TEST_SUITE("model_file") {
  TEST_CASE("a single file is a model of one header") {
    const temporary_folder folder;
    const auto path = folder.write(
        "m.gguf", with_data(gguf::writer().add("k", 7u).add_tensor("t", ggml_type::f32, {8})));
    const auto model = open_model_file(path);
    REQUIRE_MESSAGE(model.has_value(), model.error().message);
    CHECK(model->paths == std::vector<std::string>{path});
    REQUIRE(model->headers.size() == 1);
    CHECK(model->headers[0].find("k")->u32() == 7);
    CHECK(model->total_size.count == std::filesystem::file_size(path));
  }

  TEST_CASE("any file of a set opens the whole set in order") {
    const temporary_folder folder;
    std::vector<std::string> paths;
    for (std::uint16_t no = 0; no < 3; ++no) paths.push_back(write_part(folder, no));
    for (const std::string& path : paths) {
      CAPTURE(path);
      const auto model = open_model_file(path);
      REQUIRE_MESSAGE(model.has_value(), model.error().message);
      CHECK(model->paths == paths);
      REQUIRE(model->files.size() == 3);
      for (std::size_t i = 0; i < 3; ++i)
        CHECK(model->headers[i].tensors()[0].name == "t" + std::to_string(i));
      CHECK(model->headers[0].find("general.architecture")->string() == "llama");
      std::uint64_t size = 0;
      for (const std::string& p : paths) size += std::filesystem::file_size(p);
      CHECK(model->total_size.count == size);
    }
  }

  TEST_CASE("a missing file of a set is named") {
    const temporary_folder folder;
    const std::string first = write_part(folder, 0);
    (void)write_part(folder, 2);
    const auto model = open_model_file(first);
    REQUIRE_FALSE(model.has_value());
    CHECK(model.error().code == errc::io);
    CHECK(model.error().message == "file 2 of 3: " + folder.path("m-00002-of-00003.gguf") +
                                       ": cannot open: No such file or directory");
  }

  TEST_CASE("of several missing files the first is named, and the others by their numbers") {
    const temporary_folder folder;
    const std::string second = write_part(folder, 1);
    const auto model = open_model_file(second);
    REQUIRE_FALSE(model.has_value());
    CHECK(model.error().message ==
          "file 1 of 3: " + folder.path("m-00001-of-00003.gguf") +
              ": cannot open: No such file or directory; also missing: file 3");
  }

  TEST_CASE("an empty file is called that") {
    const temporary_folder folder;
    const std::string path = folder.path("nothing.gguf");
    std::ofstream(path).flush();
    const auto model = open_model_file(path);
    REQUIRE_FALSE(model.has_value());
    CHECK(model.error().code == errc::truncated);
    CHECK(model.error().message == path + ": is empty: found 0 bytes, expected a GGUF file");
  }

  TEST_CASE("a set under other names and a wrong file in a set are refused") {
    const temporary_folder folder;
    const std::string second = write_part(folder, 1);
    const std::string renamed = folder.path("renamed.gguf");
    std::filesystem::copy_file(second, renamed);
    CHECK(open_model_file(renamed).error().code == errc::invalid_argument);
    CHECK(open_model_file(renamed).error().message.starts_with(renamed + ": "));

    const std::string first = write_part(folder, 0);
    std::filesystem::copy_file(second, folder.path("m-00003-of-00003.gguf"));
    const auto mixed = open_model_file(first);
    REQUIRE_FALSE(mixed.has_value());
    CHECK(mixed.error().message == folder.path("m-00003-of-00003.gguf") +
                                       ": key 'split.no': found 1, expected 2 of type u16");
  }

  TEST_CASE("damaged files are refused by path") {
    const temporary_folder folder;
    const std::pair<std::string, errc> cases[] = {
        {folder.write("empty.gguf", ""), errc::truncated},
        {folder.write("text.gguf", "this is no model"), errc::bad_format},
        {folder.write("short.gguf", "GGUF\x03"), errc::truncated},
        {folder.path("none.gguf"), errc::io},
    };
    for (const auto& c : cases) {
      CAPTURE(c.first);
      const auto model = open_model_file(c.first);
      REQUIRE_FALSE(model.has_value());
      CHECK(model.error().code == c.second);
      CHECK(model.error().message.starts_with(c.first + ": "));
    }
  }
}
