#include "io/json_text.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>

#include "vrambudget/gguf/utf8.hpp"

using namespace vrambudget;

TEST_CASE("JSON is UTF-8 that a terminal does not act on, and says the same") {
  const boost::json::value plain{{"name", "h\u00e9llo \"x\" \\"}, {"n", 7}};
  CHECK(json_text(plain) == boost::json::serialize(plain));
  const std::string text = "\x1b[31m\n\x7f\xc2\x9b\u202e";
  const std::string shown = json_text(boost::json::object{{text, text}});
  CHECK(shown.find_first_of("\x1b\n\x7f\xc2\xe2") == std::string::npos);
  CHECK(boost::json::parse(shown).at(text).as_string() == text);
}

TEST_CASE("a byte that is no UTF-8 is U+FFFD in JSON") {
  const std::string shown = json_text(boost::json::value("a\xff\xfe\"\xc3"));
  CHECK(gguf::is_utf8(shown));
  CHECK(boost::json::parse(shown).as_string() == "a\uFFFD\uFFFD\"\uFFFD");
}
