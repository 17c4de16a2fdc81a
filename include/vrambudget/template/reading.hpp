// A chat template as llama.cpp takes it: by which parser it reads answers, how calls of tools are written, where
// reasoning begins and ends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vrambudget {

/// How a template writes the call of a tool.
enum class call_shape : std::uint8_t {
  none,                ///< earlier calls do not reach the prompt
  tool_call_json,      ///< Hermes, Qwen2.5, Qwen3
  function_parameter,  ///< Qwen3-Coder, Qwen3.5
  arg_key,             ///< GLM-4.5
  arg_key_suffixed,    ///< Hunyuan 3
  invoke,              ///< MiniMax-M2
  atem_invoke,         ///< Muse Glimmer
  dsml,                ///< DeepSeek V3.2
  json,                ///< Llama 3.1, Command R+, Nemotron v2
  json_name_is_key,    ///< Apertus
  tool_calls_json,     ///< Mistral Nemo
  tool_calls_args,     ///< Mistral Small 3.2
  section_tokens,      ///< Kimi K2, DeepSeek R1
  harmony,             ///< gpt-oss
  call_braces,         ///< Gemma 4
  python_call,         ///< LFM2
  function_json,       ///< Functionary 3.1
  recipient,           ///< Functionary 3.2
  start_action,        ///< Command R7B
  open_close,          ///< Kimi K3
  function_name,       ///< MiniCPM5
  call_args_tokens     ///< Solar
};

/// A call in that shape, shortened: "<tool_call>{"name": NAME, "arguments": {}}"; "none".
[[nodiscard]] std::string_view text_of(call_shape s);

/// What is to be read off a template. All views are of constants.
struct template_reading {
  std::string_view
      parser;  ///< llama.cpp's name for its own parser of it; empty: read off what it renders
  std::string_view format;          ///< llama.cpp's name of the answers' format
  std::optional<call_shape> calls;  ///< absent: no shape that is known
  std::string_view
      tool_format;  ///< llama.cpp's name of the calls' mode; empty where `calls` is absent
  std::string_view
      call_begins;  ///< with what a call begins; empty: nothing that could be waited for
  std::string_view think_begins;  ///< empty: no reasoning that the engine would tell apart
  std::span<const std::string_view> think_ends;  ///< any of these
  bool names_tools = false;                      ///< the list of tools is used
  bool names_calls = false;                      ///< calls of earlier answers are used
  bool names_results = false;                    ///< there is a role of tools' results
  bool has_thinking_switch = false;              ///< reasoning can be asked for or turned off
};

/// Reads a template's source. The parser is found by llama.cpp's rules; what it finds by rendering is found here by
/// the marks in the source.
/// Accuracy: of the 70 templates of llama.cpp's repository, all parsers, shapes, modes and marks of reasoning
/// Source:   llama.cpp, common/chat.cpp: common_chat_try_specialized_template;
///           common/chat-diff-analyzer.cpp: what is rendered of one
[[nodiscard]] template_reading read_template(std::string_view source);

}  // namespace vrambudget
