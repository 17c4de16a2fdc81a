#include "vrambudget/gguf/printable.hpp"

#include <doctest/doctest.h>

#include <string>

using vrambudget::gguf::printable;

TEST_CASE("what a terminal would act on is not there, and all is one line") {
  CHECK(printable("Qwen3 8B") == "Qwen3 8B");
  CHECK(printable("evil\x1b[31mRED\nnew line\ttab\r") == "evil?[31mRED new line tab ");
  CHECK(printable(std::string("a\0b", 3)) == "a?b");
  CHECK(printable("del\x7f") == "del?");
  CHECK(printable("\xc2\x9b"
                  "31m") == "?31m");                                   // CSI as C1 in UTF-8
  CHECK(printable("\xc3\xa9\xe6\xbc\xa2") == "\xc3\xa9\xe6\xbc\xa2");  // letters stay
}

TEST_CASE("what is no UTF-8 and what turns the direction of text is not there") {
  CHECK(printable("a\xff\xfe"
                  "b") == "a\uFFFD\uFFFDb");
  CHECK(printable("\xc3") == "\uFFFD");
  CHECK(printable("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");  // a surrogate
  CHECK(printable("a\u202Eb\u2066c\u2028d\u200Fe") == "a?b?c?d?e");
  CHECK(printable(std::string(100, '\x80'), 7) == "\uFFFD\uFFFD");
}

TEST_CASE("lines stay lines, and colours stay where they are wanted") {
  using vrambudget::gguf::printable_lines;
  const std::string text = "a\tb\n\x1b[34;1mc\x1b[0m\x1b]0;t\x07\x1b[2J\x1b[";
  CHECK(printable_lines(text, true) == "a\tb\n\x1b[34;1mc\x1b[0m?]0;t??[2J?[");
  CHECK(printable_lines(text) == "a\tb\n?[34;1mc?[0m?]0;t??[2J?[");
  CHECK(printable_lines("a\r\n\xff") == "a?\n\uFFFD");
  CHECK(printable_lines(std::string(1000, 'x')).size() == 1000);
}

TEST_CASE("a long text is cut, and not inside a character") {
  CHECK(printable("abcdef", 3) == "abc");
  CHECK(printable("ab\xe6\xbc\xa2", 4) == "ab");
  CHECK(printable("ab\xe6\xbc\xa2", 5) == "ab\xe6\xbc\xa2");
  CHECK(printable(std::string(1000, 'x')).size() == 400);
  CHECK(printable("\x01\x02\x03", 2) == "??");
}
