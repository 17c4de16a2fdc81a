#include "vrambudget/model/name_pattern.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <vector>

using namespace vrambudget;

namespace {

bool is_in(const char* pattern, const char* name) {
  return name_pattern::compile(pattern).value().is_in(name);
}

/// What std::regex makes of it; nothing: no expression.
std::optional<std::regex> of_standard(const std::string& pattern) {
  try {
    return std::regex(pattern);
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

/// Whether std::regex needs no time to speak of: nothing repeated is repeated.
bool is_quick(const std::string& p) {
  for (const char* twice : {"**", "*+", "+*", "++", ")*", ")+", "}*", "}+"})
    if (p.find(twice) != p.npos) return false;
  return true;
}

namespace fs = std::filesystem;

/// Patterns of `-ot` in the recorded runs.
std::set<std::string> recorded_patterns() {
  std::set<std::string> all;
  for (const fs::directory_entry& f : fs::recursive_directory_iterator(VRAMBUDGET_TRUTH)) {
    if (f.path().extension() != ".jsonl") continue;
    std::ifstream in(f.path());
    for (std::string line; std::getline(in, line);) {
      if (line.find("\"-ot\"") == line.npos) continue;
      const boost::json::value c = boost::json::parse(line);
      const boost::json::value* args = c.as_object().if_contains("args");
      for (std::size_t i = 0; args && i + 1 < args->as_array().size(); ++i) {
        if (args->at(i) != "-ot") continue;
        std::istringstream pairs{std::string(args->at(i + 1).as_string())};
        for (std::string pair; std::getline(pairs, pair, ',');)
          all.insert(pair.substr(0, pair.find('=')));
      }
    }
  }
  return all;
}

/// Names of tensors of all recorded shapes, of two layers each.
std::set<std::string> recorded_names() {
  std::set<std::string> all;
  for (const fs::directory_entry& f : fs::directory_iterator(VRAMBUDGET_TRUTH "/models")) {
    std::ifstream in(f.path());
    const boost::json::value shape =
        boost::json::parse(std::string{std::istreambuf_iterator<char>(in), {}});
    for (const boost::json::value& t : shape.at("tensors").as_array()) {
      const std::string name{t.at(0).as_string()};
      const std::size_t open = name.find('{'), close = name.find('}');
      if (open == name.npos) all.insert(name);
      for (const char* layer : {"3", "17"})
        if (open != name.npos) all.insert(name.substr(0, open) + layer + name.substr(close + 1));
    }
  }
  return all;
}

}  // namespace

// what guides and threads have people type
TEST_CASE("patterns of recorded runs and of guides match what std::regex matches") {
  std::set<std::string> patterns = recorded_patterns();
  CHECK(patterns.size() >= 15);
  for (const char* typed :
       {".ffn_.*_exps.", "\\.ffn_.*_exps\\.", ".*exps.*", "([0-9]+).ffn_.*_exps.", "exps=CPU",
        "blk\\.(?:[0-9]|1[0-9]|2[0-4])\\.ffn_(?:up|down|gate)_exps\\.weight",
        "blk\\.([0-9]*[02468])\\.ffn_.*_exps", "^blk\\.(?!(?:0|1|2)\\.).*ffn.*", "(ffn_up|ffn_down)$",
        "blk.(1[6-9]|[2-9][0-9]).ffn_(gate|up).weight", "[^_]exps", "attn_[qkv]\\.weight$", "^output\\.",
        "token_embd|output", "blk\\.\\d{2}\\.", ".*", "\\bffn_gate\\b"})
    patterns.insert(typed);
  const std::set<std::string> names = recorded_names();
  CHECK(names.size() > 500);
  for (const std::string& p : patterns) {
    CAPTURE(p);
    const auto ours = name_pattern::compile(p);
    REQUIRE(ours.has_value());
    const std::regex theirs(p);
    std::size_t n_other = 0;
    for (const std::string& name : names) n_other += ours->is_in(name) != std::regex_search(name, theirs);
    CHECK(n_other == 0);
  }
}

TEST_CASE("an expression is found anywhere in a name") {
  CHECK(is_in("attn_v", "blk.3.attn_v.weight"));
  CHECK(is_in("attn_v", "blk.3.attn_v_b.weight"));
  CHECK_FALSE(is_in("^attn_v", "blk.3.attn_v.weight"));
  CHECK(is_in("blk\\.(3|7|11)\\.attn_v", "blk.11.attn_v.weight"));
  CHECK_FALSE(is_in("blk\\.(3|7|11)\\.attn_v", "blk.1.attn_v.weight"));
  CHECK(is_in("ffn_(up|gate)_exps", "blk.0.ffn_gate_exps.weight"));
  CHECK(is_in("blk\\.(?!0\\.)\\d+\\.ffn", "blk.10.ffn_up.weight"));
  CHECK_FALSE(is_in("blk\\.(?!0\\.)\\d+\\.ffn", "blk.0.ffn_up.weight"));
  CHECK(is_in("blk\\.\\d{2}\\.", "blk.10.ffn_up.weight"));
  CHECK(is_in("\\bweight$", "output.weight"));
}

TEST_CASE("expressions mean what they mean in std::regex") {
  std::vector<std::string> patterns = {
      "[^a-z]",   "[]",       "[^]",     "a**",          "(?:ab)?", "(?=blk)blk",
      "\\bq",     "\\Bn",     "[a-]",    "[[:digit:]]+", "\\x41",   "a|",
      "|",        "()",       "*a",      "a{",           "a{1",     "(",
      "[a",       "\\",       "a)",      "[z-a]",        "(?<a)",   "]",
      "}",        "^*",       "a{2,1}",  "\\-",          "[a\\-z]", "\\cA",
      "[\\d.]+",  "a{,2}",    "\\0",     "[[:foo:]]",    "{",       "a{0}b",
      "[\\w-]+$", "a(?!b|c)", "[a-\\d]", "(?=)"};
  std::mt19937 draw(1);
  constexpr std::string_view letters = "ab.0_\\dw[]()|*+?{}1,^$-:=!";
  for (int i = 0; i < 3000; ++i) {
    std::string p;
    for (std::size_t n = draw() % 10 + 1; n > 0; --n) p += letters[draw() % letters.size()];
    if (is_quick(p)) patterns.push_back(p);
  }
  int n_compiled = 0;
  for (const std::string& p : patterns) {
    CAPTURE(p);
    const auto ours = name_pattern::compile(p);
    if (!ours && ours.error().code == errc::unsupported) continue;
    const auto theirs = of_standard(p);
    CHECK(ours.has_value() == theirs.has_value());
    if (!ours || !theirs) continue;
    ++n_compiled;
    for (const char* name :
         {"blk.0.attn_q.weight", "blk.12.ffn_down_exps.weight", "", "a", "x-y_z"}) {
      CAPTURE(name);
      CHECK(ours->is_in(name) == std::regex_search(name, *theirs));
    }
  }
  CHECK(n_compiled > 500);
}

TEST_CASE("no expression takes forever") {
  std::string name(63, 'a');
  for (const char* p : {"(a*)*b", "(a*)*(a*)*(a*)*b", "(((a*)*)*)*b", "(a|aa|aaa)*(?=(a|aa)*b)c",
                        "(a?){60}a{60}b", "(.*)*(.*)*(.*)*(.*)*b$", "((a{0,30}){0,30})*b"}) {
    CAPTURE(p);
    CHECK_FALSE(name_pattern::compile(p).value().is_in(name));
  }
  // names of files are as long as their author likes
  name.assign(100'000, 'a');
  CHECK_FALSE(name_pattern::compile("(a*)*b").value().is_in(name));
  CHECK(name_pattern::compile("(.|a)*a$").value().is_in(name));
  // std::regex goes as deep as the name is long here
  const std::string many = "(" + std::string(50, '(') + "a" + std::string(50, ')') + "|b)*c";
  CHECK_FALSE(name_pattern::compile(many).value().is_in(name));
}

TEST_CASE("what is too large or not known is refused") {
  const auto code = [](const std::string& p) { return name_pattern::compile(p).error().code; };
  CHECK(code("(a)\\1") == errc::unsupported);
  CHECK(code("[[.a.]]") == errc::unsupported);
  CHECK(code("((a{100}){100}){100}") == errc::limit);
  CHECK(code("a{99999999999}") == errc::limit);
  CHECK(code(std::string(5000, 'a')) == errc::limit);
  CHECK(code(std::string(200, '(') + std::string(200, ')')) == errc::limit);
  CHECK(name_pattern::compile("a(b").error().message.find("at byte 3") != std::string::npos);
}
