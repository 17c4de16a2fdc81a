// How a request fails: with the exit status that the program gives it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "vrambudget/error.hpp"

namespace vrambudget::request {

/// Exit statuses.
enum status : int { yes = 0, does_not_fit = 1, usage = 2, bad_input = 3, no_gpu = 4, our_bug = 70 };

/// A failure on its way to main: printed on stderr after "vrambudget: ".
struct failure {
  status code;
  std::string message;
  std::optional<errc> why = std::nullopt;  ///< the error behind it, if there is one
};

/// The value, or the failure with `code`.
template <class T>
T value_or_fail(result<T>&& r, status code) {
  if (!r) throw failure{code, r.error().message, r.error().code};
  return std::move(*r);
}

}  // namespace vrambudget::request
