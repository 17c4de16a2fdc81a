// Python's values, as far as they are literals.
#include "request/pasted/python.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace vrambudget::request::pasted {
namespace {

/// Values of a call and of assignments: literals, lists of them, and names.
class python_reader {
 public:
  python_reader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  /// What stands between a call's brackets; what has no name is `first`'s. Nothing: no call is there, or it has no end.
  std::optional<settings> arguments(const std::string& first) {
    settings all;
    skip_blanks();
    while (now() != ')') {
      if (now() == '\0' || all.size() > most_values) return std::nullopt;
      std::string name = first;
      const std::size_t begin = at_, before = at_;
      if (const std::string_view word = take_name(); !word.empty()) {
        skip_blanks();
        if (now() == '=' && next() != '=') {
          name = word;
          ++at_;
        } else {
          at_ = before;
        }
      }
      if (const auto v = value(); v && !v->empty()) all[name] = *v;
      skip_rest();
      if (now() == ',') ++at_;
      skip_blanks();
      if (at_ == begin) return std::nullopt;  // a bracket that nothing opened
    }
    return all;
  }

  /// A literal, a list of such or a name; nothing: None or something else.
  std::optional<words> value() {
    skip_blanks();
    if (now() == '[' || now() == '(') {
      if (depth_ == most_nested) return std::nullopt;
      ++depth_;
      words all = list();
      --depth_;
      return all;
    }
    const std::size_t before = at_;
    const std::string_view prefix = take_name();
    if ((now() == '"' || now() == '\'') && prefix.size() <= 2) return words{text()};
    at_ = before;
    std::string word;
    while (is_python_name(now()) || now() == '.' || now() == '-' || now() == '+')
      word += text_[at_++];
    if (word.empty() || word == "None") return std::nullopt;
    if (word == "True") return words{"true"};
    if (word == "False") return words{"false"};
    return words{word};
  }

 private:
  static constexpr std::size_t most_values = 64, most_nested = 32;

  [[nodiscard]] char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] char next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(now())))
        ++at_;
      else if (now() == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else
        return;
    }
  }
  std::string_view take_name() {
    const std::size_t before = at_;
    while (is_python_name(now())) ++at_;
    return text_.substr(before, at_ - before);
  }
  std::string text() {
    std::string out;
    const char quote = text_[at_++];
    while (at_ < text_.size() && now() != quote && now() != '\n') {
      if (now() == '\\' && (next() == quote || next() == '\\')) ++at_;
      out += text_[at_++];
    }
    at_ = std::min(at_ + 1, text_.size());
    return out;
  }
  words list() {
    words all;
    ++at_;
    skip_blanks();
    while (now() != '\0' && now() != ']' && now() != ')' && all.size() < most_values) {
      if (const auto v = value(); v && v->size() == 1) all.push_back(v->front());
      skip_rest();
      if (now() == ',') ++at_;
      skip_blanks();
    }
    if (now() != '\0') ++at_;
    return all;
  }
  /// To what ends a value, past all that is in brackets or quotes of its own.
  void skip_rest() {
    for (std::size_t depth = 0; at_ < text_.size(); ++at_) {
      const char c = now();
      if (depth == 0 && (c == ',' || c == ')' || c == ']')) return;
      if (c == '"' || c == '\'') {
        (void)text();
        --at_;
      } else if (c == '(' || c == '[' || c == '{') {
        if (++depth > most_nested) at_ = text_.size() - 1;
      } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
        --depth;
      }
    }
  }

  std::string_view text_;
  std::size_t at_, depth_ = 0;
};

/// What a name is set to last, if that is a literal.
std::optional<words> assigned(std::string_view text, std::string_view name) {
  std::optional<words> last;
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::size_t after = text.find_first_not_of(" \t", at + name.size());
    if ((at > 0 && (is_python_name(text[at - 1]) || text[at - 1] == '.')) || after == text.npos ||
        text[after] != '=' || text.substr(after).starts_with("=="))
      continue;
    const std::size_t value_at = text.find_first_not_of(" \t", after + 1);
    if (value_at == text.npos) continue;
    const char begins = text[value_at];
    if (begins == '"' || begins == '\'' || begins == '-' ||
        std::isdigit(static_cast<unsigned char>(begins)))
      last = python_reader(text, value_at).value();
  }
  return last;
}

}  // namespace

bool is_python_name(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }

std::optional<settings> python_arguments(std::string_view text, const std::string& first) {
  return python_reader(text, 0).arguments(first);
}

void look_up_names(settings& all, std::string_view text) {
  for (auto& [key, values] : all)
    if (values.size() == 1 && !values[0].empty() &&
        std::all_of(values[0].begin(), values[0].end(), is_python_name) &&
        !std::isdigit(static_cast<unsigned char>(values[0][0])))
      if (const auto v = assigned(text, values[0])) values = *v;
}

}  // namespace vrambudget::request::pasted
