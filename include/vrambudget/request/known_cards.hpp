// The cards of the catalogue, as a run could be given them.
#pragma once

#include <vector>

#include "vrambudget/advise/cards.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/os/environment.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// All cards that are known by name, under the request's system and with its desktop, those that were
/// calibrated with their own driver contexts. Those of laptops, and those whose memory is the host's, come alone.
///
/// Errors: invalid_argument  the request names GPUs, or what is free on them
///         those of stored_calibration()
[[nodiscard]] result<std::vector<known_card>> known_cards(const plan_request& q,
                                                          const environment& around);

/// What they are asked: the request's run; without a context one of `least_context` tokens, or of the
/// training length if that is less.
/// Errors: invalid_argument  `--fit on`, which makes a run of its own for each card
[[nodiscard]] result<cards_question> cards_question_of(const plan_request& q, const model& m,
                                                       const model* draft, const projector* mmproj);

}  // namespace vrambudget::request
