// Runs in what people paste: command lines with all that stands around them, Docker commands and compose files,
// llama-swap's configuration, llama-server's presets, Ollama's Modelfiles and environment, KoboldCpp's .kcpps files,
// Python's code.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"

namespace vrambudget::request {

/// A run that a text tells of.
struct pasted_run {
  std::string name = {};  ///< of the model or service, where a text has several; empty: it has none
  std::string program = {};  ///< what runs it: "llama-server"
  std::size_t line = 0;      ///< of the text, from 1, where it begins
  std::vector<std::string> args =
      {};  ///< what llama-server would be told: "-m", "a.gguf", "-c", "8192"
  std::vector<std::string> notes = {};  ///< what a reader should know of how it was understood
};

/// The largest text that is read.
inline constexpr std::size_t most_pasted_bytes = 1 << 20;

/// The runs in a text, in its order. Recognized are, by what the text has:
///   JSON            a .kcpps file
///   FROM ...        a Modelfile
///   [section]       presets of llama-server in an INI file
///   YAML            llama-swap's `models` with their macros, or services of a compose file
///   Llama(...)      Python that loads a model by llama-cpp-python
///   else            commands of a shell: `\`, ^ or ` at a line's end, quotes, variables in front or exported,
///                   wrappers such as sudo, docker run, and in them llama-server, llama-cli, llama-bench,
///                   koboldcpp, ollama, lms load, python -m llama_cpp.server and the webui's server.py; options alone are llama-server's; OLLAMA_... alone are Ollama's.
/// Of a text with thousands of runs or variables the first thousand count.
/// Variables that llama-server takes, LLAMA_ARG_CTX_SIZE, become its options, in front of those that are typed.
///
/// Errors: limit       more than `most_pasted_bytes`
///         bad_format  JSON that is none
///         not_found   no run is in it
[[nodiscard]] result<std::vector<pasted_run>> find_runs(std::string_view text);

}  // namespace vrambudget::request
