// Which file a model's bare name means: the best one of its files that runs as it is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/smaller_file.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// The request with the file that `q.model` means, and what is said of it in `q.file_note`. Of a catalogued
/// model that is named without a quantization: of the files with 8.5 bits a weight or less the largest that
/// runs on these devices beside `draft` and `mmproj` (null: none), with the context of the request, or else
/// with one of `least_context` tokens or its training length. Under four bits only if no other runs. If none
/// runs, one of four bits. With `q.prefer` the one whose best run is best, if the GPUs hold any whole; with the file's
/// size told the nearest. Of a name as Ollama writes it, "qwen3:8b", it is Q4_K_M if that runs. As it is: the name says which file, or is none of the catalogue's.
///
/// Errors: those of read_catalogued() and planner::budget_for()
[[nodiscard]] result<plan_request> with_best_file(plan_request q, model_reader& reader,
                                                  const std::vector<device>& devices, limits l,
                                                  const model* draft, const projector* mmproj);

/// The largest file of the model that `q.model` is a file of which is smaller than that and runs on these
/// devices, by how_it_runs(); nothing: the name is none of the catalogue's, or no other file runs.
///
/// Errors: those of read_catalogued()
[[nodiscard]] result<std::optional<smaller_file>> smaller_file_that_runs(
    const plan_request& q, const run& r, const std::vector<device>& devices, limits l,
    const model* draft, const projector* mmproj, effort most);

}  // namespace vrambudget::request
