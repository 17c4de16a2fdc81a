// Measured speeds of prompts against what cards compute: data/prompts.jsonl.
#pragma once

#include <string>
#include <vector>

#include "speeds.hpp"
#include "vrambudget/advise/prompt_speed.hpp"

namespace vrambudget::accuracy {

/// One measurement, on cards of one kind.
struct prompt_reading {
  speed_reading
      of;  ///< its `most` is what units of sixteen bits give; several cards and copies: held out
  prompt_speed predicted;
  std::uint32_t n_gpus = 1;

  [[nodiscard]] bool has_copies() const { return predicted.work.copied.count > 0; }
  [[nodiscard]] bool is_within() const {
    const auto& e = predicted.expected;
    return e && e->low <= of.tokens_per_s && of.tokens_per_s <= e->high;
  }
};

/// Throws std::runtime_error where a row names what is not known.
[[nodiscard]] std::vector<prompt_reading> read_prompts(const std::string& file);

/// What shares are fitted to.
[[nodiscard]] std::vector<speed_reading> speeds_of(const std::vector<prompt_reading>& all);

/// How those on several cards, and those with experts on the host, lie to what is predicted with the shares of the others.
[[nodiscard]] std::vector<held_out_line> other_lines(const std::vector<prompt_reading>& all);

}  // namespace vrambudget::accuracy
