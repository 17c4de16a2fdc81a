// A run as llama-server's command line, and back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request {

/// A run from arguments that are nothing but options of a run.
/// Errors: invalid_argument  another argument, or no such value
[[nodiscard]] result<run> parse_run(const std::vector<std::string>& args);

/// The same of a whole command line of llama-server; what is no option of a run is passed over.
[[nodiscard]] result<run> parse_known_run(const std::vector<std::string>& args);

/// One argument of a line.
struct argument {
  std::string flag;
  std::string value;  ///< empty: the flag stands alone
};
using arguments = std::vector<argument>;

/// The arguments of one topic that say what differs from the defaults, in the table's order.
[[nodiscard]] arguments arguments_of(const run& r, topic about);

/// Those of all topics of a run.
[[nodiscard]] arguments arguments_of(const run& r);

}  // namespace vrambudget::request
