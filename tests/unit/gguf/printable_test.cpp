#include "vrambudget/gguf/printable.hpp"

#include <doctest/doctest.h>

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

TEST_CASE("a long text is cut, and not inside a character") {
  CHECK(printable("abcdef", 3) == "abc");
  CHECK(printable("ab\xe6\xbc\xa2", 4) == "ab");
  CHECK(printable("ab\xe6\xbc\xa2", 5) == "ab\xe6\xbc\xa2");
  CHECK(printable(std::string(1000, 'x')).size() == 400);
}
