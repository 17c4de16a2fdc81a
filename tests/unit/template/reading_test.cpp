// Against what llama.cpp itself found of the templates of its repository (tests/template/expected.jsonl).
#include "vrambudget/template/reading.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace vrambudget;
using enum call_shape;

namespace {

namespace json = boost::json;

std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.is_open());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<json::object> recorded() {
  std::ifstream in(VRAMBUDGET_TEMPLATES "/expected.jsonl");
  std::vector<json::object> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(json::parse(line).as_object());
  return rows;
}

std::string source_of(const json::object& row) {
  return text_of_file(VRAMBUDGET_TEMPLATES "/templates/" + std::string(row.at("file").as_string()));
}

/// What a call of get_weather with city=Paris has in each shape.
const std::map<call_shape, std::string> rendered = {
    {tool_call_json,
     "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}"},
    {function_parameter, "<function=get_weather>\n<parameter=city>"},
    {arg_key, "get_weather"},
    {arg_key_suffixed, "get_weather<tool_sep:opensource>"},
    {invoke, "<invoke name=\"get_weather\">"},
    {atem_invoke, "<atem:invoke name=\"get_weather\">"},
    {dsml, "<｜DSML｜invoke name=\"get_weather\">"},
    {json_name_is_key, "{\"get_weather\": {\"city\""},
    {tool_calls_json, "[TOOL_CALLS][{\"name\": \"get_weather\""},
    {tool_calls_args, "[TOOL_CALLS]get_weather"},
    {harmony, "to=functions.get_weather"},
    {call_braces, "<|tool_call>call:get_weather{"},
    {python_call, "<|tool_call_start|>[get_weather("},
    {function_json, "<function=get_weather>{"},
    {recipient, ">>>get_weather\n"},
    {start_action, "<|START_ACTION|>["},
    {open_close, "<|open|>"},
    {function_name, "<function name=\"get_weather\"><param name=\"city\">"},
    {call_args_tokens, "<|tool_call:name|>get_weather<|tool_call:args|>"}};

}  // namespace

TEST_SUITE("template reading") {
  TEST_CASE(
      "all 70 templates of llama.cpp's repository get the engine's parser, mode and shape of "
      "calls") {
    // the engine's recorded word for a shape; its "other" is told apart by what is rendered
    const std::map<std::string, std::set<call_shape>> words = {
        {"none", {none}},
        {"<tool_call> JSON", {tool_call_json}},
        {"xml <function=NAME><parameter=KEY>", {function_parameter}},
        {"<tool_call>NAME<arg_key>KEY</arg_key><arg_value>", {arg_key}},
        {"xml <invoke name=\"NAME\">", {invoke}},
        {"DSML xml", {dsml}},
        {"JSON object, other or no wrapper", {call_shape::json}},
        {"JSON, the name is the key", {json_name_is_key}},
        {"[TOOL_CALLS] JSON", {tool_calls_json}},
        {"[TOOL_CALLS]NAME[ARGS]JSON", {tool_calls_args}},
        {"section with special tokens per call", {section_tokens}},
        {"harmony commentary to=functions.NAME", {harmony}},
        {"<|tool_call>call:NAME{}", {call_braces}},
        {"<|tool_call_start|>[name(args)]", {python_call}},
        {"<function=NAME>JSON", {function_json}},
        {"other",
         {arg_key_suffixed, atem_invoke, recipient, start_action, open_close, function_name,
          call_args_tokens}}};
    const auto rows = recorded();
    REQUIRE(rows.size() == 70);
    std::set<call_shape> seen;
    for (const json::object& row : rows) {
      const std::string file(row.at("file").as_string());
      CAPTURE(file);
      const template_reading r = read_template(source_of(row));
      const json::value& parser = row.at("dedicated_parser");
      CHECK(r.parser == (parser.is_null() ? "" : std::string(parser.as_string())));
      CHECK(r.format == std::string(row.at("format").as_string()));
      REQUIRE(r.calls.has_value());
      CHECK(words.at(std::string(row.at("call_shape").as_string())).count(*r.calls) == 1);
      CHECK(r.tool_format == std::string(row.at("tool_format").as_string()));
      if (const auto has = rendered.find(*r.calls); has != rendered.end())
        CHECK(std::string(row.at("rendered_call").as_string()).find(has->second) !=
              std::string::npos);
      CHECK(r.names_tools == row.at("tools_reach_prompt").as_bool());
      seen.insert(*r.calls);
    }
    CHECK(seen.size() == 22);
  }

  TEST_CASE(
      "reasoning begins and ends with the engine's marks, and so do calls where it waits for a "
      "text") {
    const std::set<std::string> wait_for_patterns = {
        "meetkai-functionary-medium-v3.2.jinja", "muse-glimmer.jinja", "openai-gpt-oss-120b.jinja"};
    for (const json::object& row : recorded()) {
      const std::string file(row.at("file").as_string());
      CAPTURE(file);
      const template_reading r = read_template(source_of(row));
      CHECK(r.think_begins == std::string(row.at("thinking_start").as_string()));
      std::vector<std::string> ends;
      for (const json::value& e : row.at("thinking_end").as_array())
        ends.emplace_back(e.as_string());
      CHECK(std::vector<std::string>(r.think_ends.begin(), r.think_ends.end()) == ends);
      const json::array& triggers = row.at("grammar_triggers").as_array();
      if (!wait_for_patterns.count(file))
        CHECK(r.call_begins == (triggers.empty() ? "" : std::string(triggers[0].as_string())));
    }
  }

  TEST_CASE("JSON after <tool_call> and tags after it are two shapes of the same token") {
    const auto shape = [](const std::string& source) { return read_template(source).calls; };
    CHECK(shape("tool_calls <tool_call>\\n{\"name\": \"") == tool_call_json);
    CHECK(shape("tool_calls <tool_call>\\n{\\\"name\\\": ") == tool_call_json);
    CHECK(shape("tool_calls <tool_call>\\n<function=' + name + '>\\n<parameter=") ==
          function_parameter);
    CHECK(shape("tool_calls <tool_call>" + std::string(100, ' ') + "{\"name\"") == std::nullopt);
    CHECK(shape("nothing of that kind") == none);
    CHECK(shape("") == none);
  }
}
