// Regular expressions that llama.cpp takes for names of tensors, which are std::regex's. Whatever is typed, a name is
// looked through once: no expression takes forever.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"

namespace vrambudget {

/// A regular expression in the grammar of ECMAScript, as libstdc++ reads it, but for references to groups.
class name_pattern {
 public:
  /// Errors: invalid_argument  no regular expression; the message says where it is none
  ///         unsupported       a reference to a group, a collating element
  ///         limit             more than `most_bytes`, or one that repeats too much
  [[nodiscard]] static result<name_pattern> compile(std::string_view text);

  /// Whether any part of the name matches.
  /// Units: at most steps of the expression times bytes of the name, and as much for each look ahead
  [[nodiscard]] bool is_in(std::string_view name) const;

  /// Steps of its programs: what looking for it costs for each byte of a name, at most.
  [[nodiscard]] std::size_t n_steps() const {
    std::size_t n = 0;
    for (const program& p : programs_) n += p.size();
    return n;
  }

  static constexpr std::size_t most_bytes = 4096;

 private:
  friend class pattern_compiler;
  friend class pattern_run;

  enum class op : std::uint8_t { set, split, jump, begin, end, word, inside, look, look_not, done };
  /// `a` and `b`: where to go on, relative; of `set` the set, of `look` the program
  struct step {
    op what = op::done;
    std::int32_t a = 0, b = 0;
  };
  using program = std::vector<step>;

  std::vector<program>
      programs_;  ///< the first is the expression, the others are what it looks ahead for
  std::vector<std::bitset<256>> sets_;
};

}  // namespace vrambudget
