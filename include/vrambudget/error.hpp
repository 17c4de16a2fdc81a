// Errors as values: what went wrong, in a code for programs and a sentence for people.
// How an error is shown, and which exit status it becomes, belongs to the caller.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <boost/throw_exception.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace vrambudget {

/// Why a call failed; groups follow who can do something about it.
enum class errc : std::uint8_t {
  // the input is at fault
  truncated = 1,  ///< the data ends before the format says it should
  bad_format,     ///< a field has a value the format forbids
  limit,          ///< a count or size is beyond what the engine, or reason, accepts
  overflow,       ///< a size needs more than 64 bits
  // the request is, or there is no model for it
  invalid_argument,  ///< parameters that contradict each other or that the engine refuses
  unsupported,       ///< well formed, but nothing here models it
  not_found,         ///< a name that is not in the file or the catalogue
  // the system refused
  io,
};

/// A failure: its code and one line that names the thing, what was found and what was expected.
struct error {
  errc code{};
  std::string message;
};

/// What `result::value()` throws when there is no value.
struct exception : std::runtime_error {
  explicit exception(error e) : std::runtime_error(e.message), what_failed(std::move(e)) {}
  error what_failed;
};

[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&) {
  boost::throw_exception(exception(e));
}

/// A value or an `error`. Only what `std::expected` has too is used of it.
template <class T>
using result = boost::system::result<T, error>;

/// The same error with where it happened in front: "model.gguf: tensor 12: ...".
[[nodiscard]] inline error in_context(const std::string& where, error e) {
  e.message = where + ": " + e.message;
  return e;
}

}  // namespace vrambudget
