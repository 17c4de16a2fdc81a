// Projectors as people name them.
#pragma once

#include <string>

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/os/environment.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// A projector by path, by the catalogue's name, or as "ollama:NAME" that of a model in Ollama's store, whether it
/// is a file of its own or lies in the model's.
/// Errors: not_found  no file or projector of that name; and what the file and read_projector() give
[[nodiscard]] result<projector> load_projector(const std::string& typed);

/// The same request with the projector that is meant, which a note tells: the one that Ollama loads with a model of its
/// store, unless another is named or `--no-mmproj` is given; for a file that is not here the catalogue's of its name,
/// or as names like "mmproj-F16.gguf" do not tell, that of the model in this type. Of a request that was pasted one that is
/// neither here nor known is left out.
[[nodiscard]] plan_request with_meant_projector(plan_request q, const environment& around);

/// A projector's file in the folder of a model's file, by its name; of several the first one. Empty:
/// there is none.
[[nodiscard]] std::string projector_beside(const model& m);

}  // namespace vrambudget::request
