#include "vrambudget/report/line_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "vrambudget/gguf/printable.hpp"

namespace vrambudget {
namespace {

using lines = std::vector<std::string_view>;

lines lines_of(std::string_view text) {
  lines all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    all.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

/// The furthest points on each diagonal, one row a step; empty: it takes more than `most` steps.
std::vector<std::vector<std::ptrdiff_t>> steps_between(std::span<const std::string_view> a,
                                                       std::span<const std::string_view> b,
                                                       std::ptrdiff_t most) {
  const auto n = std::ssize(a), m = std::ssize(b);
  std::vector<std::vector<std::ptrdiff_t>> rows;
  std::vector<std::ptrdiff_t> furthest(static_cast<std::size_t>(2 * most + 3), 0);
  const auto at = [&](std::ptrdiff_t k) -> std::ptrdiff_t& {
    return furthest[static_cast<std::size_t>(k + most + 1)];
  };
  for (std::ptrdiff_t d = 0; d <= most; ++d) {
    rows.emplace_back(furthest.begin() + (most + 1 - d), furthest.begin() + (most + 2 + d));
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      std::ptrdiff_t x = k == -d || (k != d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
      while (x < n && x - k < m &&
             a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(x - k)])
        ++x;
      at(k) = x;
      if (x >= n && x - k >= m) return rows;
    }
  }
  return {};
}

/// Between texts without a common beginning or end.
std::vector<diff_line> middle_diff(std::span<const std::string_view> a,
                                   std::span<const std::string_view> b) {
  std::vector<diff_line> back;
  constexpr std::ptrdiff_t most_steps = 1000;
  constexpr std::size_t most_lines = 100000;
  const auto most = std::min(most_steps, std::ssize(a) + std::ssize(b));
  auto rows = a.size() > most_lines || b.size() > most_lines
                  ? std::vector<std::vector<std::ptrdiff_t>>{}
                  : steps_between(a, b, most);
  std::ptrdiff_t x = std::ssize(a), y = std::ssize(b);
  if (rows.empty()) {
    for (auto i = b.size(); i-- > 0;) back.push_back({'+', b[i]});
    for (auto i = a.size(); i-- > 0;) back.push_back({'-', a[i]});
  } else {
    for (std::ptrdiff_t d = std::ssize(rows) - 1; x > 0 || y > 0; --d) {
      // a row holds diagonals -d to d as they were before the step
      const auto& row = rows[static_cast<std::size_t>(d)];
      const auto was = [&](std::ptrdiff_t k) { return row[static_cast<std::size_t>(k + d)]; };
      const std::ptrdiff_t k = x - y;
      const bool is_added = d > 0 && (k == -d || (k != d && was(k - 1) < was(k + 1)));
      const std::ptrdiff_t before = is_added ? k + 1 : k - 1;
      const std::ptrdiff_t from_x = d > 0 ? was(before) : 0, from_y = from_x - (d > 0 ? before : 0);
      const std::ptrdiff_t least_x = d > 0 && !is_added ? from_x + 1 : from_x;
      const std::ptrdiff_t least_y = is_added ? from_y + 1 : from_y;
      for (; x > least_x && y > least_y; --x, --y)
        back.push_back({' ', a[static_cast<std::size_t>(x - 1)]});
      if (d == 0) break;
      back.push_back(is_added ? diff_line{'+', b[static_cast<std::size_t>(y - 1)]}
                              : diff_line{'-', a[static_cast<std::size_t>(x - 1)]});
      x = from_x;
      y = from_y;
    }
  }
  std::reverse(back.begin(), back.end());
  return back;
}

}  // namespace

std::vector<diff_line> line_diff(std::string_view a, std::string_view b) {
  const lines of_a = lines_of(a), of_b = lines_of(b);
  const std::size_t least = std::min(of_a.size(), of_b.size());
  std::size_t begin = 0, end = 0;
  while (begin < least && of_a[begin] == of_b[begin]) ++begin;
  while (end < least - begin && of_a[of_a.size() - 1 - end] == of_b[of_b.size() - 1 - end]) ++end;
  std::vector<diff_line> all;
  for (std::size_t i = 0; i < begin; ++i) all.push_back({' ', of_a[i]});
  const auto middle = middle_diff(std::span(of_a).subspan(begin, of_a.size() - begin - end),
                                  std::span(of_b).subspan(begin, of_b.size() - begin - end));
  all.insert(all.end(), middle.begin(), middle.end());
  for (std::size_t i = of_a.size() - end; i < of_a.size(); ++i) all.push_back({' ', of_a[i]});
  return all;
}

std::string diff_text(std::string_view a, std::string_view b) {
  constexpr std::size_t around = 3;
  const std::vector<diff_line> all = line_diff(a, b);
  std::vector<bool> is_shown(all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].mark != ' ')
      for (std::size_t k = i - std::min(i, around); k <= i + around && k < all.size(); ++k)
        is_shown[k] = true;
  std::string text;
  std::size_t in_a = 1, in_b = 1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (is_shown[i] && (i == 0 || !is_shown[i - 1])) {
      std::size_t n_a = 0, n_b = 0;
      for (std::size_t k = i; k < all.size() && is_shown[k]; ++k) {
        n_a += all[k].mark != '+';
        n_b += all[k].mark != '-';
      }
      text += fmt::format("@@ -{},{} +{},{} @@\n", in_a, n_a, in_b, n_b);
    }
    if (is_shown[i]) text += all[i].mark + gguf::printable(all[i].text, all[i].text.size()) + '\n';
    in_a += all[i].mark != '+';
    in_b += all[i].mark != '-';
  }
  return text;
}

}  // namespace vrambudget
