// How a command ends that cannot go on: with a line on stderr and an exit status.
#pragma once

#include <string>
#include <utility>

#include "vrambudget/error.hpp"

namespace vrambudget::cli {

/// Exit statuses.
enum status : int {
  yes = 0,
  does_not_fit = 1,
  usage = 2,
  bad_input = 3,
  no_gpu = 4,
  our_bug = 70,
  not_written = 74  ///< stdout takes no more
};

/// On its way to main: printed on stderr after "vrambudget: ".
struct failure {
  status code;
  std::string message;
};

/// What an error means for a command: the request is wrong, or what it is about.
[[nodiscard]] inline status status_of(const error& e) {
  return e.code == errc::invalid_argument ? usage : bad_input;
}

/// The value, or the failure with `code`.
template <class T>
T value_or_fail(result<T>&& r, status code) {
  if (!r) throw failure{code, r.error().message};
  return std::move(*r);
}
template <class T>
T value_or_fail(result<T>&& r) {
  if (!r) throw failure{status_of(r.error()), r.error().message};
  return std::move(*r);
}

}  // namespace vrambudget::cli
