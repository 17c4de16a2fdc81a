// A program that is started, and what it writes, in the system's way.
#pragma once

#include <string>

#ifndef _WIN32
#include <sys/wait.h>
#endif

struct outcome {
  int status = -1;  ///< 128 and the signal's number for a program that a signal ended
  std::string out, err;
};

#ifdef _WIN32
/// `program` with a shell's line behind it; `environment`: assignments with blanks between them.
[[nodiscard]] outcome start(const std::string& program, const std::string& args, const std::string& environment);
#endif
