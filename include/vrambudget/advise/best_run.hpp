// The best way to run a model on a machine: what is told of the run is kept, what is not is chosen.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "vrambudget/advise/preference.hpp"
#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// Tokens of a context that is worth something, where none is asked for.
inline constexpr std::uint32_t least_context = 8192;

/// What of a model the host computes with.
enum class on_host : std::uint8_t {
  nothing,       ///< but the table of token embeddings
  feed_forward,  ///< experts of some layers, or of a dense model their feed-forward tensors
  cache,         ///< the KV cache, and perhaps these besides
  layers         ///< whole layers, and these besides
};

[[nodiscard]] constexpr std::string_view name(on_host h) {
  constexpr std::string_view names[] = {"nothing", "feed_forward", "cache", "layers"};
  return names[static_cast<std::size_t>(h)];
}

/// A run that was chosen.
struct best_run {
  suggestion how;  ///< what it is, and what it changes of the one that was told
  on_host moved = on_host::nothing;
};

/// The best of all runs that fit. Chosen are the context, unless it is told; `-ctk` and `-ctv`, told types or
/// f16, then q8_0, then q4_0, K in q8_0 with V in q4_0 between them where the devices' flash attention reads both as
/// they are, and where it runs not at all K alone; what goes to the host: experts of the first layers (`-ncmoe`,
/// `-cmoe`), of a dense model their feed-forward tensors (`-ncffn`), then whole layers (`-ngl`), or the cache (`-nkvo`)
/// and as few of these besides as it takes, whichever has the host read less for a token with the context full; `-ts`;
/// `-ub`, down to 128,
/// or up to `-b` where the host holds weights; one slot instead of more; `--swa-full`; drafts. Placement that is
/// told is where that begins. For speed and for a context experts of the last layers go there (`-ot`), where
/// fewer of those need to. On several devices layers are divided as `--fit` does (`-ot`), where that leaves fewer of
/// them to the host and has it read 5 % less, or where a context is wanted most.
///
/// What is wanted more is decided first, each as good as it can be with all the rest at its least:
///   balance   nothing on the host, drafts, a cache of 8 bits, -ub, the context, as little on the host, f16
///   quality   a cache of 8 bits, nothing on the host, drafts, -ub, f16, the context, as little on the host
///   speed     as little on the host, drafts, -ub, a cache of 8 bits, f16, the context
///   context   the context, nothing on the host, drafts, a cache of 8 bits, -ub, as little on the host, f16
/// Slots that are told come before, a larger -ub, slots that are not told and `--swa-full` after all of it. A
/// context that is not told has `least_context` tokens or more, if any run has, and no more than its training.
///
/// Formula:  by bisection over budgets: each step of one of these takes no less memory than the next
/// Errors:   those of planner::budget_for, of the run as it is told with the smallest context
/// Accuracy: that of a budget; nothing: no run of those fits
[[nodiscard]] result<std::optional<best_run>> find_best_run(planner& p, const run& r,
                                                            preference most = preference::balance);

}  // namespace vrambudget
