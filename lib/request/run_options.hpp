// llama-server's options, with its names and meanings, as a `run`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"

namespace vrambudget::request {

/// Adds llama-server's options to `app`; parsing writes them to `r`.
void add_run_options(CLI::App& app, run& r);

/// "262144" or "256k" tokens.
/// Errors: CLI::ValidationError
[[nodiscard]] std::uint32_t parse_tokens(const std::string& text);

/// The arguments with llama.cpp's short names of several letters ("-ub") replaced by their long ones,
/// since only single letters can follow one dash elsewhere; unknown ones get a second dash, so that
/// they are reported whole.
[[nodiscard]] std::vector<std::string> with_long_names(const std::vector<std::string>& args);

/// A run from arguments that are nothing but run options.
[[nodiscard]] result<run> parse_run(const std::vector<std::string>& args);

/// The same of a whole command line of llama-server; what is no run option is passed over.
[[nodiscard]] result<run> parse_known_run(const std::vector<std::string>& args);

}  // namespace vrambudget::request
