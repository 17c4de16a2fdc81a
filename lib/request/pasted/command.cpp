#include "request/pasted/command.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace vrambudget::request::pasted {
namespace {

constexpr std::string_view needs_quoting = " \t\"'\\$`&|;<>()#*?";

class shell_reader {
 public:
  shell_reader(std::string_view text, line_end end) : text_(text), end_(end) {}

  std::vector<command> read() {
    while (at_ < text_.size()) step();
    end_command();
    return std::move(found_);
  }

 private:
  [[nodiscard]] char now() const { return text_[at_]; }
  [[nodiscard]] char next(std::size_t n = 1) const {
    return at_ + n < text_.size() ? text_[at_ + n] : '\0';
  }

  void add(char c) {
    if (!in_word_) word_line_ = line_;
    in_word_ = true;
    word_ += c;
  }

  void end_word() {
    if (!std::exchange(in_word_, false)) return;
    if (!std::exchange(is_redirected_, false)) {
      if (now_.all.empty()) now_.line = word_line_;
      now_.all.push_back(std::move(word_));
    }
    word_.clear();
  }

  void end_command() {
    end_word();
    is_redirected_ = false;
    if (!now_.all.empty()) found_.push_back(std::exchange(now_, {}));
  }

  /// Whether the character is the last of its line but for blanks and a comment, which then end with it: a shell
  /// would not go on there, but people write it.
  bool continues_line() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t' || text_[end] == '\r'))
      ++end;
    if (end > at_ + 1 && end < text_.size() && text_[end] == '#')
      end = std::min(text_.find('\n', end), text_.size());
    if (end < text_.size() && text_[end] != '\n') return false;
    at_ = end + 1;
    ++line_;
    end_word();
    return true;
  }

  void step() {
    switch (const char c = now()) {
      case '\n':
        end_ == line_end::ends_command ? end_command() : end_word();
        ++line_;
        break;
      case ' ':
      case '\t':
      case '\r':
        end_word();
        break;
      case '\\':
        if (continues_line()) return;
        if (next() != '\0' && needs_quoting.find(next()) != needs_quoting.npos) ++at_;
        add(now());
        break;
      case '^':
        if (continues_line()) return;
        add(c);
        break;
      case '`':
        if (continues_line()) return;
        end_command();
        break;
      case '\'':
      case '"':
        quoted(c);
        break;
      case '#':
        if (in_word_) {
          add(c);
          break;
        }
        while (at_ + 1 < text_.size() && next() != '\n') ++at_;
        break;
      case '>':
      case '<':
        redirect();
        break;
      case ';':
      case '|':
      case '&':
        end_command();
        break;
      default:
        add(c);
    }
    ++at_;
  }

  /// Up to the same quote. One that nothing closes, or that stands in a word of prose, is a character.
  void quoted(char quote) {
    const bool is_apostrophe = quote == '\'' && !word_.empty() &&
                               std::isalpha(static_cast<unsigned char>(word_.back())) &&
                               std::isalpha(static_cast<unsigned char>(next()));
    std::size_t end = at_ + 1;
    const auto escapes = [&] {
      return quote == '"' && text_[end] == '\\' && end + 1 < text_.size() &&
             (text_[end + 1] == '"' || text_[end + 1] == '\\');
    };
    while (end < text_.size() && text_[end] != quote) end += escapes() ? 2 : 1;
    if (is_apostrophe || end >= text_.size()) return add(quote);
    if (!in_word_) word_line_ = line_;
    in_word_ = true;
    for (++at_; at_ < end; ++at_) {
      if (quote == '"' && now() == '\\' && (next() == '"' || next() == '\\')) ++at_;
      if (now() == '\n') ++line_;
      word_ += now();
    }
  }

  /// "2>&1", "> log.txt", "< prompt": the number, the signs and the next word are no words of the command.
  void redirect() {
    if (std::all_of(word_.begin(), word_.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      in_word_ = false;
      word_.clear();
    }
    end_word();
    while (next() == '>' || next() == '<' || next() == '&') ++at_;
    is_redirected_ = true;
  }

  std::string_view text_;
  line_end end_;
  std::size_t at_ = 0, line_ = 1, word_line_ = 1;
  std::string word_;
  bool in_word_ = false, is_redirected_ = false;
  command now_;
  std::vector<command> found_;
};

}  // namespace

std::vector<command> commands_of(std::string_view text, line_end end) {
  return shell_reader(text, end).read();
}

}  // namespace vrambudget::request::pasted
