// Reading regular expressions; see name_pattern.hpp.
#pragma once

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>

#include "vrambudget/model/name_pattern.hpp"

namespace vrambudget {

namespace detail {
/// In the "C" locale, whichever the process is in.
[[nodiscard]] constexpr bool is_word_byte(unsigned char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
}  // namespace detail

/// Reads an expression by descent. Programs jump relatively, so that parts are put together as they are.
class pattern_compiler {
 public:
  explicit pattern_compiler(std::string_view text) : text_(text) {}

  result<name_pattern> run() {
    out_.programs_.emplace_back();
    auto whole = alternatives();
    if (!whole) return whole.error();
    if (at_ < text_.size()) return wrong("nothing to repeat, or a bracket that closes nothing");
    whole->push_back({op::done});
    out_.programs_.front() = std::move(*whole);
    return std::move(out_);
  }

 private:
  using op = name_pattern::op;
  using program = name_pattern::program;
  using bytes_set = std::bitset<256>;
  static constexpr std::size_t most_steps = 4096, most_depth = 100;

  [[nodiscard]] error wrong(const std::string& what, errc code = errc::invalid_argument) const {
    return {code, "'" + std::string(text_) + "' is not a regular expression: " + what +
                      " at byte " + std::to_string(at_)};
  }
  [[nodiscard]] bool has(std::string_view next) const {
    return text_.substr(at_).starts_with(next);
  }
  bool take(std::string_view next) {
    if (!has(next)) return false;
    at_ += next.size();
    return true;
  }
  /// Parts that are repeated are counted each time.
  [[nodiscard]] result<void> room_for(std::size_t n) const {
    if (n <= most_steps) return {};
    return wrong("it repeats too much", errc::limit);
  }
  static void append(program& to, const program& part) {
    to.insert(to.end(), part.begin(), part.end());
  }

  result<program> alternatives() {
    if (++depth_ > most_depth) return wrong("groups too deep", errc::limit);
    result<program> all = alternative();
    while (all && take("|")) {
      const auto other = alternative();
      if (!other) return other;
      program both{{op::split, 1, static_cast<std::int32_t>(all->size()) + 2}};
      append(both, *all);
      both.push_back({op::jump, static_cast<std::int32_t>(other->size()) + 1});
      append(both, *other);
      if (const auto ok = room_for(both.size()); !ok) return ok.error();
      all = std::move(both);
    }
    --depth_;
    return all;
  }

  result<program> alternative() {
    program all;
    while (at_ < text_.size() && !has("|") && !has(")")) {
      if (take("^")) {
        all.push_back({op::begin});
      } else if (take("$")) {
        all.push_back({op::end});
      } else if (take("\\b")) {
        all.push_back({op::word});
      } else if (take("\\B")) {
        all.push_back({op::inside});
      } else if (has("(?=") || has("(?!")) {
        const auto part = look();
        if (!part) return part;
        append(all, *part);
      } else {
        auto part = atom();
        while (part && (has("*") || has("+") || has("?") || has("{"))) part = repeated(*part);
        if (!part) return part;
        append(all, *part);
      }
      if (const auto ok = room_for(all.size()); !ok) return ok.error();
    }
    return all;
  }

  result<program> look() {
    const bool is_not = has("(?!");
    at_ += 3;
    auto part = alternatives();
    if (!part) return part;
    if (!take(")")) return wrong("a group that is not closed");
    part->push_back({op::done});
    out_.programs_.push_back(std::move(*part));
    if (out_.programs_.size() > most_depth) return wrong("too much to look ahead for", errc::limit);
    return program{
        {is_not ? op::look_not : op::look, static_cast<std::int32_t>(out_.programs_.size()) - 1}};
  }

  result<program> atom() {
    if (take("(")) {
      if (has("?") && !take("?:")) return wrong("a group of no known kind");
      auto part = alternatives();
      if (part && !take(")")) return wrong("a group that is not closed");
      return part;
    }
    bytes_set set;
    if (take(".")) {
      set = ~bytes_set().set('\n').set('\r');
    } else if (take("[")) {
      auto taken = bracket();
      if (!taken) return taken.error();
      set = *taken;
    } else if (has("\\")) {
      auto taken = escaped(false);
      if (!taken) return taken.error();
      set = *taken;
    } else if (has("*") || has("+") || has("?") || has("{")) {
      return wrong("nothing to repeat");
    } else {
      set.set(static_cast<unsigned char>(text_[at_++]));
    }
    out_.sets_.push_back(set);
    return program{{op::set, static_cast<std::int32_t>(out_.sets_.size()) - 1}};
  }

  result<program> repeated(const program& part) {
    std::size_t least = 0;
    std::optional<std::size_t> most;
    if (take("+")) {
      least = 1;
    } else if (take("?")) {
      most = 1;
    } else if (take("{")) {
      const auto low = number();
      if (!low) return wrong("a number of repeats is missing");
      least = *low;
      if (!take(","))
        most = least;
      else if (!has("}"))
        most = number().value_or(0);
      if (!take("}")) return wrong("a number of repeats that is not closed");
      if (most && *most < least) return wrong("fewer repeats at most than at least");
    } else {
      ++at_;
    }
    take("?");  // as few as possible: the same names
    const std::size_t copies = most.value_or(least + 1);
    if (copies > most_steps) return wrong("it repeats too much", errc::limit);
    if (const auto ok = room_for((part.size() + 2) * copies); !ok) return ok.error();
    const auto n = static_cast<std::int32_t>(part.size());
    program all;
    for (std::size_t i = 0; i < least; ++i) append(all, part);
    for (std::size_t i = least; most && i < *most; ++i) {
      all.push_back({op::split, 1, n + 1});
      append(all, part);
    }
    if (!most) {
      all.push_back({op::split, 1, n + 2});
      append(all, part);
      all.push_back({op::jump, -n - 1});
    }
    return all;
  }

