// Which profile is meant by a name, a build number or a date.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/engine/profiles.hpp"
#include "vrambudget/engine/versions.hpp"
#include "vrambudget/error.hpp"

namespace vrambudget {

/// A profile, and whether it covers the build that was asked for or is only the nearest.
struct chosen_profile {
  enum class unit : std::uint8_t { builds, days };
  engine_profile profile;
  bool covers = true;
  std::int64_t away = 0;  ///< how far what was asked for is from it; negative: before it
  unit in = unit::builds;
};

namespace detail {

constexpr std::int64_t size_of_gap(std::int64_t x) { return x < 0 ? -x : x; }
/// Steps from the range [first, last] to `x`, negative before it; 0: in it.
constexpr std::int64_t gap(std::int64_t x, std::int64_t first, std::int64_t last) {
  return x < first ? x - first : std::max<std::int64_t>(x - last, 0);
}
/// Days since one long past. Years begin with March, so that the day that is not always there comes last.
constexpr std::int64_t day_number(const build_date& d) {
  const std::int64_t year = d.month > 2 ? d.year : d.year - 1, month = (d.month + 9) % 12;
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + d.day;
}
constexpr bool is_day(const build_date& d) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (d.year < 1 || d.month < 1 || d.month > 12 || d.day < 1) return false;
  const bool leap = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);
  return d.day <= days[d.month - 1] + (d.month == 2 && leap ? 1 : 0);
}
inline void claim_nothing(chosen_profile& c) {
  c.covers = false;
  c.profile.claims = {
      .caches = false, .compute = false, .pool = false, .slices = false, .graphs = false};
}
/// The profile whose gap is smallest, the newer of two.
template <class Gap>
chosen_profile nearest_profile(chosen_profile::unit in, Gap&& gap_of) {
  const auto it = std::min_element(engine_profiles.begin(), engine_profiles.end(),
                                   [&](const engine_profile& a, const engine_profile& b) {
                                     return size_of_gap(gap_of(a)) < size_of_gap(gap_of(b));
                                   });
  chosen_profile c{*it, true, gap_of(*it), in};
  if (c.away != 0) claim_nothing(c);
  return c;
}
/// All of `text` as a number without sign; -1: it is none.
inline int number_in(std::string_view text) {
  int n = -1;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, n);
  return failed == std::errc{} && rest == end && text.front() != '-' ? n : -1;
}
/// "2026-08" (its middle) or "2026-08-15".
inline bool parse_date(std::string_view text, build_date& d) {
  if (text.size() != 7 && text.size() != 10) return false;
  if (text[4] != '-' || (text.size() == 10 && text[7] != '-')) return false;
  d = {number_in(text.substr(0, 4)), number_in(text.substr(5, 2)),
       text.size() == 10 ? number_in(text.substr(8, 2)) : 15};
  return is_day(d);
}

}  // namespace detail

/// The profile of build b`number`.
[[nodiscard]] inline chosen_profile profile_for_build(std::uint32_t number) {
  return detail::nearest_profile(chosen_profile::unit::builds, [&](const engine_profile& p) {
    return detail::gap(number, p.first_build, p.last_build);
  });
}
/// The profile of builds of a day, which must be one of the calendar.
[[nodiscard]] inline chosen_profile profile_for_date(const build_date& d) {
  return detail::nearest_profile(chosen_profile::unit::days, [&](const engine_profile& p) {
    return detail::gap(detail::day_number(d), detail::day_number(p.first),
                       detail::day_number(p.last));
  });
}

/// "300 builds after llama.cpp 2026-11"; of one that is covered "llama.cpp 2026-11" alone.
[[nodiscard]] inline std::string place_of(const chosen_profile& c) {
  if (c.covers) return full_name(c.profile);
  const std::int64_t n = detail::size_of_gap(c.away);
  if (n == 0) return "under development in " + full_name(c.profile);
  return std::to_string(n) + (c.in == chosen_profile::unit::days ? " day" : " build") +
         (n == 1 ? "" : "s") + (c.away < 0 ? " before " : " after ") + full_name(c.profile);
}

/// The profile that `text` means: "latest", a release ("v0.4.0", "0.4.0"), "2026-08", "2026-08-15",
/// "b9849" or "9849", with or without "llama.cpp@" before it.
///
/// Errors: invalid_argument  it is none of these
[[nodiscard]] inline result<chosen_profile> find_profile(std::string_view text) {
  std::string_view x = text;
  for (const std::string_view prefix : {"llama.cpp@", "llama.cpp "})
    if (x.starts_with(prefix)) x.remove_prefix(prefix.size());
  if (x == "latest") return chosen_profile{engine_profiles.front()};
  for (const engine_profile& p : engine_profiles)
    if (p.name == x) return chosen_profile{p};
  if (const engine_version* v = find_version(x)) {
    chosen_profile c = profile_for_date(v->day);
    if (!v->is_out) detail::claim_nothing(c);
    return c;
  }
  if (build_date d; detail::parse_date(x, d)) return profile_for_date(d);
  if (const std::string_view digits = x.starts_with('b') ? x.substr(1) : x; !digits.empty())
    if (const int n = detail::number_in(digits); n > 0)
      return profile_for_build(static_cast<std::uint32_t>(n));
  return error{errc::invalid_argument,
               "engine '" + std::string(text) + "': there are " + profile_names() +
                   " and latest; others are found by build (b9849), day (2026-08-15) or release (" +
                   version_names() + ")"};
}

}  // namespace vrambudget
