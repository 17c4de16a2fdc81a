// Models of the catalogue for tests.
#pragma once

#include <string>
#include <string_view>

#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/models.hpp"

namespace vrambudget::testing {

inline model catalogued(const char* name) { return read_shape(find_model(name).value()).value(); }

inline model catalogued_quantization(std::string_view typed) {
  const catalogued_file f = find_catalogued_file(typed).value();
  return as_file(read_shape(*f.shape).value(), f).value();
}

/// The file's name, or what is said where there is none.
inline std::string file_named(std::string_view typed) {
  const auto f = find_catalogued_file(typed);
  return f ? f->name : f.error().message;
}

}  // namespace vrambudget::testing
