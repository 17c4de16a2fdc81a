#include "vrambudget/gguf/split.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

struct part {
  std::vector<std::byte> bytes;
  gguf::header header;
};

part finish(const gguf::writer& w) {
  part p{w.finish(), {}};
  p.header = gguf::parse(p.bytes, {.check_data = false}).value();
  return p;
}
part make(std::uint16_t no, std::uint16_t count, std::int32_t n_tensors,
          const std::vector<std::string>& names) {
  gguf::writer w;
  w.add("split.no", no).add("split.count", count).add("split.tensors.count", n_tensors);
  for (const std::string& name : names) w.add_tensor(name, ggml_type::f32, {4});
  return finish(w);
}

// The message of check_split, or "ok".
std::string verdict(const std::vector<part>& parts) {
  std::vector<gguf::header> headers;
  std::vector<std::string> paths;
  for (const part& p : parts) {
    headers.push_back(p.header);
    paths.push_back("m" + std::to_string(paths.size()));
  }
  const auto ok = gguf::check_split(headers, paths);
  return ok ? "ok" : ok.error().message;
}

}  // namespace

TEST_SUITE("gguf split") {
  TEST_CASE("paths of a set follow from any one of them") {
    const std::vector<std::string> all = {"a/m-00001-of-00003.gguf", "a/m-00002-of-00003.gguf",
                                          "a/m-00003-of-00003.gguf"};
    for (std::uint32_t no = 0; no < 3; ++no)
      CHECK(gguf::split_paths(all[no], {no, 3}).value() == all);
    CHECK(gguf::split_suffix({65534, 65535}) == "-65535-of-65535.gguf");
  }

  TEST_CASE("a file under a name that is not its own leads to no others") {
    for (const char* path : {"m.gguf", "m-00002-of-00003.gguf", "m-00001-of-00002.gguf",
                             "m-00001-of-00003.GGUF", "-00001-of-00003.gguf", ""}) {
      CAPTURE(path);
      const auto paths = gguf::split_paths(path, {0, 3});
      REQUIRE_FALSE(paths.has_value());
      CHECK(paths.error().code == errc::invalid_argument);
      CHECK(paths.error().message.find("file 1 of 3") != std::string::npos);
      CHECK(paths.error().message.find("-00001-of-00003.gguf") != std::string::npos);
    }
  }

  TEST_CASE("a header says which file of how many it is") {
    CHECK(gguf::split_of(finish(gguf::writer()).header)->count == 1);
    CHECK(gguf::split_of(make(0, 1, 0, {}).header)->count == 1);
    const auto second = gguf::split_of(make(1, 3, 0, {}).header);
    REQUIRE(second.has_value());
    CHECK(second->no == 1);
    CHECK(second->count == 3);

    const auto message = [](const gguf::writer& w) {
      return gguf::split_of(finish(w).header).error().message;
    };
    CHECK(gguf::split_of(make(3, 3, 0, {}).header).error().message ==
          "key 'split.no': found 3, expected less than 'split.count', 3");
    CHECK(message(gguf::writer().add("split.count", 3u)) ==
          "key 'split.count': found type u32, expected type u16");
    CHECK(message(gguf::writer().add("split.count", std::uint16_t{3})) ==
          "key 'split.no': missing though 'split.count' is 3");
    CHECK(message(gguf::writer().add("split.count", std::uint16_t{3}).add("split.no", true)) ==
          "key 'split.no': found type bool, expected type u16");
  }

  TEST_CASE("a complete set passes") {
    CHECK(verdict({make(0, 3, 4, {"a"}), make(1, 3, 4, {"b", "c"}), make(2, 3, 4, {"d"})}) == "ok");
    CHECK(verdict({make(0, 2, 1, {}), make(1, 2, 1, {"a"})}) == "ok");
    CHECK(verdict({finish(gguf::writer())}) == "ok");
  }

  TEST_CASE("a set that does not belong together is refused by what is wrong") {
    CHECK(verdict({}) == "found 0 headers with 0 paths, expected one path each");
    CHECK(verdict({make(0, 3, 2, {"a"}), make(1, 3, 2, {"b"})}) == "m0: found 2 files, expected 3");
    CHECK(verdict({make(1, 2, 2, {"a"}), make(0, 2, 2, {"b"})}) ==
          "m0: key 'split.no': found 1, expected 0 of type u16");
    CHECK(verdict({make(0, 2, 2, {"a"}), make(0, 2, 2, {"b"})}) ==
          "m1: key 'split.no': found 0, expected 1 of type u16");
    CHECK(verdict({make(0, 2, 2, {"a"}), finish(gguf::writer())}) == "m1: key 'split.no': missing");
    CHECK(verdict({make(0, 2, 2, {"a"}), make(1, 2, 2, {"a"})}) ==
          "m1: tensor 'a': found in m0 too, expected once");
    CHECK(verdict({make(0, 2, 3, {"a"}), make(1, 2, 3, {"b"})}) ==
          "m0: key 'split.tensors.count': found 3, expected 2, the tensors in all files");
    gguf::writer no_count;
    no_count.add("split.no", std::uint16_t{0}).add("split.count", std::uint16_t{2});
    CHECK(verdict({finish(no_count), make(1, 2, 0, {})}) ==
          "m0: key 'split.tensors.count': missing");
    no_count.add("split.tensors.count", 0u);
    CHECK(verdict({finish(no_count), make(1, 2, 0, {})}) ==
          "m0: key 'split.tensors.count': found type u32, expected type i32");
  }
}
