// Models that are not given by path: on servers, and in the stores of other programs.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "vrambudget/hub/http.hpp"
#include "vrambudget/hub/model_store.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::request {

/// Adds --offline, --no-cache, --timeout and --retries, which hold for every model the command reads.
void add_source_options(CLI::App& app);

/// Sets them to what they are without options, for a process that is asked more than once.
void forget_source_options();

/// Whether load_remote() takes it: "https://...", "http://..." or "hf:...".
[[nodiscard]] bool is_remote(const std::string& typed);

/// A model on a server; its path is the address.
/// Errors: bad_input, usage, as a failure
[[nodiscard]] model load_remote(const std::string& typed);

/// What all models read so far took of the network, and how long.
struct network_use {
  http_traffic traffic;
  double seconds = 0;
};
[[nodiscard]] const network_use& network_so_far();

/// Where other programs keep models, by the environment.
[[nodiscard]] store_folders usual_folders();

/// All models in the usual folders, looked for once.
[[nodiscard]] const std::vector<stored_model>& models_on_disk();

}  // namespace vrambudget::request
