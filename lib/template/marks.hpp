// What of a template's source tells how it is taken: rows in order, the first that holds is meant.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "vrambudget/template/reading.hpp"

namespace vrambudget::detail {

[[nodiscard]] inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

/// What a source must have and must not; empty ones do not count.
struct marks {
  std::array<std::string_view, 3> all = {};
  std::array<std::string_view, 2> any = {};
  std::array<std::string_view, 2> none = {};

  [[nodiscard]] bool hold(std::string_view source) const {
    const auto has = [&](std::string_view mark) {
      return !mark.empty() && source.find(mark) != source.npos;
    };
    const auto has_or_is_empty = [&](std::string_view mark) { return mark.empty() || has(mark); };
    return std::all_of(all.begin(), all.end(), has_or_is_empty) &&
           (any[0].empty() || std::any_of(any.begin(), any.end(), has)) &&
           std::none_of(none.begin(), none.end(), has);
  }
};

/// A parser that llama.cpp has for a kind of template.
/// Source: llama.cpp, common/chat.cpp: common_chat_try_specialized_template
struct parser_row {
  std::string_view name, format;
  marks of;
};
inline constexpr parser_row parsers[] = {
    {"Ministral/Magistral Large 3",
     "peg-native",
     {.all = {"[SYSTEM_PROMPT]", "[TOOL_CALLS]", "[ARGS]"}, .none = {"[CALL_ID]"}}},
    {"GPT-OSS", "peg-native", {.all = {"<|channel|>"}}},
    {"Muse Glimmer", "peg-native", {.all = {"<atem:function_calls>", "<|eom|>"}}},
    {"Functionary v3.2", "peg-native", {.all = {">>>all", ">>>${recipient}"}}},
    {"Kimi K2 Thinking",
     "peg-native",
     {.all = {"<|tool_calls_section_begin|>", "<|tool_call_begin|>"}}},
    {"Kimi K3", "peg-native", {.all = {"<|open|>", "<|close|>", "<|end_of_msg|>"}}},
    {"Ling 3.0 (Bailing V3)", "peg-native", {.all = {"<role>ASSISTANT</role>", "<arg_key>"}}},
    {"Cohere2 MoE", "peg-native", {.all = {"<|START_TEXT|>", "<|START_ACTION|>"}}},
    {"LFM2", "peg-native", {.all = {"<|tool_list_start|>", "<|tool_list_end|>"}}},
    {"LFM2.5", "peg-native", {.all = {"List of tools: ["}, .none = {"<|tool_list_start|>"}}},
    {"GigaChatV3",
     "peg-native",
     {.all = {"<|role_sep|>", "<|message_sep|>"}, .none = {"<|function_call|>"}}},
    {"MiniMax-M3", "peg-minimax-m3", {.all = {"]<]minimax[>[", "<tool_call>", "<invoke name="}}},
    {"DeepSeek V3.2/V4",
     "peg-native",
     {.all = {"dsml_token", "DSML"}, .any = {"function_calls", "tool_calls"}}},
    {"Gemma4", "peg-gemma4", {.all = {"'<|tool_call>call:'"}}},
    {"MiniCPM5",
     "peg-native",
     {.all = {"Tool usage guidelines:", "<function name=\"", "<param name=\""}}},
    {"Qwen3-Coder",
     "peg-native",
     {.all = {"<tool_call>", "<function=", "<parameter="},
      .none = {"'<tool_call><function=' ~ tool_call.name ~ '>'"}}}};

/// The shape of calls, llama.cpp's name of its mode, and with what one begins.
struct calls_row {
  call_shape shape;
  std::string_view tool_format, begins;
  marks of;
};

inline constexpr std::string_view json_mode = "JSON_NATIVE", tagged_json = "TAG_WITH_JSON",
                                  tagged = "TAG_WITH_TAGGED", no_mode = "NONE";

inline constexpr calls_row call_rows[] = {
    // earlier calls are not rendered; LFM2's parser waits for them all the same
    {call_shape::none,
     no_mode,
     "<|tool_call_start|>",
     {.any = {"<|tool_list_start|>", "List of tools: ["}, .none = {"tool_calls"}}},
    {call_shape::none, no_mode, "", {.none = {"tool_calls"}}},
    // rendered of messages whose content is none, which the engine makes an empty string
    {call_shape::none,
     no_mode,
     "",
     {.all = {"message['content'] is none -%}", "<｜tool▁calls▁begin｜>"},
      .none = {"and message['tool_calls']", "tools"}}},
    {call_shape::function_parameter,
     tagged,
     "<seed:tool_call>\n",
     {.all = {"<seed:tool_call>", "<function=", "<parameter="}}},
    {call_shape::function_parameter,
     tagged,
     "<tool_call>",
     {.all = {"<tool_call>", "<function=", "<parameter="}}},
    {call_shape::arg_key, tagged, "<tool_call>", {.all = {"<arg_key>"}}},
    {call_shape::arg_key_suffixed,
     tagged,
     "<tool_calls:opensource>\n",
     {.all = {":opensource", "<tool_sep{}>", "<arg_key{}>"}}},
    {call_shape::dsml, tagged, "<｜DSML｜function_calls>", {.all = {"DSML", "function_calls"}}},
    {call_shape::dsml, tagged, "<｜DSML｜tool_calls>", {.all = {"DSML"}}},
    {call_shape::invoke,
     tagged,
     "]<]minimax[>[<tool_call>",
     {.all = {"]<]minimax[>[", "<invoke name="}}},
    {call_shape::invoke,
     tagged,
     "<minimax:tool_call>\n",
     {.all = {"<minimax:tool_call>", "<invoke name="}}},
    {call_shape::atem_invoke, tagged, " to=NAME<|message|>", {.all = {"<atem:function_calls>"}}},
    {call_shape::tool_calls_args, tagged_json, "[TOOL_CALLS]", {.all = {"[TOOL_CALLS]", "[ARGS]"}}},
    {call_shape::tool_calls_json, json_mode, "[TOOL_CALLS]", {.all = {"[TOOL_CALLS]"}}},
    {call_shape::harmony,
     tagged_json,
     "<|channel|>commentary to=functions.NAME",
     {.all = {"<|channel|>"}}},
    {call_shape::call_braces, tagged, "<|tool_call>", {.all = {"<|tool_call>call:"}}},
    {call_shape::section_tokens,
     tagged_json,
     "<|tool_call_begin|>",
     {.all = {"<|tool_calls_section_begin|>"}}},
    {call_shape::section_tokens,
     tagged_json,
     "<｜tool▁calls▁begin｜>",
     {.all = {"<｜tool▁calls▁begin｜>"}}},
    {call_shape::python_call, tagged, "<|tool_call_start|>", {.all = {"<|tool_call_start|>"}}},
    {call_shape::start_action, json_mode, "<|START_ACTION|>", {.all = {"<|START_ACTION|>"}}},
    {call_shape::open_close, tagged, "<|open|>tools<|sep|>", {.all = {"<|open|>", "<|close|>"}}},
    {call_shape::function_name,
     tagged,
     "<function",
     {.all = {"<function name=\"", "<param name=\""}}},
    {call_shape::recipient, tagged, ">>>NAME", {.all = {">>>${recipient}"}}},
    {call_shape::call_args_tokens, tagged_json, "<|tool_calls|>", {.all = {"<|tool_call:begin|>"}}},
    {call_shape::json_name_is_key, json_mode, "<|tools_prefix|>", {.all = {"<|tools_prefix|>"}}},
    {call_shape::function_json, tagged_json, "<function=", {.all = {"<function="}}},
    {call_shape::json,
     json_mode,
     "<|function_call|>",
     {.all = {"<|role_sep|>", "<|function_call|>"}}},
    {call_shape::json,
     json_mode,
     "<|message_sep|>\n\nfunction call<|role_sep|>\n",
     {.all = {"<|role_sep|>", "<|message_sep|>"}}},
    {call_shape::json, json_mode, "<TOOLCALL>", {.all = {"<TOOLCALL>"}}},
    {call_shape::json, json_mode, "Action:\n```json\n", {.all = {"Action:"}}},
    {call_shape::json, json_mode, "functools", {.all = {" functools["}}},
    {call_shape::json, json_mode, "<tool_calls>\n", {.all = {"<tool_calls>\\n"}}},
    {call_shape::json, json_mode, "<tool_calls>", {.all = {"<tool_calls>"}}}};

/// After all rows: `<tool_call>` with `{"name"` soon after it, and Llama's plain JSON.
inline constexpr calls_row hermes_row = {
    call_shape::tool_call_json, json_mode, "<tool_call>\n", {.all = {"<tool_call>"}}};
inline constexpr calls_row plain_json_row = {
    call_shape::json, json_mode, "", {.all = {"ipython", "\"name\": "}}};

/// Where reasoning begins and ends, of a parser (empty: of any) or by marks.
struct thinking_row {
  std::string_view parser, begins;
  std::array<std::string_view, 3> ends;
  marks of = {};
};
inline constexpr thinking_row thinking_rows[] = {
    {"GPT-OSS", "<|channel|>analysis<|message|>", {"<|end|>"}},
    {"Gemma4", "<|channel>thought", {"<channel|>"}},
    {"Ministral/Magistral Large 3", "[THINK]", {"[/THINK]"}},
    {"Kimi K2 Thinking", "<think>", {"</think>"}},
    {"LFM2", "<think>", {"</think>"}},
    {"LFM2.5", "<think>", {"</think>"}},
    {"Kimi K3", "<|open|>think<|sep|>", {"<|close|>think<|sep|>"}},
    {"DeepSeek V3.2/V4",
     "<think>",
     {"</think>", "<｜DSML｜function_calls>"},
     {.all = {"function_calls"}}},
    {"DeepSeek V3.2/V4", "<think>", {"</think>", "<｜DSML｜tool_calls>"}},
    {"Qwen3-Coder", "<think>", {"\n</think>", "</think>", "<tool_call>"}, {.all = {"<think>"}}},
    {"Ling 3.0 (Bailing V3)", "<think>", {"</think>", "<tool_call>"}},
    {"", "<seed:think>", {"</seed:think>"}, {.all = {"<seed:think>"}}},
    {"", "<mm:think>", {"</mm:think>"}, {.all = {"<mm:think>"}}},
    {"", "<|START_THINKING|>", {"<|END_THINKING|>"}, {.all = {"<|START_THINKING|>"}}},
    {"",
     "<think:opensource>",
     {"</think:opensource>"},
     {.all = {":opensource", "<think{}>", "</think{}>"}}},
    {"",
     "<|begin_assistant|>",
     {"[BEGIN FINAL RESPONSE]"},
     {.all = {"[BEGIN FINAL RESPONSE]", "<|begin_assistant|>"}}},
    {"", "<think>", {"</think>"}, {.all = {"</think>"}}}};

}  // namespace vrambudget::detail
