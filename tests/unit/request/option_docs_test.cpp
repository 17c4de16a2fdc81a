// docs/options.md has a row for each of llama-server's options. VRAMBUDGET_BLESS=1 writes them anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "vrambudget/request/option.hpp"

using namespace vrambudget::request;

namespace {

std::string code(std::string_view word) { return "`" + std::string(word) + "`"; }

/// A cell's text; '|' would end the cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string row_of(const option& o) {
  std::string names;
  for_each_name(o.names,
                [&](std::string_view n) { names += (names.empty() ? "" : " ") + code(n); });
  const std::string value = o.has_value() ? " " + std::string(o.shown) : "";
  return "| " + names + cell(value) + " | " + code(field_of(o) + (o.turns_off() ? "=false" : "")) +
         " | " + cell(help_of(o)) + " |\n";
}

}  // namespace

TEST_CASE("the page of options has the table's rows") {
  const std::string path = VRAMBUDGET_DOCS "/options.md";
  std::ifstream in(path);
  std::string page((std::istreambuf_iterator<char>(in)), {});
  const std::string head = "| option | in Python and JSON | does |\n|---|---|---|\n";
  const std::size_t begin = page.find(head);
  REQUIRE(begin != page.npos);
  const std::size_t first = begin + head.size(), end = page.find("\n\n", first) + 1;
  std::string rows;
  for (const option& o : options())
    if (is_of_run(o.topic) || o.topic == topic::files) rows += row_of(o);
  if (std::getenv("VRAMBUDGET_BLESS")) {
    page.replace(first, end - first, rows);
    std::ofstream(path) << page;
    return;
  }
  CHECK(page.substr(first, end - first) == rows);
}
