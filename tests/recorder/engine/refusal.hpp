// What the engine says, and the end of a run that it refuses.
#pragma once

#include <string>
#include <string_view>

#include "llama.h"
#include "nlohmann/json.hpp"

namespace recorder {

using json = nlohmann::ordered_json;

/// All that the engine has logged so far.
const std::string& engine_log();
/// Keeps what the engine logs from now on instead of printing it.
void capture_log();
/// What keeps it, for parts of the engine with a log of their own.
void keep_log(ggml_log_level level, const char* text, void*);

/// Calls it with what is logged from now on, as it is logged.
void listen(void (*to)(std::string_view));

/// Prints {"refusal": "WHAT: the errors that the engine logged"} and ends the program: the engine does not run this.
[[noreturn]] void refuse(const std::string& what);

/// The folder of this program, beside which the engine lies.
std::string program_folder();

}  // namespace recorder
