#include "vrambudget/machine/driver_context.hpp"

namespace vrambudget {
namespace {

bytes from_mib(double size) {
  return {static_cast<std::uint64_t>(std::llround(std::max(size, 0.0) * (1 << 20)))};
}

bytes end_of(const driver_context_model& m, const context_end& b, double u) {
  return from_mib(b.share * m.bare_mib(u) + b.mib + b.mib_per_1024_threads * u);
}

}  // namespace

modelled_context context_of(const driver_context_model& m, resident_threads u,
                            const std::string& note) {
  const double middle = (u.low + u.high) / 2;
  const basis known = u.known() ? basis::fitted : basis::assumed;
  modelled_context c;
  c.fresh = {end_of(m, m.fresh_low, u.low), from_mib(m.bare_mib(middle)),
             end_of(m, m.fresh_high, u.high), known, note};
  c.in_use = {end_of(m, m.in_use_low, u.low), end_of(m, m.in_use_expected, middle),
              end_of(m, m.in_use_high, u.high), known, note + ", and what grows in use"};
  c.growth = from_mib(m.in_use_expected.mib + m.in_use_expected.mib_per_1024_threads * middle);
  c.most_growth = from_mib(m.in_use_high.mib + m.in_use_high.mib_per_1024_threads * u.high);
  return c;
}

}  // namespace vrambudget
