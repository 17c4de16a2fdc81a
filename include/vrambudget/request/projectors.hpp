// Projectors as people name them.
#pragma once

#include <string>

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"

namespace vrambudget::request {

/// A projector by path or by the catalogue's name.
/// Errors: not_found  no file or projector of that name; and what the file and read_projector() give
[[nodiscard]] result<projector> load_projector(const std::string& typed);

/// A projector's file in the folder of a model's file, by its name; of several the first one. Empty:
/// there is none.
[[nodiscard]] std::string projector_beside(const model& m);

}  // namespace vrambudget::request
