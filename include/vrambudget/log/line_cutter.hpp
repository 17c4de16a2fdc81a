// Cuts a stream of bytes into lines of printable text, however it is chunked, in bounded memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vrambudget {

/// Gives each line without colour codes and other control characters, and its number from 1. A
/// carriage return ends a line too, since progress is drawn over, but only line feeds are counted. Of
/// a line longer than `max_line` the rest is dropped.
class line_cutter {
 public:
  static constexpr std::size_t max_line = 16384;

  /// Calls `take(std::string_view line, std::size_t number)` for each line that ends in `chunk`.
  template <class Take>
  void feed(std::string_view chunk, Take&& take) {
    for (const char c : chunk) add(static_cast<unsigned char>(c), take);
  }
  /// Line feeds so far.
  [[nodiscard]] std::size_t n_lines() const { return number_ - 1; }
  /// Gives a last line without an end. Returns whether there was one.
  template <class Take>
  bool finish(Take&& take) {
    const bool open = !line_.empty();
    if (open) take(std::string_view(line_), number_);
    line_.clear();
    state_ = state::text;
    return open;
  }

 private:
  enum class state { text, escape, sequence, command };  // ESC; ESC [ ...; ESC ] ... BEL

  template <class Take>
  void add(unsigned char c, Take& take) {
    if (c == '\n' || c == '\r') {
      state_ = state::text;
      if (!line_.empty()) take(std::string_view(line_), number_);
      line_.clear();
      number_ += c == '\n';
      return;
    }
    switch (state_) {
      case state::text:
        if (c == 0x1b)
          state_ = state::escape;
        else if ((c >= 0x20 || c == '\t') && c != 0x7f && line_.size() < max_line)
          line_ += static_cast<char>(c == '\t' ? ' ' : c);
        return;
      case state::escape:
        state_ = c == '[' ? state::sequence : c == ']' ? state::command : state::text;
        return;
      case state::sequence:
        if (c >= 0x40 && c <= 0x7e) state_ = state::text;
        return;
      case state::command:
        if (c == 0x07)
          state_ = state::text;
        else if (c == 0x1b)
          state_ = state::escape;
        return;
    }
  }

  std::string line_;
  state state_ = state::text;
  std::size_t number_ = 1;
};

}  // namespace vrambudget
