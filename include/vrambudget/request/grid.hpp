// Sweeps as JSON, for bindings without objects: the grid that is asked for, and its rows.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "vrambudget/report/sweep_arrow.hpp"
#include "vrambudget/request/answers.hpp"

namespace vrambudget::request {

/// The sweep that an object means:
///   "gpus"         a GPU or a set of them each: "3090", "2x4090", ["3090", "3060"]
///   "n_ctx"        tokens: numbers, or {"first", "last", "step"}
///   "cache_types"  of K and V: "q8_0", or ["q8_0", "q4_0"]; absent: f16
///   "n_parallel"   slots: numbers; absent: 0, automatic
///   "threads"      absent: as many as the machine runs at once
/// `options`: of the GPUs ("free", "os", "display") and of all runs.
///
/// Errors: invalid_argument  no such axis or value; and those of open_devices()
[[nodiscard]] result<sweep_request> sweep_request_of(
    std::vector<std::shared_ptr<const model>> models, const boost::json::object& grid,
    const plan_request& options);

/// What its models, GPUs and cache types are called: a set of GPUs as "3090 + 3060".
[[nodiscard]] sweep_labels labels_of(const sweep_request& q, const boost::json::object& grid);

/// {"schema", "n_budgets", "columns": {NAME: [...], ...}, "refused": [...]}
[[nodiscard]] std::string sweep_json(const sweep_result& r);

}  // namespace vrambudget::request
