// Numbers with a decimal point: std::from_chars, which some standard libraries have for whole numbers only.
#pragma once

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace vrambudget::detail {

/// As std::from_chars(first, last, value), in any locale.
template <class T>
  requires std::is_floating_point_v<T>
std::from_chars_result read_decimal(const char* first, const char* last, T& value) {
#ifdef __cpp_lib_to_chars
  return std::from_chars(first, last, value);
#else
  // strtod() also takes blanks, a plus sign and hexadecimal digits, and needs an end
  const char* const digits = first != last && *first == '-' ? first + 1 : first;
  const char* end = digits;
  while (end != last && std::string_view("0123456789.eE+-").find(*end) != std::string_view::npos) ++end;
  if (end == digits || *digits == '+' || *digits == '-') return {first, std::errc::invalid_argument};
  const std::string text(first, end);
  char* rest = nullptr;
  errno = 0;
  const double read = std::strtod(text.c_str(), &rest);
  if (rest == text.c_str()) return {first, std::errc::invalid_argument};
  const char* const stopped = first + (rest - text.c_str());
  const T narrow = static_cast<T>(read);
  if (errno == ERANGE || (narrow - narrow != 0)) return {stopped, std::errc::result_out_of_range};
  value = narrow;
  return {stopped, {}};
#endif
}

}  // namespace vrambudget::detail
