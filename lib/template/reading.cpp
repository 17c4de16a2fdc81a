// Finds the rows that hold of a template's source.
#include "vrambudget/template/reading.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "template/marks.hpp"

namespace vrambudget {
namespace {

using detail::calls_row;
using detail::has;

/// `<tool_call>` and soon after it `{"name"`, with or without escapes.
bool has_json_call(std::string_view source) {
  constexpr std::string_view mark = "<tool_call>";
  constexpr std::size_t soon = 80;
  for (std::size_t at = source.find(mark); at != source.npos; at = source.find(mark, at + 1)) {
    const std::string_view after = source.substr(at + mark.size(), soon + 10);
    if (has(after, "{\"name\"") || has(after, "{\\\"name\\\"")) return true;
  }
  return false;
}

const calls_row* calls_of(std::string_view source) {
  for (const calls_row& row : detail::call_rows)
    if (row.of.hold(source)) return &row;
  if (has_json_call(source)) return &detail::hermes_row;
  return detail::plain_json_row.of.hold(source) ? &detail::plain_json_row : nullptr;
}

/// Whether a variable is named outside of texts and marks, "<tools>" or "['tools']".
bool names(std::string_view source, std::string_view variable) {
  const auto is_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  constexpr std::string_view no_begin = "'\"<./|", no_end = ">|";
  for (std::size_t at = source.find(variable); at != source.npos;
       at = source.find(variable, at + 1)) {
    const char before = at > 0 ? source[at - 1] : ' ';
    const std::size_t end = at + variable.size();
    const char after = end < source.size() ? source[end] : ' ';
    if (!is_of_name(before) && !has(no_begin, {&before, 1}) && !is_of_name(after) &&
        !has(no_end, {&after, 1}))
      return true;
  }
  return false;
}

bool has_role(std::string_view source, const std::string& role) {
  return has(source, "'" + role + "'") || has(source, "\"" + role + "\"");
}

}  // namespace

std::string_view text_of(call_shape s) {
  constexpr std::array<std::string_view, 22> texts = {
      "none",
      "<tool_call>{\"name\": NAME, \"arguments\": {}}",
      "<function=NAME><parameter=KEY>",
      "<tool_call>NAME<arg_key>KEY",
      "<tool_call:opensource>NAME<arg_key:opensource>KEY",
      "<invoke name=\"NAME\"><parameter name=\"KEY\">",
      "<atem:invoke name=\"NAME\"><atem:parameter name=\"KEY\">",
      "<｜DSML｜invoke name=\"NAME\"><｜DSML｜parameter name=\"KEY\">",
      "a JSON object",
      "{NAME: {}} in JSON",
      "[TOOL_CALLS][{\"name\": NAME, \"arguments\": {}}]",
      "[TOOL_CALLS]NAME[ARGS]{}",
      "tokens around each call, JSON inside",
      "<|channel|>commentary to=functions.NAME",
      "<|tool_call>call:NAME{}",
      "<|tool_call_start|>[NAME(KEY=)]",
      "<function=NAME>{}",
      ">>>NAME and JSON",
      "<|START_ACTION|>[{\"tool_name\": NAME}]",
      "<|open|>tools<|sep|>",
      "<function name=\"NAME\"><param name=\"KEY\">",
      "<|tool_call:name|>NAME<|tool_call:args|>{}"};
  return texts[static_cast<std::size_t>(s)];
}

template_reading read_template(std::string_view source) {
  template_reading r;
  r.format = "peg-native";
  for (const detail::parser_row& p : detail::parsers)
    if (p.of.hold(source)) {
      r.parser = p.name;
      r.format = p.format;
      break;
    }
  if (const calls_row* calls = calls_of(source)) {
    r.calls = calls->shape;
    r.tool_format = calls->tool_format;
    r.call_begins = calls->begins;
  }
  for (const detail::thinking_row& t : detail::thinking_rows)
    if ((t.parser.empty() || t.parser == r.parser) && t.of.hold(source)) {
      r.think_begins = t.begins;
      const auto n = std::find(t.ends.begin(), t.ends.end(), "") - t.ends.begin();
      r.think_ends = std::span(t.ends).first(static_cast<std::size_t>(n));
      break;
    }
  r.names_tools = names(source, "tools");
  r.names_calls = has(source, "tool_calls");
  r.names_results = has_role(source, "tool") || has_role(source, "ipython") ||
                    has_role(source, "function") || has_role(source, "tool_response");
  for (const char* word : {"enable_thinking", "thinking", "reasoning_effort"})
    r.has_thinking_switch |=
        has(source, std::string(word) + " is ") || has(source, std::string("not ") + word) ||
        has(source, std::string("if ") + word) || has(source, std::string("and ") + word);
  return r;
}

}  // namespace vrambudget
