// The cards that stand in for real ones, and the account of what is taken of their memory. Shared by the
// stand-in drivers, which answer for these cards, and by the recorder's programs, which read the account.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace stand_in {

/// One card. Its properties come from the environment: STAND_IN_CARDS has a line for each card, of
/// `key=value` separated by tabs, with the keys of tests/truth/devices.json.
struct card {
  std::map<std::string, std::string> properties;

  std::size_t used = 0;        ///< bytes, as requested
  std::size_t peak = 0;        ///< most that `used` has been
  std::size_t used_pages = 0;  ///< the same in pages of 2 MiB, which is what leaves free memory
  std::size_t pooled = 0;      ///< of `used`, bytes behind virtual addresses: the engine's pool
  std::size_t pooled_peak = 0;

  [[nodiscard]] std::string text(const std::string& key) const;
  /// A property, decimal or 0x...; `otherwise` if it is not told.
  [[nodiscard]] std::uint64_t number(const std::string& key, std::uint64_t otherwise = 0) const;
  [[nodiscard]] std::size_t total() const { return number("total_bytes"); }
  [[nodiscard]] std::size_t free() const;
  [[nodiscard]] int major() const { return static_cast<int>(number("cc") / 100); }
  [[nodiscard]] int minor() const { return static_cast<int>(number("cc") / 10 % 10); }
};

int n_cards();
/// Null if there is no such card.
card* card_at(int index);

/// Addresses of device memory that nothing may touch; null if the card has no room.
void* allocate(int index, std::size_t bytes);
bool release(void* block);
/// Takes (or with a negative number gives back) memory of a card behind virtual addresses.
bool pool(int index, std::int64_t bytes);

/// Pinned memory of the host; null if there is none.
void* allocate_host(std::size_t bytes);
bool release_host(void* block);
/// Bytes of it that are taken, as requested.
std::size_t pinned();

}  // namespace stand_in
