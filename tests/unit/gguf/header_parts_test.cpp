#include "vrambudget/gguf/header_parts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;
using namespace vrambudget::gguf;

namespace {

std::vector<std::byte> header_with(std::uint32_t alignment, std::string_view text,
                                   bool has_tensors = true) {
  writer w;
  w.add("general.alignment", alignment).add("a", "first").add("t", text);
  w.add("tokens", std::vector<std::string>{"x", "", "yz"});
  w.add("last", 1.5f);
  if (has_tensors) {
    w.add_tensor("one.weight", ggml_type::f32, {10});
    w.add_tensor("two.weight", ggml_type::q8_0, {64, 3});
  }
  return w.finish();
}

header parsed(const std::vector<std::byte>& file) {
  return parse(file, {.check_data = false}).value();
}

}  // namespace

TEST_SUITE("header_parts") {
  TEST_CASE("what is taken apart and put together unchanged is the same, byte by byte") {
    for (const std::uint32_t alignment : {8u, 32u, 64u, 4096u}) {
      const auto file = header_with(alignment, "some text");
      const header h = parsed(file);
      CHECK(header_parts::of(file, h).value().up_to(h.data_offset()) == file);
    }
  }

  TEST_CASE("a text of any length leaves all else as it is, and the data where it is to be") {
    const auto file = header_with(32, "some text");
    const header before = parsed(file);
    for (std::size_t n = 0; n < 300; ++n) {
      CAPTURE(n);
      const std::string text(n, 'x');
      header_parts parts = header_parts::of(file, before).value();
      parts.set("t", text);
      // 20 bytes of lengths and type, the key's one, before that the same header less "some text"
      const std::uint64_t least = pad(bytes{parts.size()}, 32).count;
      for (const std::uint64_t at : {least, least + 32, least + 64, least + 4096}) {
        const auto out = parts.up_to(at);
        REQUIRE(out.size() == at);
        const header after = parsed(out);
        CHECK(after.data_offset() == at);
        CHECK(*after.find("t")->string() == text);
        for (const entry& e : before.metadata())
          if (e.key != "t") CHECK(*after.find(e.key) == e.v);
        CHECK(std::equal(before.tensors().begin(), before.tensors().end(), after.tensors().begin(),
                         after.tensors().end()));
        CHECK(after.metadata().size() - (after.find(filler_key) ? 1 : 0) ==
              before.metadata().size());
        // the filler goes again
        header_parts again = header_parts::of(out, after).value();
        again.set("t", "some text");
        CHECK(again.up_to(before.data_offset()) == file);
      }
      if (least > 32) CHECK(parts.up_to(least - 32).empty());
      CHECK(parts.up_to(least + 1).empty());
    }
  }

  TEST_CASE("small alignments leave rooms that no filler fits") {
    const auto file = header_with(8, "some text");
    const header h = parsed(file);
    const header_parts parts = header_parts::of(file, h).value();
    for (std::uint64_t at = h.data_offset(); at < h.data_offset() + 256; at += 8) {
      CAPTURE(at);
      const auto out = parts.up_to(at);
      const std::uint64_t room = at - parts.size();
      CHECK(out.empty() == (room >= 8 && room < 31));
      if (!out.empty()) CHECK(parsed(out).data_offset() == at);
    }
  }

  TEST_CASE(
      "a key that was not there comes last, and a file without tensors ends with its header") {
    const auto file = header_with(32, "x", false);
    const header h = parsed(file);
    header_parts parts = header_parts::of(file, h).value();
    parts.set("new", "text");
    const auto out = parts.up_to(parts.size());
    REQUIRE_FALSE(out.empty());
    const header after = parsed(out);
    CHECK(after.metadata().back().key == "new");
    CHECK(after.data_offset() == out.size());
    CHECK(parts.up_to(parts.size() + 1).empty());
    CHECK(parsed(parts.up_to(parts.size() + 38)).find(filler_key) != nullptr);
  }
}
