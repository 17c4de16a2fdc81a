// Finds names in a list, and names given twice, in O(n log n) whatever a file's author chose.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace vrambudget::gguf {

/// Positions of `n` names in buckets by hash, each sorted by hash and then by name, so that even
/// names made to collide cost no more than sorting them. The names stay where they are:
/// `name_of(i)` gives the i-th and must give the same in every call.
class name_index {
 public:
  name_index() = default;

  template <class NameOf>
  name_index(std::size_t n, const NameOf& name_of)
      : shift_(std::countl_zero(std::uint64_t{n} | 1)), first_((std::size_t{2} << (63 - shift_)) + 1), slots_(n) {
    std::vector<slot> unsorted(n);
    for (std::size_t i = 0; i < n; ++i) {
      unsorted[i] = {hash(name_of(i)), i};
      ++first_[bucket(unsorted[i].hash) + 1];
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    std::vector<std::size_t> next = first_;
    for (const slot& s : unsorted) slots_[next[bucket(s.hash)]++] = s;
    for (std::size_t b = 0; b + 1 < first_.size(); ++b) sort(first_[b], first_[b + 1], name_of);
  }

  /// Position of a name; empty where there is none.
  template <class NameOf>
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name,
                                                const NameOf& name_of) const {
    if (slots_.empty()) return {};
    const std::uint64_t h = hash(name);
    const auto end = at(first_[bucket(h) + 1]);
    const auto found = std::partition_point(at(first_[bucket(h)]), end, [&](const slot& s) {
      return s.hash != h ? s.hash < h : name_of(s.position) < name;
    });
    if (found == end || found->hash != h || name_of(found->position) != name) return {};
    return found->position;
  }

  /// Positions of two equal names, the earlier one first; empty where all differ.
  template <class NameOf>
  [[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> duplicate(
      const NameOf& name_of) const {
    const auto twice = std::ranges::adjacent_find(slots_, [&](const slot& a, const slot& b) {
      return a.hash == b.hash && name_of(a.position) == name_of(b.position);
    });
    if (twice == slots_.end()) return {};
    return std::pair(twice->position, std::next(twice)->position);
  }

 private:
  struct slot {
    std::uint64_t hash = 0;
    std::size_t position = 0;
  };

  /// In the upper bits, which choose the bucket, where the machine's own hashes are shorter.
  static std::uint64_t hash(std::string_view name) {
    return std::uint64_t{std::hash<std::string_view>{}(name)}
           << (64 - std::numeric_limits<std::size_t>::digits);
  }
  [[nodiscard]] std::size_t bucket(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash >> shift_);
  }
  [[nodiscard]] std::vector<slot>::const_iterator at(std::size_t i) const {
    return slots_.begin() + static_cast<std::ptrdiff_t>(i);
  }

  template <class NameOf>
  void sort(std::size_t begin, std::size_t end, const NameOf& name_of) {
    if (end - begin < 2) return;
    std::ranges::sort(std::span(slots_).subspan(begin, end - begin),
                      [&](const slot& a, const slot& b) {
                        if (a.hash != b.hash) return a.hash < b.hash;
                        const int order = name_of(a.position).compare(name_of(b.position));
                        return order != 0 ? order < 0 : a.position < b.position;
                      });
  }

  int shift_ = 63;                  // a hash's bits above these choose its bucket
  std::vector<std::size_t> first_;  // slot where each bucket begins, and the end of the last
  std::vector<slot> slots_;
};

}  // namespace vrambudget::gguf
