// What a plan is asked for, whoever asks: a command line, JSON, Python or C.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/advise/preference.hpp"
#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/hub/http.hpp"
#include "vrambudget/machine/desktop.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::request {

/// How models on servers are read.
struct source_options {
  bool offline = false;   ///< only headers that were kept
  bool no_cache = false;  ///< keep no headers, use none that were kept
  std::uint32_t timeout = http_settings{}.stall_seconds;  ///< seconds without a byte
  std::uint32_t retries = http_settings{}.n_retries;
};

/// Whose code runs the model, of what a machine can do: a backend of its GPUs, or nothing of them but the CPU.
struct asked_backend {
  std::optional<backend_kind> of_gpus = {};  ///< absent: the CPU alone

  friend bool operator==(const asked_backend&, const asked_backend&) = default;
};

/// As `--backend` has it.
[[nodiscard]] constexpr std::string_view word_of(const asked_backend& b) {
  return b.of_gpus ? word_of(*b.of_gpus) : "cpu";
}

/// How the GPUs to plan for are named.
struct gpu_request {
  /// "3090", "2x3090"; "none" alone: the host alone; empty: those of this machine
  std::vector<std::string> names = {};
  /// The first is planned, the others are told beside it. Empty: each maker's own; Vulkan where several makers'
  /// are named.
  std::vector<asked_backend> backends = {};
  std::vector<bytes> free = {};                 ///< free memory of each, if known
  std::optional<bytes> ram = {};                ///< of the host; absent: see named_gpus
  std::optional<bytes> working_set = {};        ///< what a Mac's GPU may use; absent: what is usual
  std::optional<operating_system> system = {};  ///< of named GPUs; absent: this machine's
  std::string driver = {};  ///< "550.54.14"; empty: this machine's if they are its, else unknown
  std::optional<drawn_on_card> display = {};  ///< by the first of them; absent: what is usual
  bool no_calibration = false;        ///< take nothing of what was calibrated
};

/// A LoRA adapter or a control vector, by its file.
struct adapter_file {
  std::string path;
  float scale = 1;  ///< 0: it is loaded and never applied

  friend bool operator==(const adapter_file&, const adapter_file&) = default;
};

/// A plan: the model, what it runs on, how it is run, and what is told of it.
struct plan_request {
  std::string model = {};                ///< a path, an address, hf:, ollama:, or a name
  std::string draft = {};                ///< `-md`, by the same; empty: none
  std::string mmproj = {};               ///< `--mmproj`, a path, ollama:, or a name; empty: none
  std::vector<adapter_file> loras = {};  ///< `--lora`, `--lora-scaled`
  std::vector<adapter_file> control_vectors =
      {};                  ///< `--control-vector`, `--control-vector-scaled`
  bool no_mmproj = false;  ///< count no projector that is not named
  bool is_pasted = false;  ///< a projector that is not here is left out, and said to be
  std::optional<bytes> file_size = {};  ///< of a model that is named only; absent: as it is known
  source_options sources = {};
  gpu_request gpus = {};
  bytes reserve = {};         ///< kept free on each GPU
  bool buffers_only = false;  ///< the engine's own buffers, no driver context and no pool
  std::vector<std::string> value_notes = {};  ///< how values were taken that could mean two things
  /// Which file was taken, where the model's name does not say, and that its size is estimated.
  std::string file_note = {};
  std::string engine_note = {};  ///< what a reader should know of the engine that was asked for
  bool explain = false;          ///< terms get notes
  bool max_context = false;      ///< find the largest context, also if the run names one
  bool tells_ctx = false;  ///< `-c` is given: 0 then is the training length, and not the largest
  std::optional<bool> fit =
      {};  ///< `--fit`; on: the run that the engine makes of it; absent: told beside
  std::vector<bytes> fit_targets = {};  ///< `--fit-target`; empty: the engine's
  std::uint32_t fit_ctx = 4096;         ///< `--fit-ctx`
  /// `--prefer`: the run that is planned is the best one by that; absent: the one that is told.
  std::optional<preference> prefer = {};
  run r = {};

  bool json = false, svg = false;  ///< of the program: how it answers
  std::string emit = {};           ///< of the program: for which one the run is written down
  std::string family = {};         ///< of the models that are ranked; empty: all
  std::uint32_t min_ctx = 0;       ///< tokens that a ranked model must take at least; 0: not said
  std::uint32_t top = 0;           ///< how many of the ranked models are shown; 0: all
};

}  // namespace vrambudget::request
