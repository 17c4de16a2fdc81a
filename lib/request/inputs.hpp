// Models, sizes and GPUs as people type them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/hub/model_store.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/os/this_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::request {

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

}  // namespace vrambudget::request
