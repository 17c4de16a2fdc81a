// How buffers were planned, so that two plans can be told to have gone the same way.
#pragma once

#include <cstdint>

namespace vrambudget::ggml {

/// What was decided on the way, as one number. Each decision is which of two sizes is larger: where sizes rise evenly from
/// one plan to another and both decided alike, so do all plans between them, whose addresses rise evenly, too. A buffer's
/// size, which is the highest, is then no more than the line between theirs, and equal to it where one between is.
class decisions {
 public:
  void add(std::uint64_t what) { all_ = (all_ ^ what) * 0x9E3779B97F4A7C15u + 1; }
  void add(const decisions& others) { add(others.all_); }
  bool operator==(const decisions&) const = default;

 private:
  std::uint64_t all_ = 0;
};

}  // namespace vrambudget::ggml
