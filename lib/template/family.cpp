#include "vrambudget/template/family.hpp"

#include <algorithm>
#include <string>

namespace vrambudget {
namespace {

using enum call_shape;

/// The first that holds is meant.
constexpr family_row families[] = {
    {"DeepSeek R1 Distill", "llama|qwen2", "r1distill", section_tokens},
    {"Functionary 3.2", "llama", "functionarymediumv3.2|functionarysmallv3.2", recipient},
    {"Functionary 3.1", "llama", "functionarymediumv3.1|functionarysmallv3.1", function_json},
    {"Hermes", "llama|qwen2|qwen3", "hermes2pro|hermes3|hermes4", tool_call_json},
    {"Qwen3.5 and 3.6", "qwen35|qwen35moe|qwen4exp", "", function_parameter},
    {"Qwen3 Coder", "qwen3next|qwen3moe|qwen3", "coder", function_parameter},
    {"Qwen3", "qwen3|qwen3moe|qwen3next|qwen3vl|qwen3vlmoe", "", tool_call_json},
    {"Qwen2.5", "qwen2|qwen2moe|qwen2vl", "", tool_call_json},
    {"Nemotron 3 Nano", "nemotron_h_moe", "nemotron3|nano3|3nano", function_parameter},
    {"Nemotron Nano v2", "nemotron_h", "", json},
    {"Step 3.5", "step35", "", function_parameter},
    {"Seed-OSS", "seed_oss", "", function_parameter},
    {"GLM 4.5 and later", "glm4moe|glm-dsa", "", arg_key},
    {"GLM 4.7 Flash", "deepseek2", "glm", arg_key},
    {"Ling 3", "bailingmoe3", "", arg_key},
    {"Laguna", "laguna", "", arg_key},
    {"Spark 2.5", "spark2_5", "", arg_key},
    {"gpt-oss", "gpt-oss", "", harmony},
    {"Gemma 4", "gemma4", "", call_braces},
    {"Gemma", "gemma|gemma2|gemma3|gemma3n", "", none},
    {"Llama 3.1 to 3.3", "llama", "llama3.1|llama3.2|llama3.3", json},
    {"Mistral Nemo", "llama|mistral3", "mistralnemo", tool_calls_json},
    {"Mistral Small, Ministral, Devstral", "mistral3|llama",
     "ministral3|devstral|magistral|mistralsmall", tool_calls_args},
    {"MiniMax-M2", "minimax-m2", "", invoke},
    {"MiniMax-M3", "minimax-m3", "", invoke},
    {"DeepSeek V3.2 and V4", "deepseek32|deepseek4", "", dsml},
    {"Kimi K2", "deepseek2|kimi-k2", "kimik2", section_tokens},
    {"DeepSeek R1 and V3", "deepseek2", "deepseekr1|deepseekv3", section_tokens},
    {"Kimi K3", "kimi-k3", "", open_close},
    {"Granite 4", "granite|granitehybrid|granitemoe", "4.0|4.1", tool_call_json},
    {"Granite 3", "granite|granitemoe", "3.", none},
    {"LFM2", "lfm2|lfm2moe", "", python_call},
    {"Command R+", "command-r", "", json},
    {"Command R7B", "cohere2", "", start_action},
    {"Cohere2 MoE", "cohere2moe", "", start_action},
    {"Apertus", "apertus", "", json_name_is_key},
    {"Phi-3", "phi3", "", none},
    {"SmolLM3", "smollm3", "", none}};

/// In lower case, without blanks, dashes and underscores.
std::string plain(std::string_view names) {
  std::string out;
  for (const char c : names)
    if (c != ' ' && c != '-' && c != '_')
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

template <class Holds>
bool any_of(std::string_view words, const Holds& holds) {
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t end = std::min(words.find('|', at), words.size());
    if (holds(words.substr(at, end - at))) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

const family_row* family_of(std::string_view architecture, std::string_view names) {
  const std::string name = plain(names);
  for (const family_row& row : families) {
    if (!any_of(row.architectures, [&](std::string_view a) { return a == architecture; })) continue;
    if (row.words.empty() ||
        any_of(row.words, [&](std::string_view w) { return name.find(w) != name.npos; }))
      return &row;
  }
  return nullptr;
}

}  // namespace vrambudget
