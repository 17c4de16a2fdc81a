#include "report/lines.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace vrambudget;

using lines = std::vector<std::string>;

TEST_CASE("columns are characters, without what colours them") {
  CHECK(columns_of("") == 0);
  CHECK(columns_of("fits") == 4);
  CHECK(columns_of("\x1b[32mfits\x1b[0m") == 4);
  CHECK(columns_of("\xe2\x96\x88\xe2\x96\x91") == 2);  // two blocks of three bytes
  CHECK(columns_of("abc\x1b[32") == 3);                // cut off within a colour
}

TEST_CASE("a line is broken at blanks, and a word never") {
  CHECK(broken("one two three", 13) == lines{"one two three"});
  CHECK(broken("one two three", 12) == lines{"one two", "three"});
  CHECK(broken("one two three", 12, 2) == lines{"one two", "  three"});
  CHECK(broken("one two three", 3) == lines{"one", "two", "three"});
  CHECK(broken("a 0123456789 b", 5) == lines{"a", "0123456789", "b"});
  CHECK(broken("    one two", 8, 4) == lines{"    one", "    two"});
  CHECK(broken("one    two", 10) == lines{"one    two"});
  CHECK(broken("", 5) == lines{""});
  CHECK(broken("one two ", 3) == lines{"one", "two "});
}

TEST_CASE("a text keeps the lines that there is room for") {
  CHECK(with_broken_lines("short\n  a long line here\n\nend", 10) ==
        "short\n  a long\n    line\n    here\n\nend");
  CHECK(with_broken_lines("note: a b\n", 9) == "note: a b\n");
  CHECK(with_broken_lines("\x1b[31mnote: a b\x1b[0m\n", 9) == "\x1b[31mnote: a b\x1b[0m\n");
  // a line that begins far in goes on at the half at most
  CHECK(with_broken_lines("        aa bb cc", 10) == "        aa\n     bb cc");
}

TEST_CASE("what belongs to the end of a line goes to the next one where it has no room") {
  CHECK(with_both_ends("CUDA0", "fits", 12) == "CUDA0   fits\n");
  CHECK(with_both_ends("CUDA0", "fits", 10) == "CUDA0 fits\n");
  CHECK(with_both_ends("CUDA0", "fits", 9) == "CUDA0\n     fits\n");
  CHECK(with_both_ends("CUDA0", "\x1b[32mfits\x1b[0m", 12) == "CUDA0   \x1b[32mfits\x1b[0m\n");
}
