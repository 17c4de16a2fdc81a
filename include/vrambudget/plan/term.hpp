// A term of a budget: one named amount of memory on one device or on the host.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/plan/explanation.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What an amount is for.
enum class term_kind : std::uint8_t {
  weights,
  repacked_weights,
  mapped_rest,
  kv_cache,
  recurrent_state,
  compute_buffer,
  output_buffer,
  adapters,
  adapter_growth,
  draft_weights,
  draft_repacked_weights,
  draft_kv_cache,
  draft_recurrent_state,
  draft_compute_buffer,
  draft_output_buffer,
  projector_weights,
  projector_compute,
  projector_growth,
  driver_context,
  pool,
  all_reduce,
  compute_growth,
  cpu_scratch,
  page_rounding,
};

/// Whose it is. A process has one context with the driver; pools of a model, its draft and its projector are
/// one term, as are what their cards add up partial results in and what their buffers leave unused of their
/// last pages.
enum class term_owner : std::uint8_t { model, draft, projector, process };

/// How an amount lies in the host's memory.
enum class residence : std::uint8_t {
  mapped,    ///< part of a file: evicted where memory is short, and read again
  locked,    ///< the same, held in memory
  pinned,    ///< for transfers to a GPU
  anonymous  ///< plain memory
};
[[nodiscard]] constexpr std::string_view name(residence r) {
  constexpr std::array<std::string_view, 4> names = {"mapped", "locked", "pinned", "anonymous"};
  static_assert(names.size() == static_cast<std::size_t>(residence::anonymous) + 1);
  return names[static_cast<std::size_t>(r)];
}

struct term_traits {
  term_kind kind;
  std::string_view name;  ///< in JSON
  term_owner owner;
};
inline constexpr std::array all_terms = {
    term_traits{term_kind::weights, "weights", term_owner::model},
    term_traits{term_kind::repacked_weights, "repacked_weights", term_owner::model},
    term_traits{term_kind::mapped_rest, "mapped_rest", term_owner::model},
    term_traits{term_kind::kv_cache, "kv_cache", term_owner::model},
    term_traits{term_kind::recurrent_state, "recurrent_state", term_owner::model},
    term_traits{term_kind::compute_buffer, "compute_buffer", term_owner::model},
    term_traits{term_kind::output_buffer, "output_buffer", term_owner::model},
    term_traits{term_kind::adapters, "adapters", term_owner::model},
    term_traits{term_kind::adapter_growth, "adapter_growth", term_owner::model},
    term_traits{term_kind::draft_weights, "draft_weights", term_owner::draft},
    term_traits{term_kind::draft_repacked_weights, "draft_repacked_weights", term_owner::draft},
    term_traits{term_kind::draft_kv_cache, "draft_kv_cache", term_owner::draft},
    term_traits{term_kind::draft_recurrent_state, "draft_recurrent_state", term_owner::draft},
    term_traits{term_kind::draft_compute_buffer, "draft_compute_buffer", term_owner::draft},
    term_traits{term_kind::draft_output_buffer, "draft_output_buffer", term_owner::draft},
    term_traits{term_kind::projector_weights, "projector_weights", term_owner::projector},
    term_traits{term_kind::projector_compute, "projector_compute", term_owner::projector},
    term_traits{term_kind::projector_growth, "projector_growth", term_owner::projector},
    term_traits{term_kind::driver_context, "driver_context", term_owner::process},
    term_traits{term_kind::pool, "pool", term_owner::process},
    term_traits{term_kind::all_reduce, "all_reduce", term_owner::process},
    term_traits{term_kind::compute_growth, "compute_growth", term_owner::process},
    term_traits{term_kind::cpu_scratch, "cpu_scratch", term_owner::process},
    term_traits{term_kind::page_rounding, "page_rounding", term_owner::process},
};
static_assert([] {
  for (std::size_t i = 0; i < all_terms.size(); ++i)
    if (static_cast<std::size_t>(all_terms[i].kind) != i) return false;
  return true;
}());

[[nodiscard]] constexpr std::string_view name(term_kind k) {
  return all_terms[static_cast<std::size_t>(k)].name;
}
/// The kind of that name; nothing for another text.
[[nodiscard]] constexpr std::optional<term_kind> find_term_kind(std::string_view name) {
  for (const term_traits& t : all_terms)
    if (t.name == name) return t.kind;
  return std::nullopt;
}
[[nodiscard]] constexpr term_owner owner_of(term_kind k) {
  return all_terms[static_cast<std::size_t>(k)].owner;
}

/// One amount of memory.
struct term {
  term_kind kind = term_kind::weights;
  bytes size;
  enum basis basis = basis::exact;
  std::vector<explanation> why = {};  ///< how it comes about, part by part
  /// Of a measured amount: what it may be instead, at least and most often.
  std::optional<bytes> low = {}, expected = {};
  std::optional<residence> held = {};  ///< absent: not on the host

  [[nodiscard]] bytes at(estimate e) const {
    return e == estimate::high ? size : (e == estimate::low ? low : expected).value_or(size);
  }
};

/// The terms of one device or of the host.
struct term_list {
  std::vector<term> terms;

  /// Adds a term; one of no bytes is left out.
  void add(term t) {
    if (t.size.count > 0) terms.push_back(std::move(t));
  }
  /// Adds to the term of that kind, or adds the term.
  void grow(term t) {
    term* known = find(t.kind);
    if (known == nullptr) return add(std::move(t));
    if (t.size.count == 0) return;
    const auto add_range = [&](std::optional<bytes> term::*end) {
      if (known->*end || t.*end)
        known->*end = (known->*end).value_or(known->size) + (t.*end).value_or(t.size);
    };
    add_range(&term::low);
    add_range(&term::expected);
    known->size += t.size;
    known->basis = std::max(known->basis, t.basis);
    known->why.insert(known->why.end(), t.why.begin(), t.why.end());
  }
  /// Null: there is none.
  [[nodiscard]] term* find(term_kind k) {
    const auto it =
        std::find_if(terms.begin(), terms.end(), [k](const term& t) { return t.kind == k; });
    return it == terms.end() ? nullptr : &*it;
  }
  [[nodiscard]] const term* find(term_kind k) const {
    return const_cast<term_list*>(this)->find(k);  // NOLINT: it changes nothing
  }
  /// The size of a term; zero if there is none of that kind.
  [[nodiscard]] bytes of(term_kind k) const {
    for (const term& t : terms)
      if (t.kind == k) return t.size;
    return {};
  }
  /// Sum of all terms.
  [[nodiscard]] bytes used() const {
    bytes sum;
    for (const term& t : terms) sum += t.size;
    return sum;
  }
  /// The same with each measured term at that end.
  [[nodiscard]] bytes used(estimate e) const {
    bytes sum;
    for (const term& t : terms) sum += t.at(e);
    return sum;
  }
  /// The weakest basis of any term.
  [[nodiscard]] enum basis weakest() const {
    enum basis b = basis::exact;
    for (const term& t : terms) b = std::max(b, t.basis);
    return b;
  }
};

}  // namespace vrambudget
