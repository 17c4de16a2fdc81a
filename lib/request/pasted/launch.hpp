// A program that a command starts, with what stands around it: variables, wrappers, a container.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "request/pasted/command.hpp"
#include "request/pasted/programs.hpp"

namespace vrambudget::request::pasted {

/// Variables of the environment in the order in which they are set; the last of a name counts.
using variables = std::vector<std::pair<std::string, std::string>>;

/// The value; nothing: it is not set.
[[nodiscard]] std::optional<std::string> value_of(const variables&, std::string_view name);

/// "NAME=value"; nothing: it is no such word.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> assignment_of(
    std::string_view word);

[[nodiscard]] std::string_view name_of(program);

/// The program of a path or a name: "./build/bin/llama-server", "koboldcpp.exe".
[[nodiscard]] std::optional<program> program_of(std::string_view path);

/// A folder of the host and where a container has it.
struct mount {
  std::string source, target;
};

struct launch {
  enum program program = program::llama_server;
  words args = {};
  variables environment = {};
  std::vector<mount> mounts = {};
};

/// What a command starts; nothing: none of these programs. `set` are the variables that stand already.
[[nodiscard]] std::optional<launch> launch_of(std::span<const std::string> all, variables set = {});

/// What a container starts that is given `args`: the program is named by `entrypoint`, by the first of them, or by
/// the image, as of ghcr.io/ggml-org/llama.cpp:server-cuda.
[[nodiscard]] std::optional<launch> launch_in_container(std::string_view image, words entrypoint,
                                                        words args, variables set,
                                                        std::vector<mount> mounts);

/// "~/models:/models:ro"; nothing: no folder of the host.
[[nodiscard]] std::optional<mount> mount_of(std::string_view volume);

/// The variables that a command sets for those after it: export, set, $env:, Environment= of systemd, NAME=value
/// alone.
[[nodiscard]] variables variables_set_by(std::span<const std::string> all);

}  // namespace vrambudget::request::pasted
