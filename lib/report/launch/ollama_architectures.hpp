// Architectures that Ollama runs in ways of its own, by its names, which are mostly the engine's.
//
// Source: ollama v0.17.4
#pragma once

#include <string_view>

namespace vrambudget::launching {

/// Loaded with one slot, whatever OLLAMA_NUM_PARALLEL says.
/// Source: server/sched.go: load
inline constexpr std::string_view ollama_single_slot[] = {
    "lfm2",   "lfm2moe",   "mllama",    "nemotron_h", "nemotron_h_moe",
    "qwen35", "qwen35moe", "qwen3next", "qwen3vl",    "qwen3vlmoe"};

/// Before 0.30 run by Ollama's own engine, which is not llama.cpp, unless the projector is a file of its own.
/// Source: fs/ggml/ggml.go: OllamaEngineRequired, llm/server.go: NewLlamaServer
inline constexpr std::string_view ollama_own_engine[] = {
    "bert",       "deepseek2",      "deepseekocr", "gemma3",  "gemma3n",   "glm4moelite", "glmocr",
    "gpt-oss",    "gptoss",         "lfm2",        "lfm2moe", "llama4",    "mistral3",    "mllama",
    "nemotron_h", "nemotron_h_moe", "nomic-bert",  "olmo3",   "qwen25vl",  "qwen3",       "qwen35",
    "qwen35moe",  "qwen3moe",       "qwen3next",   "qwen3vl", "qwen3vlmoe"};

}  // namespace vrambudget::launching
