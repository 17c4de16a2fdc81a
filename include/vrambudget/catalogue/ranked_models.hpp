// The models that are known, on this disk and in the catalogue, by what fits on some devices.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "vrambudget/advise/rank.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/quality.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/hub/model_store.hpp"
#include "vrambudget/plan/sweep_columns.hpp"

namespace vrambudget {

/// A file of a model as it was planned.
struct ranked_model {
  std::string name;                       ///< of the model, without its quantization
  std::string quantization;               ///< empty: not told by the file's name
  std::string path;                       ///< of a file on this disk; empty: of the catalogue
  const catalogued_file* file = nullptr;  ///< null: on this disk
  bool is_scaled = false;                 ///< its weights are a published file's size
  candidate planned;
  file_quality quality = {};

  [[nodiscard]] bool on_disk() const { return file == nullptr; }
  [[nodiscard]] bool is_published() const {
    return file && file->published && !file->published->file.empty();
  }
};

/// Which models are looked at.
struct known_models {
  std::vector<stored_model> on_disk;                            ///< all their files are planned
  std::function<result<model>(const stored_model&)> read = {};  ///< reads one of them
  std::string family = {};             ///< only names or architectures with this; empty: all
  std::set<std::string> without = {};  ///< names that are left out
  /// Of the catalogue's that fit no way the budget is reckoned too; off: they have their weights alone.
  bool plans_refused = true;
  bool counts_q8_0 = false;  ///< ranking::more_with_q8_0
};

/// All of them in order.
struct ranking {
  std::vector<ranked_model> models;
  /// How many other models would fit with a KV cache in q8_0, for those who did not choose its type.
  std::size_t more_with_q8_0 = 0;
};

/// All known models that the engine would run, best first: of those on this disk all files, of the
/// catalogue's each one's largest that fits, or where speed or context is preferred its smallest of four bits or more.
/// Where the host's memory is known, models that have no such file on the devices come with the smallest of these a
/// second time, with a part of it on the host. What fits neither way is its smallest file.
///
/// `run_all`: who plans them (os/threads.hpp has one for many threads).
[[nodiscard]] ranking rank_models(const ranking_question& q, const known_models& among,
                                  const sweep_runner& run_all);

/// Whether models can be planned so at all, as the first one of the catalogue tells.
/// Errors: those of plan_candidate()
[[nodiscard]] result<void> check_ranking(const ranking_question& q);

/// Names of those that fit the devices alone.
[[nodiscard]] std::set<std::string> names_that_fit(const std::vector<ranked_model>& all);
/// Names of those that fit them or leave a part to the host.
[[nodiscard]] std::set<std::string> names_that_run(const std::vector<ranked_model>& all);

}  // namespace vrambudget
