// What the program prints on a terminal: as wide as that is, in characters that it has.
#include <doctest/doctest.h>
#include <pty.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "program.hpp"

namespace {

/// A terminal of so many columns that runs the program; `environment`: assignments in front of its name.
std::string on_terminal(unsigned short columns, const std::string& args,
                        const std::string& environment = "") {
  winsize size = {};
  size.ws_col = columns;
  size.ws_row = 40;
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string command =
        "exec env -u COLUMNS -u NO_COLOR -u LC_ALL -u LC_CTYPE -u LANG TERM=xterm "
        "XDG_CONFIG_HOME=/nonexistent " +
        environment + " " VRAMBUDGET_PROGRAM " " + args;
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  std::string out;
  std::array<char, 4096> buffer;
  for (ssize_t n; (n = ::read(terminal, buffer.data(), buffer.size())) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(terminal);
  int ended = 0;
  ::waitpid(child, &ended, 0);
  std::erase(out, '\r');
  return out;
}

/// Characters of each line, without colours.
std::vector<std::size_t> widths(const std::string& text) {
  std::vector<std::size_t> all(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else if (text[i] == '\n') {
      all.push_back(0);
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++all.back();
    }
  }
  return all;
}

std::size_t widest(const std::string& text) {
  std::size_t most = 0;
  for (const std::size_t n : widths(text)) most = std::max(most, n);
  return most;
}

const std::string full_block = "\u2588";
const std::string plan = "Qwen3-8B-Q8_0 --gpu 3090 -c 8192";

}  // namespace

TEST_CASE("a plan is as wide as its terminal") {
  for (const unsigned short columns : std::initializer_list<unsigned short>{60, 80, 132}) {
    CAPTURE(columns);
    CHECK(widest(on_terminal(columns, plan)) == columns);
    // Mixtral's suggestions, and formulas
    CHECK(widest(on_terminal(columns, "Mixtral-8x7B --gpu 4060ti -c 32768 --explain")) <= columns);
  }
}

TEST_CASE("COLUMNS says it before the terminal does, and nonsense in it says nothing") {
  CHECK(widest(on_terminal(132, plan, "COLUMNS=70")) == 70);
  CHECK(widest(on_terminal(90, plan, "COLUMNS=wide")) == 90);
  CHECK(widest(on_terminal(90, plan, "COLUMNS=-5")) == 90);
  CHECK(widest(on_terminal(90, plan, "COLUMNS=999999999999999999999")) == 90);
  CHECK(widest(on_terminal(90, plan, "COLUMNS=100000")) == 240);
  CHECK(widest(on_terminal(0, plan)) == 80);
}

TEST_CASE("other tables and long lines fit their terminal") {
  for (const char* command :
       {"models Qwen3-8B", "--gpu 3090 -c 32768 --family qwen3", "cards Qwen3-8B-Q8_0 -c 32768",
        "together Qwen3-8B-Q4_K_M Gemma-3-4B-Q4_0 --gpu 3060-12gb -c 8192"}) {
    CAPTURE(command);
    CHECK(widest(on_terminal(60, command)) <= 60);
  }
}

TEST_CASE("blocks are drawn where the locale has them, by POSIX's order of the variables") {
  const auto has_blocks = [](const std::string& environment) {
    return contains(on_terminal(80, plan, environment), full_block);
  };
  CHECK(has_blocks("LANG=C.UTF-8"));
  CHECK(has_blocks("LANG=de_DE.utf8"));
  CHECK(has_blocks("LC_CTYPE=en_US.UTF-8 LANG=C"));
  CHECK(has_blocks("LC_ALL= LANG=en_US.UTF-8"));
  CHECK_FALSE(has_blocks(""));
  CHECK_FALSE(has_blocks("LANG=C"));
  CHECK_FALSE(has_blocks("LC_ALL=POSIX LANG=C.UTF-8"));
  CHECK_FALSE(has_blocks("LC_CTYPE=de_DE.ISO-8859-1 LANG=C.UTF-8"));
  CHECK_FALSE(has_blocks("LANG=C.UTF-8 NO_COLOR=1"));
}

TEST_CASE("a pipe has 80 columns, letters and whole notes, whatever the terminal is") {
  const outcome o = run(plan, "none", "COLUMNS=132 LANG=C.UTF-8");
  check_width(o.out);
  CHECK_FALSE(contains(o.out, full_block));
  CHECK_FALSE(contains(o.out, "\x1b"));
}
