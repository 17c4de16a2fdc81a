// What the commands of the program share: how they end, what they are given.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/engine/device.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/gpu/operating_system.hpp"
#include "vrambudget/io/catalogued_file.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/io/model_store.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::cli {

/// Exit statuses.
enum status : int { yes = 0, does_not_fit = 1, usage = 2, bad_input = 3, no_gpu = 4, our_bug = 70 };

/// A failure on its way to main: printed on stderr after "vrambudget: ".
struct failure {
  status code;
  std::string message;
  std::optional<errc> why = std::nullopt;  ///< the error behind it, if there is one
};

/// The value, or the failure with `code`.
template <class T>
T value_or_fail(result<T>&& r, status code) {
  if (!r) throw failure{code, r.error().message, r.error().code};
  return std::move(*r);
}

/// A model by path, address, hf:, ollama:, or the name of one on this disk or in the catalogue.
/// Errors: bad_input, as a failure
[[nodiscard]] model load_model(const std::string& typed);

/// A model that another program put on this disk.
/// Errors: bad_input, as a failure
[[nodiscard]] model read_stored(const stored_model& s);
/// A file of the catalogue.
/// Errors: bad_input, as a failure
[[nodiscard]] model read_catalogued(const catalogued_file& f);

/// "24576MiB", "23.5GiB", "16g", or bytes.
/// Errors: invalid_argument  it is none of these
[[nodiscard]] result<bytes> parse_size(std::string_view text);

/// How the GPUs to plan for are named.
struct gpu_request {
  std::vector<std::string> names;  ///< "3090", "2x3090"; none: those of this machine
  std::vector<std::string> free;   ///< free memory of each, if known
  std::string system;              ///< "linux", "windows", "wsl2"; empty: this machine's
  std::string driver;    ///< "550.54.14"; empty: this machine's if they are its, else unknown
  bool display = false;  ///< they draw a desktop
  bool no_calibration = false;  ///< take nothing of what was calibrated
};

/// Adds --gpu, --free, --os, --display and --no-calibration.
void add_gpu_options(CLI::App& app, gpu_request& q);

/// The GPUs that are meant, and what they run under.
struct named_gpus {
  std::vector<device> devices;
  operating_system system = this_system();
  std::string driver;                          ///< "550.54.14"; empty: unknown
  std::vector<std::string> calibration_notes;  ///< what a reader should know of it, a line a kind
};

/// With the driver contexts that were calibrated, if any were.
/// Errors: usage, bad_input, as a failure
[[nodiscard]] named_gpus parse_gpus(const gpu_request& q);

/// Whether stdout is a terminal that takes colours.
[[nodiscard]] bool stdout_has_colours();

// Each adds its options to `app` and gives what runs the command; `args` start with its name.
[[nodiscard]] std::function<int()> add_plan(CLI::App& app);
[[nodiscard]] std::function<int()> add_inspect(CLI::App& app);
[[nodiscard]] std::function<int()> add_gpus(CLI::App& app);
[[nodiscard]] std::function<int()> add_models(CLI::App& app);
[[nodiscard]] std::function<int()> add_engines(CLI::App& app);
[[nodiscard]] std::function<int()> add_probe(CLI::App& app, const std::vector<std::string>& args);
[[nodiscard]] std::function<int()> add_check(CLI::App& app);
[[nodiscard]] std::function<int()> add_calibrate(CLI::App& app);

}  // namespace vrambudget::cli
