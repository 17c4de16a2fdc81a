// Reads the log of llama.cpp, llama-server, Ollama or KoboldCpp, of any age, chunk by chunk.
#pragma once

#include <cstddef>
#include <string_view>

#include "vrambudget/log/line_cutter.hpp"
#include "vrambudget/log/parsed_log.hpp"

namespace vrambudget {

/// Reads a log in time linear in its length. Lines are found by what they say, so whatever stands in
/// front of them (a time, a unit's name, a container's) does not matter; what a log does not have is
/// absent from the result. Nothing in a log is an error.
class log_parser {
 public:
  static constexpr std::size_t max_entries = 4096;  ///< kept of each kind; more are counted

  void feed(std::string_view chunk);
  /// What was read; the parser is done.
  [[nodiscard]] parsed_log finish();

 private:
  friend class log_line_reader;

  line_cutter cutter_;
  parsed_log log_;
  std::string cache_;  // the cache that the next lines are about
  bool in_projector_ = false;
};

/// A log that is in memory whole.
[[nodiscard]] parsed_log parse_log(std::string_view text);

}  // namespace vrambudget
