// The version of this library, and of the JSON it writes.
#pragma once

#define VRAMBUDGET_VERSION "0.1.0"

namespace vrambudget {

inline constexpr const char* version = VRAMBUDGET_VERSION;
inline constexpr const char* catalogue_date = "2026-11";  ///< of the newest facts in data/
inline constexpr int json_schema = 1;  ///< raised when a key or meaning of the JSON output changes

}  // namespace vrambudget
