// Looking for regular expressions; see name_pattern.hpp.
#pragma once

#include <utility>

#include "vrambudget/model/name_pattern.hpp"
#include "vrambudget/model/pattern_compiler.ipp"

namespace vrambudget {

/// Goes through a name with all states of the expression at once.
class pattern_run {
 public:
  pattern_run(const name_pattern& p, std::string_view name)
      : p_(p), name_(name), seen_(p.programs_.size()) {}

  /// Whether a program matches from `from` on, or where it may begin anywhere, from there or later.
  bool matches(std::size_t program, std::size_t from, bool anywhere) {
    const name_pattern::program& steps = p_.programs_[program];
    std::vector<std::uint32_t> now, next;
    std::vector<std::size_t> reached(steps.size(), name_.size() + 1);  // the byte at which last
    for (std::size_t at = from;; ++at) {
      if (at == from || anywhere) now.push_back(0);
      next.clear();
      while (!now.empty()) {
        const std::uint32_t i = now.back();
        now.pop_back();
        if (reached[i] == at) continue;
        reached[i] = at;
        const name_pattern::step& s = steps[i];
        const auto go = [&](std::int32_t by) {
          now.push_back(static_cast<std::uint32_t>(static_cast<std::int32_t>(i) + by));
        };
        switch (s.what) {
          case op::done:
            return true;
          case op::set:
            if (at < name_.size() &&
                p_.sets_[static_cast<std::size_t>(s.a)][static_cast<unsigned char>(name_[at])])
              next.push_back(i + 1);
            break;
          case op::split:
            go(s.a);
            go(s.b);
            break;
          case op::jump:
            go(s.a);
            break;
          default:
            if (holds(s, at)) go(1);
        }
      }
      if (at == name_.size() || (next.empty() && !anywhere)) return false;
      std::swap(now, next);
    }
  }

 private:
  using op = name_pattern::op;

  bool holds(const name_pattern::step& s, std::size_t at) {
    switch (s.what) {
      case op::begin:
        return at == 0;
      case op::end:
        return at == name_.size();
      case op::word:
        return is_edge(at);
      case op::inside:
        return !is_edge(at);
      default:
        return ahead(static_cast<std::size_t>(s.a), at) == (s.what == op::look);
    }
  }
  [[nodiscard]] bool is_edge(std::size_t at) const {
    const auto is_word = [&](std::size_t i) {
      return i < name_.size() && detail::is_word_byte(static_cast<unsigned char>(name_[i]));
    };
    return is_word(at - 1) != is_word(at);  // before the first there is none
  }
  /// What is looked ahead for is looked for once at each byte.
  bool ahead(std::size_t program, std::size_t at) {
    std::vector<std::int8_t>& known = seen_[program];
    if (known.empty()) known.assign(name_.size() + 1, -1);
    if (known[at] < 0) {
      const bool found = matches(program, at, false);
      seen_[program][at] = found ? 1 : 0;
    }
    return seen_[program][at] == 1;
  }

  const name_pattern& p_;
  std::string_view name_;
  std::vector<std::vector<std::int8_t>> seen_;  ///< of each program, where it matches
};

result<name_pattern> name_pattern::compile(std::string_view text) {
  if (text.size() > most_bytes)
    return error{errc::limit, "a regular expression of " + std::to_string(text.size()) +
                                  " bytes, expected at most " + std::to_string(most_bytes)};
  return pattern_compiler(text).run();
}

bool name_pattern::is_in(std::string_view name) const {
  return pattern_run(*this, name).matches(0, 0, true);
}

}  // namespace vrambudget
