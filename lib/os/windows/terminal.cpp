// Consoles take UTF-16, and colours as attributes, which those take, too, that know no escape sequences.
#include "os/terminal.hpp"

#include <fcntl.h>
#include <io.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "os/windows/wide.hpp"

// after what it is made of
#include <shellapi.h>

namespace vrambudget::detail {
namespace {

std::FILE* const streams[] = {stdin, stdout, stderr};

HANDLE handle_under(std::FILE* stream) { return handle_of(::_fileno(stream)); }

bool is_console(HANDLE h) {
  DWORD mode = 0;
  return ::GetConsoleMode(h, &mode) != 0;
}

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

/// A console's screen, as escape sequences change it.
class screen {
 public:
  explicit screen(HANDLE h) : h_(h) {
    CONSOLE_SCREEN_BUFFER_INFO info{};
    if (::GetConsoleScreenBufferInfo(h, &info)) usual_ = info.wAttributes;
  }

  [[nodiscard]] bool write(std::string_view text) const {
    while (!text.empty()) {
      const std::size_t escape = text.find("\x1b[");
      if (!write_plain(text.substr(0, escape))) return false;
      if (escape == text.npos) break;
      text.remove_prefix(escape + 2);
      const std::size_t end = std::min(text.find_first_not_of("0123456789;"), text.size());
      const char what = end < text.size() ? text[end] : '\0';
      if (what == 'm') colour(text.substr(0, end));
      if (what == 'K') clear_line();
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return true;
  }

 private:
  [[nodiscard]] bool write_plain(std::string_view utf8) const {
    constexpr std::size_t most = 8192;  // older consoles take no more than 64 KiB at once
    const std::wstring all = wide(utf8);
    for (std::wstring_view text = all; !text.empty();) {
      std::size_t n = std::min(most, text.size());
      if (n < text.size() && IS_HIGH_SURROGATE(text[n - 1])) --n;
      DWORD done = 0;
      if (!::WriteConsoleW(h_, text.data(), static_cast<DWORD>(n), &done, nullptr)) return failed();
      text.remove_prefix(n);
    }
    return true;
  }

  /// "31", "90", "0": one colour of the sixteen that there are, or the usual one.
  void colour(std::string_view number) const {
    constexpr std::array<WORD, 8> mixed = {0, 4, 2, 6, 1, 5, 3, 7};  // red is bit 0 there and bit 2 here
    constexpr WORD bright = FOREGROUND_INTENSITY, of_text = 0xf;
    int n = 0;
    std::from_chars(number.data(), number.data() + number.size(), n);
    WORD now = usual_;
    if (n >= 30 && n < 38) now = static_cast<WORD>((usual_ & ~of_text) | mixed[static_cast<std::size_t>(n - 30)]);
    if (n >= 90 && n < 98)
      now = static_cast<WORD>((usual_ & ~of_text) | bright | mixed[static_cast<std::size_t>(n - 90)]);
    ::SetConsoleTextAttribute(h_, now);
  }

  void clear_line() const {
    CONSOLE_SCREEN_BUFFER_INFO info{};
    if (!::GetConsoleScreenBufferInfo(h_, &info)) return;
    const auto n = static_cast<DWORD>(info.dwSize.X - info.dwCursorPosition.X);
    DWORD done = 0;
    ::FillConsoleOutputCharacterW(h_, L' ', n, info.dwCursorPosition, &done);
  }

  HANDLE h_;
  WORD usual_ = FOREGROUND_RED | FOREGROUND_GREEN | FOREGROUND_BLUE;
};

}  // namespace

std::vector<std::string> arguments_of(int, char**) {
  int n = 0;
  wchar_t** const words = ::CommandLineToArgvW(::GetCommandLineW(), &n);
  std::vector<std::string> args;
  for (int i = 1; words && i < n; ++i) args.push_back(narrow(words[i]));
  ::LocalFree(words);
  return args;
}

void prepare_streams() {
  // lines end as they do elsewhere, and what is written is what was meant
  for (std::FILE* s : streams) ::_setmode(::_fileno(s), _O_BINARY);
}

bool is_terminal(std::FILE* stream) { return is_console(handle_under(stream)); }

std::size_t terminal_columns() {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  if (!::GetConsoleScreenBufferInfo(handle_under(stdout), &info)) return 0;
  // a line that fills the last column takes two: consoles go on to the next before its end is written
  return static_cast<std::size_t>(info.srWindow.Right - info.srWindow.Left);
}

bool has_colours() { return variable("TERM") != "dumb"; }

bool takes_utf8() {
  if (is_terminal(stdout)) return true;
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale = variable(name); !locale.empty()) break;
  std::string letters;
  for (const char c : locale.substr(std::min(locale.find('.'), locale.size())))
    if (c != '-') letters += static_cast<char>(c | 0x20);
  return letters.starts_with(".utf8");
}

bool write_text(std::FILE* stream, std::string_view text) {
  const HANDLE h = handle_under(stream);
  if (is_console(h)) return std::fflush(stream) == 0 && screen(h).write(text);
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size();
}

}  // namespace vrambudget::detail
