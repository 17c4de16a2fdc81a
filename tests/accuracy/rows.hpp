// Lines of data/*.jsonl as objects.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "vrambudget/units.hpp"

namespace vrambudget::accuracy {

/// Throws std::runtime_error if it cannot be read.
[[nodiscard]] std::vector<boost::json::object> read_lines(const std::string& file);

/// Empty where the key is absent.
[[nodiscard]] std::string text_of(const boost::json::object& o, const char* key);

[[nodiscard]] bytes from_mib(double size);
[[nodiscard]] double in_mib(bytes b);

}  // namespace vrambudget::accuracy
