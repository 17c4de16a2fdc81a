// Which of many cards hold a run: the question of a plan the other way round. Which cards there are is the
// caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/basis.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/sweep_columns.hpp"

namespace vrambudget {

/// A kind of card, alone and, where it can be had so, as two of it.
struct known_card {
  std::string id;  ///< "rtx-3090", unique
  bytes memory;    ///< as it is sold
  device alone;
  std::optional<device> second = {};  ///< beside it, where nothing is drawn; absent: never in pairs
};

/// What all cards are planned for. The models must outlive it.
struct cards_question {
  const model* of = nullptr;
  run r = {};  ///< with a context
  limits held_against = {};
  const model* draft = nullptr;       ///< `-md`
  const projector* mmproj = nullptr;  ///< `--mmproj`

  [[nodiscard]] planner on(std::vector<device> devices) const {
    return {*of, std::move(devices), held_against, draft, mmproj};
  }
};

/// The run on one card or two.
struct card_plan {
  std::size_t card = 0;             ///< its number among those that are known
  std::size_t count = 1;            ///< of it
  bool runs = false;                ///< as expected: run_verdict::runs()
  bytes used = {};                  ///< on all of them, at the high ends of what is measured
  bytes spare = {};                 ///< of that on the fuller one
  bytes missing = {};               ///< the same; of a run that runs: it is tight
  bytes host = {};                  ///< the engine's buffers there
  enum basis basis = basis::exact;  ///< the weakest of all that is used
  std::uint32_t max_ctx =
      0;  ///< tokens at most, at the high ends; of one that runs; 0: not even 256
  bool by_training = false;  ///< what binds them: the training length; else memory
  std::string refused = {};  ///< why the engine does not take the run at all; empty: it does

  [[nodiscard]] bool is_tight() const { return runs && missing.count > 0; }
};

/// The card that comes nearest of those that do not hold the run.
struct nearest_card {
  card_plan planned;
  std::optional<suggestion> change =
      {};  ///< the least harmful that makes it fit; absent: no single one
};

struct found_cards {
  /// All cards alone, then pairs that hold the run, of those that do not alone; each by memory, then by id.
  std::vector<card_plan> all;
  std::optional<nearest_card> next = {};  ///< absent: all hold it

  [[nodiscard]] bool any() const {
    for (const card_plan& p : all)
      if (p.runs) return true;
    return false;
  }
};

/// Plans a run on all cards. Cards on which the same graphs run share them (plan/sweep.hpp).
///
/// Errors:   invalid_argument  the engine refuses the run on all of them
/// Accuracy: as planner::budget_for and max_context on each card alone
/// `run_all`: who plans them (os/threads.hpp has one for many threads)
[[nodiscard]] result<found_cards> find_cards(const cards_question& q,
                                             const std::vector<known_card>& known,
                                             const sweep_runner& run_all);

}  // namespace vrambudget
