// What parsing allocates: nothing per vocabulary entry, and nothing for counts that merely claim.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "sample.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/string_walk.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace {
std::size_t largest = 0;
std::size_t total = 0;
}  // namespace

void* operator new(std::size_t size) {
  largest = std::max(largest, size);
  total += size;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

using namespace vrambudget;

namespace {

result<gguf::header> watched_parse(const std::vector<std::byte>& file) {
  largest = total = 0;
  return gguf::parse(file, {.check_data = false});
}

std::vector<std::string> vocabulary(std::size_t n) {
  std::mt19937 random(7);
  std::vector<std::string> words(n);
  for (std::string& w : words) {
    const auto roll = random() % 1000;
    w.assign(roll == 0 ? 5000 : roll < 20 ? 0 : random() % 24, static_cast<char>(random() % 4));
  }
  return words;
}

}  // namespace

TEST_SUITE("gguf allocation") {
  TEST_CASE("a vocabulary of 250000 strings is walked without allocating for it") {
    const auto words = vocabulary(250000);
    const auto file = gguf::writer().add("tokens", words).add("after", 42u).finish();
    const auto h = watched_parse(file);
    CHECK(total < 4096);
    REQUIRE_MESSAGE(h.has_value(), h.error().message);
    CHECK(h->find("tokens")->size() == words.size());
    CHECK(h->find("after")->u32() == 42);
    std::size_t i = 0;
    bool same = true;
    h->find("tokens")->for_each_string([&](std::string_view s) { same = same && s == words[i++]; });
    CHECK(same);
    CHECK(i == words.size());
  }

  TEST_CASE("announced counts allocate no more than the bytes behind them") {
    const auto padded = [] {
      auto file = sample::by_hand();
      file.resize(1 << 20);
      return file;
    }();
    for (const std::int64_t count : {std::int64_t{1} << 15, std::int64_t{1} << 40, INT64_MAX})
      for (const std::size_t at : {8u, 16u}) {
        CAPTURE(at);
        CAPTURE(count);
        auto file = padded;
        sample::patch(file, at, count);
        CHECK_FALSE(watched_parse(file).has_value());
        CHECK(largest <= file.size());
      }
    for (const std::uint64_t length :
         {std::uint64_t{1} << 20, std::uint64_t{1} << 30, ~std::uint64_t{0}})
      for (const std::size_t at : {24u, 78u, 86u, 120u}) {
        CAPTURE(at);
        CAPTURE(length);
        auto file = padded;
        sample::patch(file, at, length);
        CHECK_FALSE(watched_parse(file).has_value());
        CHECK(largest <= 1 << 20);
      }
  }

  TEST_CASE("walking strings in strides finds what walking one by one finds") {
    std::mt19937 random(3);
    for (int round = 0; round < 200; ++round) {
      CAPTURE(round);
      const auto words = vocabulary(6000 + random() % 20000);
      std::vector<std::byte> data;
      std::vector<std::size_t> starts;
      for (const std::string& w : words) {
        starts.push_back(data.size());
        sample::append_string(data, w);
      }
      const std::size_t bad = random() % words.size();
      const auto kind = random() % 3;  // whole, one length damaged, or cut short
      if (kind == 1) sample::patch(data, starts[bad], std::uint64_t{1} << (20 + random() % 44));
      if (kind == 2) data.resize(starts[bad] + random() % (words[bad].size() + 8));
      const std::size_t good = kind == 0 ? words.size() : bad;
      const auto walk = gguf::walk_strings(data, {0, words.size()}, std::uint64_t{1} << 30);
      CHECK(walk.n_left == words.size() - good);
      CHECK(walk.offset == (good == words.size() ? data.size() : starts[good]));
    }
  }
}
