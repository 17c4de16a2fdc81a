// Texts as Windows has them, and what it refuses as errno.
#pragma once

#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <string>
#include <string_view>

namespace vrambudget::detail {

/// UTF-16 of UTF-8; what is no UTF-8 becomes a character that no file has.
[[nodiscard]] std::wstring wide(std::string_view utf8);
/// UTF-8 of UTF-16; half a character becomes U+FFFD.
[[nodiscard]] std::string narrow(std::wstring_view wide);

/// A path in UTF-8 as the system takes it, of any length.
[[nodiscard]] std::wstring wide_path(const std::string& path);

/// Sets errno to what GetLastError() means; false, for the caller to return.
bool failed();

/// The handle of a file that is open.
[[nodiscard]] HANDLE handle_of(int fd);

}  // namespace vrambudget::detail
