// A shared library that is opened when what it does is first asked for.
#pragma once

#include <string>

#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// A library found by its name, which stays loaded. Failures are kept until all is asked for.
class shared_library {
 public:
  explicit shared_library(const char* name);

  /// Sets `f` to the function of that name, or leaves it null.
  template <class Function>
  void find_optional(const char* symbol, Function*& f) const {
    f = reinterpret_cast<Function*>(address_of(symbol));
  }
  /// The same for a function that the library must have.
  template <class Function>
  void find(const char* symbol, Function*& f) {
    find_optional(symbol, f);
    if (f == nullptr && problem_.empty()) problem_ = name_ + " has no " + symbol;
  }

  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }

  /// Whether the library was opened and every function found.
  ///
  /// Errors: io  the linker's own words, or the first function that is missing
  [[nodiscard]] result<void> check() const;

 private:
  [[nodiscard]] void* address_of(const char* symbol) const;

  std::string name_;
  void* handle_;
  std::string problem_;
};

}  // namespace vrambudget::detail
