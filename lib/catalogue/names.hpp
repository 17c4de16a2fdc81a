// How typed names are compared with catalogued ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vrambudget::detail {

/// Letters and digits only, in lower case.
inline std::string folded(std::string_view typed) {
  std::string out;
  for (const char c : typed) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c + 32);
  }
  return out;
}

/// Whether that is folded(name).
inline bool folds_to(std::string_view name, std::string_view key) {
  std::size_t n = 0;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) continue;
    if (n == key.size() || key[n] != c) return false;
    ++n;
  }
  return n == key.size();
}

/// Least number of inserted, removed, replaced or swapped neighbouring letters between two names.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    std::swap(last, row);
  }
  return last[b.size()];
}

/// How far a folded name is from what was typed, for suggestions: little where it contains it, least
/// at its beginning, else the edit distance to the whole name or to its beginning, the nearer one.
inline std::size_t suggestion_distance(std::string_view typed, std::string_view name) {
  if (typed == name) return 0;
  if (typed.size() >= 3 && name.starts_with(typed)) return 1;
  if (typed.size() >= 3 && name.find(typed) != name.npos) return 2;
  return std::min(edit_distance(typed, name),
                  edit_distance(typed, name.substr(0, typed.size())) + 1);
}

/// "a, b or c"
inline std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return out;
}

/// Of the `n` names with the smallest distances those that are at most so far away, nearest first; equal ones keep
/// their order.
inline std::vector<std::string> nearest(std::vector<std::pair<std::size_t, std::string>> distances,
                                        std::size_t most, std::size_t n) {
  std::stable_sort(distances.begin(), distances.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::erase_if(distances, [&](const auto& d) { return d.first > most; });
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(n, distances.size()); ++i)
    out.push_back(std::move(distances[i].second));
  return out;
}

/// What a message about a name that is not there ends with: "; nearest: a or b", at most a third of what was typed
/// away, or where all are listed.
inline std::string proposal(std::vector<std::pair<std::size_t, std::string>> distances,
                            std::string_view typed, std::string_view list) {
  const std::size_t most = std::max<std::size_t>(2, typed.size() / 3);
  const std::vector<std::string> alike = nearest(std::move(distances), most, 3);
  return alike.empty() ? "; " + std::string(list) : "; nearest: " + joined(alike);
}

}  // namespace vrambudget::detail
