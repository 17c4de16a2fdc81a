// How each term is drawn, on terminals and in pictures.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "vrambudget/plan/term.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {

/// The look of a term.
struct ink {
  std::optional<term_kind> term;  ///< absent: of all others
  int ansi;                       ///< foreground on a terminal
  char letter;                    ///< where bars have no colours
  std::uint32_t
      rgb;  ///< in pictures: Okabe and Ito's, which people with colour blindness tell apart
  bool striped = false;  ///< terms of two kinds share a colour, as a draft's and its model's
};

inline constexpr std::array inks{
    ink{term_kind::weights, 34, 'w', 0x0072b2},
    ink{term_kind::repacked_weights, 34, 'm', 0x0072b2},
    ink{term_kind::mapped_rest, 94, 'f', 0x0072b2, true},
    ink{term_kind::kv_cache, 32, 'k', 0xe69f00},
    ink{term_kind::recurrent_state, 36, 'r', 0xcc79a7},
    ink{term_kind::compute_buffer, 33, 'c', 0x009e73},
    ink{term_kind::adapters, 34, 'l', 0x56b4e9, true},
    ink{term_kind::adapter_growth, 33, 'L', 0x009e73, true},
    ink{term_kind::driver_context, 35, 'd', 0x999999},
    ink{term_kind::pool, 31, 'p', 0x56b4e9},
    ink{term_kind::all_reduce, 91, 'a', 0x56b4e9, true},
    ink{term_kind::compute_growth, 31, 'P', 0x56b4e9, true},
    ink{term_kind::cpu_scratch, 31, 's', 0x56b4e9},
    ink{term_kind::page_rounding, 90, '-', 0x777777},
    ink{term_kind::projector_weights, 95, 'v', 0xd55e00},
    ink{term_kind::projector_compute, 35, 'i', 0xd55e00, true},
    ink{term_kind::projector_growth, 37, 'g', 0xf0a878, true},
    ink{term_kind::draft_weights, 94, 'W', 0x0072b2, true},
    ink{term_kind::draft_repacked_weights, 94, 'M', 0x0072b2, true},
    ink{term_kind::draft_kv_cache, 92, 'K', 0xe69f00, true},
    ink{term_kind::draft_recurrent_state, 96, 'R', 0xcc79a7, true},
    ink{term_kind::draft_compute_buffer, 93, 'C', 0x009e73, true},
};

/// The row of a term, or that of all others.
[[nodiscard]] inline const ink& ink_of(term_kind term) {
  static constexpr ink other{std::nullopt, 37, '#', 0xb8a200};
  const auto it =
      std::find_if(inks.begin(), inks.end(), [&](const ink& i) { return i.term == term; });
  return it == inks.end() ? other : *it;
}

/// In one of a terminal's colours, where they are wanted.
[[nodiscard]] inline std::string coloured(const text_style& s, int colour, const std::string& text) {
  return s.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : text;
}

}  // namespace vrambudget
