#include "vrambudget/report/line_diff.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace vrambudget;

namespace {

/// The text that a difference was made of.
std::string side(const std::vector<diff_line>& all, char other) {
  std::string text;
  for (const diff_line& l : all)
    if (l.mark != other) text += std::string(l.text) + "\n";
  return text;
}

std::size_t n_marked(const std::vector<diff_line>& all) {
  std::size_t n = 0;
  for (const diff_line& l : all) n += l.mark != ' ';
  return n;
}

}  // namespace

TEST_SUITE("line_diff") {
  TEST_CASE("as few lines as possible are marked") {
    // Myers 1986, figure 1: ABCABBA to CBABAC takes 5 edits
    const std::string a = "A\nB\nC\nA\nB\nB\nA\n", b = "C\nB\nA\nB\nA\nC\n";
    const auto d = line_diff(a, b);
    CHECK(n_marked(d) == 5);
    CHECK(side(d, '+') == a);
    CHECK(side(d, '-') == b);
  }

  TEST_CASE("both texts come out of their difference, whatever they are") {
    std::mt19937 random(7);
    const auto text = [&] {
      std::string t;
      for (auto n = random() % 12; n > 0; --n)
        t += std::string(1, static_cast<char>('a' + random() % 3)) + "\n";
      return t;
    };
    for (int i = 0; i < 2000; ++i) {
      const std::string a = text(), b = text();
      CAPTURE(a);
      CAPTURE(b);
      const auto d = line_diff(a, b);
      CHECK(side(d, '+') == a);
      CHECK(side(d, '-') == b);
    }
  }

  TEST_CASE("texts without a common line, and very long ones, are told whole") {
    std::string a, b;
    for (int i = 0; i < 3000; ++i) {
      a += "a" + std::to_string(i) + "\n";
      b += "b" + std::to_string(i) + "\n";
    }
    const auto d = line_diff(a, b);
    CHECK(n_marked(d) == 6000);
    CHECK(side(d, '+') == a);
    CHECK(side(d, '-') == b);
  }

  TEST_CASE("text shows three lines around a change, and no control character") {
    CHECK(diff_text("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\n5\x1b\n6\n7\n8\n") ==
          "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+5?\n 6\n 7\n 8\n");
    CHECK(diff_text("a\n", "a\n").empty());
  }
}
