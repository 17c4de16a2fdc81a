// How to start what was planned, in programs that run llama.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// Programs that a plan can be written for.
enum class launcher : std::uint8_t { llama_server, ollama, koboldcpp, lmstudio };

/// "llama-server", "ollama", "koboldcpp" or "lmstudio"; nothing for another text.
[[nodiscard]] std::optional<launcher> find_launcher(std::string_view name);

/// The files of a plan, as they are to be written down.
struct launch_files {
  std::string model;   ///< a path, or "hf:org/repo:QUANT"
  std::string mmproj;  ///< empty: none
  std::string draft;   ///< empty: none
};

/// What starts the run of a budget: a command line for llama-server, a Modelfile for Ollama, a .kcpps file for
/// KoboldCpp, the load settings for LM Studio. What the program has no setting for is told in a comment, or
/// under "_not_set" where the form has no comments.
[[nodiscard]] std::string launch_text(launcher, const launch_files& files, const run& r,
                                      const budget& b);

}  // namespace vrambudget
