#include "device.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <sstream>
#include <vector>

namespace stand_in {
namespace {

constexpr std::size_t page = std::size_t{2} << 20;

struct block {
  int card;
  std::size_t bytes;
  std::size_t pages;
};

std::recursive_mutex mutex;
std::map<void*, block> blocks;
struct host_block {
  std::size_t bytes;
  std::size_t mapped;
};
std::map<void*, host_block> host_blocks;

card parse_card(const std::string& line) {
  card c;
  std::istringstream items(line);
  for (std::string item; std::getline(items, item, '\t');) {
    const auto equals = item.find('=');
    if (equals != std::string::npos) c.properties[item.substr(0, equals)] = item.substr(equals + 1);
  }
  return c;
}

std::vector<card>& cards() {
  static std::vector<card> all = [] {
    std::vector<card> v;
    const char* told = std::getenv("STAND_IN_CARDS");
    std::istringstream lines(told ? told : "");
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) v.push_back(parse_card(line));
    return v;
  }();
  return all;
}

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

/// Addresses without memory behind them.
char* reserve(std::size_t bytes, int protection) {
  void* p = ::mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : static_cast<char*>(p);
}

/// The same, a multiple of 2 MiB and aligned to it.
char* reserve_pages(std::size_t bytes) {
  char* p = reserve(bytes + page, PROT_NONE);
  if (!p) return nullptr;
  char* aligned = p + (round_up(reinterpret_cast<std::uintptr_t>(p), page) -
                       reinterpret_cast<std::uintptr_t>(p));
  if (aligned > p) ::munmap(p, static_cast<std::size_t>(aligned - p));
  const auto rest = static_cast<std::size_t>(p + page - aligned);
  if (rest > 0) ::munmap(aligned + bytes, rest);
  return aligned;
}

void take(card& c, std::size_t bytes, std::size_t pages) {
  c.used += bytes;
  c.used_pages += pages;
  c.peak = std::max(c.peak, c.used);
}

}  // namespace

std::string card::text(const std::string& key) const {
  const auto it = properties.find(key);
  return it == properties.end() ? "" : it->second;
}
std::uint64_t card::number(const std::string& key, std::uint64_t otherwise) const {
  const auto it = properties.find(key);
  return it == properties.end() ? otherwise : std::strtoull(it->second.c_str(), nullptr, 0);
}
std::size_t card::free() const {
  const std::size_t at_start = number("free_bytes", total());
  return at_start > used_pages ? at_start - used_pages : 0;
}

int n_cards() { return static_cast<int>(cards().size()); }

card* card_at(int index) {
  return index >= 0 && index < n_cards() ? &cards()[static_cast<std::size_t>(index)] : nullptr;
}

void* allocate(int index, std::size_t bytes) {
  const std::scoped_lock lock(mutex);
  card* c = card_at(index);
  const std::size_t pages = round_up(std::max<std::size_t>(bytes, 1), page);
  char* p = c && pages <= c->free() ? reserve_pages(pages) : nullptr;
  if (!p) return nullptr;
  blocks[p] = {index, bytes, pages};
  take(*c, bytes, pages);
  return p;
}

bool release(void* p) {
  const std::scoped_lock lock(mutex);
  const auto it = blocks.find(p);
  if (it == blocks.end()) return false;
  card& c = *card_at(it->second.card);
  c.used -= it->second.bytes;
  c.used_pages -= it->second.pages;
  ::munmap(p, it->second.pages);
  blocks.erase(it);
  return true;
}

bool pool(int index, std::int64_t bytes) {
  const std::scoped_lock lock(mutex);
  card* c = card_at(index);
  if (!c || (bytes > 0 && static_cast<std::size_t>(bytes) > c->free())) return false;
  const auto n = static_cast<std::size_t>(bytes);  // modulo 2^64 if it is given back
  take(*c, n, n);
  c->pooled += n;
  c->pooled_peak = std::max(c->pooled_peak, c->pooled);
  return true;
}

void* allocate_host(std::size_t bytes) {
  const std::scoped_lock lock(mutex);
  const std::size_t n = round_up(std::max<std::size_t>(bytes, 1), 4096);
  void* p = reserve(n, PROT_READ | PROT_WRITE);
  if (p) host_blocks[p] = {bytes, n};
  return p;
}

bool release_host(void* p) {
  const std::scoped_lock lock(mutex);
  const auto it = host_blocks.find(p);
  if (it == host_blocks.end()) return p == nullptr;
  ::munmap(p, it->second.mapped);
  host_blocks.erase(it);
  return true;
}

std::size_t pinned() {
  const std::scoped_lock lock(mutex);
  std::size_t sum = 0;
  for (const auto& [p, block] : host_blocks) sum += block.bytes;
  return sum;
}

}  // namespace stand_in
