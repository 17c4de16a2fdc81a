// Text that a command is given: a file, or standard input for "-".
#pragma once

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "failure.hpp"
#include "os/files.hpp"

namespace vrambudget::cli {

/// Calls `take` with one piece after the other until it returns false: a text may be larger than memory.
template <class Take>
void read_text(const std::string& path, Take take) {
  const auto close = [](std::FILE* f) {
    if (f && f != stdin) std::fclose(f);
  };
  const std::unique_ptr<std::FILE, decltype(close)> file(
      path == "-" ? stdin : detail::open_stream(path), close);
  const auto failed = [&](const char* what) {
    return failure{bad_input, path + ": " + what + ": " + std::strerror(errno)};
  };
  if (!file) throw failed("cannot open");
  std::array<char, 1 << 16> piece{};
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get()))
    if (!take(std::string_view(piece.data(), n))) return;
  if (std::ferror(file.get())) throw failed("cannot read");
}

}  // namespace vrambudget::cli
