// A plan as llama-server's arguments, from which other programs' settings are made.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/report/launch.hpp"
#include "vrambudget/request/run_line.hpp"

namespace vrambudget::launching {

/// What is to be started.
struct planned {
  const launch_files& files;
  const model& m;
  const run& r;
  const budget& b;
  std::uint32_t n_gpu_layers;  ///< that go there in this program; of those planned as many as fit
};

using request::argument;
using request::arguments;

/// All arguments of llama-server that differ from its defaults, and always the context and the layers on
/// GPUs.
/// Source: llama.cpp, common/arg.cpp
[[nodiscard]] arguments server_arguments(const planned& p);

/// Takes out what a program has a setting of its own for.
void erase(arguments& all, std::initializer_list<std::string_view> flags);

/// In single quotes, which end for a quote within.
[[nodiscard]] std::string in_quotes(std::string_view text);
/// A word for a POSIX shell, in quotes where it needs them.
[[nodiscard]] std::string quoted(const std::string& word);

/// The arguments in a row, each word as a shell takes it.
[[nodiscard]] std::string line_of(const arguments& all);

[[nodiscard]] std::string joined(const std::vector<std::string>& all, const char* between);

/// "PATTERN=BUFFER,..."
[[nodiscard]] std::string text_of(const std::vector<tensor_override>& all);

/// Slots that were asked for; one where the number was left to llama-server, whose slots then share one
/// cache, which others cannot have: one slot of theirs has as much context.
[[nodiscard]] std::uint32_t asked_slots(const planned& p);

/// Whether it drafts as other programs can be told: by the model's own layers, or by a small model.
[[nodiscard]] bool drafts_as_usual(const planned& p);

/// The file's name in an address or path.
[[nodiscard]] std::string file_name(const std::string& path);

[[nodiscard]] inline bool is_hub_name(std::string_view s) { return s.starts_with("hf:"); }
[[nodiscard]] inline bool is_address(std::string_view s) {
  return s.starts_with("https://") || s.starts_with("http://");
}

[[nodiscard]] std::string llama_server(const planned& p);
[[nodiscard]] std::string ollama(const planned& p);
[[nodiscard]] std::string koboldcpp(const planned& p);
[[nodiscard]] std::string lmstudio(const planned& p);

// What a program makes of a plan, and the arguments that it has no setting for. LM Studio gives llama-server all that
// needs memory.
[[nodiscard]] run ollama_run(const planned& p);
[[nodiscard]] arguments ollama_not_set(const planned& p);
[[nodiscard]] run koboldcpp_run(const planned& p);
[[nodiscard]] arguments koboldcpp_not_set(const planned& p);
[[nodiscard]] arguments lmstudio_not_set(const planned& p);

}  // namespace vrambudget::launching
