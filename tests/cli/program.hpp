// Runs the program as a user does.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "started.hpp"

namespace fs = std::filesystem;

inline std::string read_text(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// `driver`: a folder of tests/fake_cuda, a machine without a GPU unless said otherwise; `environment`:
/// assignments in front of the program's name. The configuration is that of a user who has none.
inline outcome run(const std::string& args, const std::string& driver = "none",
                   const std::string& environment = "") {
  const std::string no_config =
      (fs::temp_directory_path() / ("vrambudget-none-" + std::to_string(::getpid()))).string();
#ifdef _WIN32
  return start(VRAMBUDGET_FAKE_DRIVERS "/" + driver + "/vrambudget.exe", args,
               "XDG_CONFIG_HOME='" + no_config + "' " + environment);
#else
  const fs::path err = fs::temp_directory_path() / ("vrambudget-cli-" + std::to_string(::getpid()));
  const std::string command =
      "XDG_CONFIG_HOME=" + no_config + " LD_LIBRARY_PATH=" VRAMBUDGET_FAKE_DRIVERS "/" + driver +
      ":$LD_LIBRARY_PATH " + environment + " " VRAMBUDGET_PROGRAM " " + args + " 2>" + err.string();
  outcome o;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    o.out.append(buffer.data(), n);
  const int ended = ::pclose(pipe);
  o.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
  o.err = read_text(err);
  fs::remove(err);
  return o;
#endif
}

/// Nothing on stdout, or what stands there for an error with --json.
inline bool has_no_answer(const outcome& o) {
  return o.out.empty() || (o.out.find("\"error\":{\"message\":") != std::string::npos &&
                           o.out.find('\n') + 1 == o.out.size());
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// No line of a table is over 80 columns; notes are sentences.
inline void check_width(const std::string& out) {
  std::size_t begin = 0;
  for (std::size_t end; (end = out.find('\n', begin)) != std::string::npos; begin = end + 1) {
    CAPTURE(out.substr(begin, end - begin));
    if (out.compare(begin, 6, "note: ") != 0) CHECK(end - begin <= 80);
  }
}
