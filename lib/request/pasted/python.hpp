// Literals in Python's code: what a call is given, and what names are set to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "request/pasted/settings.hpp"

namespace vrambudget::request::pasted {

/// Whether a name may have it.
[[nodiscard]] bool is_python_name(char c);

/// What stands between a call's brackets, from behind the first one: literals, lists of them and names, by theirs; what
/// has none is `first`'s. Nothing: the call has no end, or too much in it.
[[nodiscard]] std::optional<settings> python_arguments(std::string_view text,
                                                       const std::string& first);

/// Names give way to the literals that they are set to last in the code before.
void look_up_names(settings& all, std::string_view code);

}  // namespace vrambudget::request::pasted
