// What the commands of the program share: how they end, what they are given.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/engine/device.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::cli {

/// Exit statuses.
enum status : int { yes = 0, does_not_fit = 1, usage = 2, bad_input = 3, no_gpu = 4, our_bug = 70 };

/// A failure on its way to main: printed on stderr after "vrambudget: ".
struct failure {
  status code;
  std::string message;
};

/// The value, or the failure with `code`.
template <class T>
T value_or_fail(result<T>&& r, status code) {
  if (!r) throw failure{code, r.error().message};
  return std::move(*r);
}

/// A model by path or by the catalogue's name.
/// Errors: bad_input, as a failure
[[nodiscard]] model load_model(const std::string& typed);

/// "24576MiB", "23.5GiB", "16g", or bytes.
/// Errors: invalid_argument  it is none of these
[[nodiscard]] result<bytes> parse_size(std::string_view text);

/// Devices from "3090", "2x3090", ..., or where none is named those of this machine, with free memory
/// from `free` if it is not empty.
/// Errors: usage, as a failure
[[nodiscard]] std::vector<device> parse_gpus(const std::vector<std::string>& typed,
                                             const std::vector<std::string>& free);

/// Whether stdout is a terminal that takes colours.
[[nodiscard]] bool stdout_has_colours();

// Each adds its options to `app` and gives what runs the command; `args` start with its name.
[[nodiscard]] std::function<int()> add_plan(CLI::App& app);
[[nodiscard]] std::function<int()> add_inspect(CLI::App& app);
[[nodiscard]] std::function<int()> add_gpus(CLI::App& app);
[[nodiscard]] std::function<int()> add_models(CLI::App& app);
[[nodiscard]] std::function<int()> add_probe(CLI::App& app, const std::vector<std::string>& args);

}  // namespace vrambudget::cli