  std::optional<std::size_t> number() {
    std::optional<std::size_t> n;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0; ++at_)
      n = std::min<std::size_t>(n.value_or(0) * 10 + static_cast<std::size_t>(text_[at_] - '0'),
                                1u << 20);
    return n;
  }

  template <class Is>
  static bytes_set all_that(Is is) {
    bytes_set set;
    for (int c = 0; c < 128; ++c) set[static_cast<std::size_t>(c)] = is(c) != 0;
    return set;
  }
  static std::optional<bytes_set> class_named(std::string_view name) {
    if (name == "alpha") return all_that([](int c) { return std::isalpha(c); });
    if (name == "digit" || name == "d") return all_that([](int c) { return std::isdigit(c); });
    if (name == "alnum") return all_that([](int c) { return std::isalnum(c); });
    if (name == "lower") return all_that([](int c) { return std::islower(c); });
    if (name == "upper") return all_that([](int c) { return std::isupper(c); });
    if (name == "space" || name == "s") return all_that([](int c) { return std::isspace(c); });
    if (name == "punct") return all_that([](int c) { return std::ispunct(c); });
    if (name == "xdigit") return all_that([](int c) { return std::isxdigit(c); });
    if (name == "blank") return all_that([](int c) { return std::isblank(c); });
    if (name == "cntrl") return all_that([](int c) { return std::iscntrl(c); });
    if (name == "graph") return all_that([](int c) { return std::isgraph(c); });
    if (name == "print") return all_that([](int c) { return std::isprint(c); });
    if (name == "w")
      return all_that([](int c) { return detail::is_word_byte(static_cast<unsigned char>(c)); });
    return std::nullopt;
  }

  /// What stands behind a backslash; in brackets "\b" is a backspace.
  result<bytes_set> escaped(bool in_bracket) {
    ++at_;
    if (at_ == text_.size()) return wrong("a backslash at the end");
    const char c = text_[at_++];
    if (const std::string_view classes = "dswDSW"; classes.find(c) != classes.npos) {
      const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const bytes_set set = *class_named(std::string_view(&lower, 1));
      return c == lower ? set : ~set;
    }
    if (c >= '1' && c <= '9')
      return wrong("a reference to a group, which is not looked for", errc::unsupported);
    if (c == 'x' || c == 'u') return coded(c == 'x' ? 2 : 4);
    if (c == 'c') {
      if (at_ == text_.size()) return wrong("a control character without a letter");
      return bytes_set().set(static_cast<unsigned char>(text_[at_++]) % 32);
    }
    constexpr std::string_view letters = "0fnrtv", meant{"\0\f\n\r\t\v", 6};
    if (in_bracket && c == 'b') return bytes_set().set('\b');
    const std::size_t i = letters.find(c);
    return bytes_set().set(static_cast<unsigned char>(i == letters.npos ? c : meant[i]));
  }

  result<bytes_set> coded(int digits) {
    unsigned code = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : ' ';
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0)
        return wrong("a code with too few digits");
      code = code * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    if (code > 255) return wrong("a code beyond a byte", errc::unsupported);
    return bytes_set().set(code);
  }

  /// One member of a bracket: a set of one byte can begin or end a range.
  result<bytes_set> member() {
    if (has("[.") || has("[=")) return wrong("a collating element", errc::unsupported);
    if (take("[:")) {
      const std::size_t end = text_.find(":]", at_);
      const auto set = end == text_.npos ? std::nullopt : class_named(text_.substr(at_, end - at_));
      if (!set) return wrong("a class of no known name");
      at_ = end + 2;
      return *set;
    }
    if (has("\\")) return escaped(true);
    return bytes_set().set(static_cast<unsigned char>(text_[at_++]));
  }
  static std::size_t first_of(const bytes_set& set) {
    std::size_t i = 0;
    while (i < set.size() && !set[i]) ++i;
    return i;
  }

  result<bytes_set> bracket() {
    const bool is_not = take("^");
    bytes_set set;
    while (!take("]")) {
      if (at_ >= text_.size()) return wrong("a bracket that is not closed");
      const auto low = member();
      if (!low) return low;
      const bool is_range = has("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
      if (!is_range || low->count() != 1) {
        set |= *low;
        continue;
      }
      ++at_;
      const auto high = member();
      if (!high) return high;
      if (high->count() != 1 || first_of(*high) < first_of(*low))
        return wrong("a range that is none");
      for (std::size_t c = first_of(*low); c <= first_of(*high); ++c) set.set(c);
    }
    return is_not ? ~set : set;
  }

  std::string_view text_;
  std::size_t at_ = 0, depth_ = 0;
  name_pattern out_;
};

}  // namespace vrambudget
