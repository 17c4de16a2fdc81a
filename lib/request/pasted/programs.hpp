// Programs by the names that their files have.
#pragma once

#include <cstdint>
#include <string_view>

namespace vrambudget::request::pasted {

enum class program : std::uint8_t {
  llama_server,
  llama_cli,
  llama_bench,
  koboldcpp,
  ollama,
  llama_cpp_server,  ///< llama-cpp-python's
  text_generation_webui,
  lm_studio
};

struct named_program {
  std::string_view name;
  enum program program;
};

inline constexpr named_program programs[] = {{"llama-server", program::llama_server},
                                             {"llama-cli", program::llama_cli},
                                             {"llama-completion", program::llama_cli},
                                             {"llama-mtmd-cli", program::llama_cli},
                                             {"llama-bench", program::llama_bench},
                                             {"ollama", program::ollama},
                                             {"koboldcpp", program::koboldcpp},
                                             {"koboldcpp.py", program::koboldcpp},
                                             {"llama_cpp.server", program::llama_cpp_server},
                                             {"server.py", program::text_generation_webui}};

/// By the path they had before they were named after llama.cpp.
inline constexpr named_program old_paths[] = {{"./server", program::llama_server},
                                              {"./bin/server", program::llama_server},
                                              {"./main", program::llama_cli},
                                              {"./bin/main", program::llama_cli}};

/// One program for all, and its tools.
inline constexpr std::string_view tool_box = "llama";
inline constexpr named_program tools[] = {{"serve", program::llama_server},
                                          {"server", program::llama_server},
                                          {"cli", program::llama_cli},
                                          {"client", program::llama_cli},
                                          {"bench", program::llama_bench}};

/// The same of LM Studio's.
inline constexpr std::string_view lm_studios_box = "lms";
inline constexpr named_program lm_studios_tools[] = {{"load", program::lm_studio}};

/// The words of llama.cpp's `full` image that say which is meant.
inline constexpr named_program switches[] = {
    {"--server", program::llama_server}, {"-s", program::llama_server},
    {"--run", program::llama_cli},       {"-r", program::llama_cli},
    {"--bench", program::llama_bench},   {"-b", program::llama_bench}};

}  // namespace vrambudget::request::pasted
