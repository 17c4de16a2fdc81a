// Held against all runs of a small grid, planned one by one.
#include "vrambudget/advise/what_would_fit.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "../header_of.hpp"
#include "vrambudget/advise/balanced_split.hpp"
#include "vrambudget/advise/levers.hpp"

using namespace vrambudget;

namespace {

const run four_slots{.n_ctx = 32768, .n_ubatch = 1024, .n_parallel = 4, .kv_unified = false};

bool fits(planner& p, const run& r) {
  const auto b = p.budget_for(r);
  return b && b->fits();
}

/// The smallest memory of a card that holds a run.
bytes needed(const model& m, const run& r) {
  return plan(m, r, {testing::card()}).value().devices[0].used();
}

/// All ways to pull levers, as runs.
std::vector<run> all_pulled(const model& m, const run& r) {
  std::vector<run> all;
  for (std::size_t bits = 0; bits < std::size_t{1} << detail::levers.size(); ++bits) {
    detail::pulled which{};
    for (std::size_t i = 0; i < which.size(); ++i) which[i] = bits >> i & 1;
    all.push_back(detail::with(which, r, m));
  }
  return all;
}

bool is_on_devices(const suggestion& s) { return s.changes.back() < change_kind::n_ctx; }

}  // namespace

TEST_SUITE("what_would_fit") {
  TEST_CASE("where any levers together help, some are found, and none of them for nothing") {
    const model m = testing::small_llama().value();
    bytes least = needed(m, four_slots);
    for (const run& r : all_pulled(m, four_slots)) least = std::min(least, needed(m, r));
    const bytes whole = needed(m, four_slots);
    int n_together = 0;
    for (std::uint64_t i = 0; i <= 64; ++i) {
      // from just too little for all of them to just too little for the run as it is
      const bytes memory{least.count - 1 + (whole.count - least.count) * i / 64};
      planner p(m, {testing::card(memory)});
      bool any = false;
      for (const run& r : all_pulled(m, four_slots)) any |= fits(p, r);
      run smallest = four_slots;  // which is tried alone only
      smallest.n_ubatch = detail::least_ubatch;
      any |= fits(p, smallest);
      bool found = false;
      for (const suggestion& s : what_would_fit(p, four_slots)) {
        CHECK(fits(p, s.changed));
        if (!is_on_devices(s)) continue;
        found = true;
        if (s.changes.size() < 2) continue;
        ++n_together;
        for (const run& r : all_pulled(m, four_slots))  // none that changes less
          if (r.type_k == four_slots.type_k || r.n_parallel == four_slots.n_parallel) {
            const bool less =
                (r.type_k == four_slots.type_k || r.type_k == s.changed.type_k) &&
                (r.n_parallel == four_slots.n_parallel || r.n_parallel == s.changed.n_parallel) &&
                (r.n_ubatch == four_slots.n_ubatch || r.n_ubatch == s.changed.n_ubatch) &&
                !(r == s.changed);
            if (less) CHECK_FALSE(fits(p, r));
          }
      }
      CAPTURE(i);
      CHECK(found == any);
    }
    CHECK(n_together > 0);
  }

  // 4 layers and the output: six ways to share them between two cards
  TEST_CASE("a split among two cards is found wherever there is one") {
    const model m = testing::small_llama().value();
    const run r{.n_ctx = 8192, .n_parallel = 1};
    const bytes whole = needed(m, r);
    int n_found = 0, n_none = 0;
    for (std::uint64_t a = 1; a <= 12; ++a)
      for (std::uint64_t b = 1; b <= 12; ++b) {
        const device first = testing::card(bytes{whole.count * a / 12}),
                     second = testing::card(bytes{whole.count * b / 12});
        planner p(m, {first, second});
        bool any = false;
        for (int n = 0; n <= 5; ++n) {
          run split = r;
          split.tensor_split = {static_cast<float>(n), static_cast<float>(5 - n)};
          const auto planned = p.budget_for(split);
          any |= planned && planned->fits_devices();
        }
        const auto found = detail::split_search(p, r).find();
        CAPTURE(a);
        CAPTURE(b);
        CHECK(found.has_value() == any);
        if (found) CHECK(fits(p, *found));
        ++(found ? n_found : n_none);
      }
    CHECK(n_found > 0);
    CHECK(n_none > 0);
  }

  /// The least number of layers, by trying all; nothing: all of them are too few.
  std::optional<std::uint32_t> fewest(const model& m, bytes memory, const run& r) {
    planner p(m, {testing::card(memory)});
    for (std::uint32_t n = 0; n <= 4; ++n) {
      run on_host = r;
      on_host.cpu_moe = n == 4;
      on_host.n_cpu_moe = n == 4 ? 0 : n;
      if (fits(p, on_host)) return n;
    }
    return std::nullopt;
  }

  TEST_CASE("where experts go to the host there are three ways, or as many as there are") {
    const model m = testing::small_llama_with_experts();
    run r = four_slots;
    r.n_ctx = 8192;  // 16 MiB of cache, beside 6 MiB of experts a layer
    const bytes whole = needed(m, r);
    int n_three = 0, n_eight = 0;
    for (std::uint64_t i = 1; i < 80; ++i) {
      const bytes memory = saturating_sub(whole, i * 1_MiB);
      const auto least = fewest(m, memory, r);
      if (!least) continue;
      // ways that keep more on the device than as it is told, and none that needs no host
      std::size_t n_ways = 1;
      for (const auto& pull : {detail::with_cache_type<ggml_type::q8_0>, detail::with_one_slot,
                               detail::with_cache_type<ggml_type::q4_0>}) {
        const auto n = fewest(m, memory, *pull(r, m));
        n_ways += n && *n < *least;
      }
      planner p(m, {testing::card(memory)});
      const auto all = what_would_fit(p, r);
      CAPTURE(i);
      CHECK(all.size() >= std::min<std::size_t>(n_ways, 3));
      n_three += n_ways >= 3;
      const run eight = *detail::with_cache_type<ggml_type::q8_0>(r, m);
      const auto with_eight = fewest(m, memory, eight);
      if (with_eight && *with_eight > 0 && *with_eight * 4 <= *least * 3) {
        ++n_eight;
        CHECK(std::any_of(all.begin(), all.end(), [&](const suggestion& s) {
          return s.changes == std::vector{change_kind::cache_types, change_kind::n_cpu_moe} &&
                 s.changed.type_k == ggml_type::q8_0 && s.n_on_host == *with_eight;
        }));
      }
      for (const suggestion& s : all) {
        CHECK(fits(p, s.changed));
        if (s.changes.back() != change_kind::n_cpu_moe) continue;
        run other = s.changed;
        other.cpu_moe = false;
        other.n_cpu_moe = 0;
        CHECK(fewest(m, memory, other) == s.n_on_host);
      }
    }
    CHECK(n_three > 0);
    CHECK(n_eight > 0);
  }

  TEST_CASE("of a dense model feed-forward tensors go to the host, or layers, or more of both") {
    const model m = testing::small_llama().value();
    const run r{.n_ctx = 32768, .n_parallel = 1};
    const bytes whole = needed(m, r);
    std::size_t most = 0;
    for (std::uint64_t i = 1; i < 80; ++i) {
      planner p(m, {testing::card(saturating_sub(whole, i * 1_MiB))});
      const auto all = what_would_fit(p, r);
      most = std::max(most, all.size());
      for (const suggestion& s : all) CHECK(fits(p, s.changed));
      for (std::size_t k = 0; k < all.size(); ++k)
        for (std::size_t j = 0; j < k; ++j) CHECK_FALSE(all[k].changed == all[j].changed);
    }
    CHECK(most >= 3);
  }

  TEST_CASE("a window that is held whole is the first thing to give up") {
    const model m =
        testing::small_llama(
            [](gguf::writer& w) { w.add("gemma3.attention.sliding_window", std::uint32_t{512}); },
            "gemma3")
            .value();
    const run r{.n_ctx = 8192, .n_parallel = 1, .swa_full = true};
    planner p(m, {testing::card(saturating_sub(needed(m, r), 1_MiB))});
    const auto all = what_would_fit(p, r);
    REQUIRE_FALSE(all.empty());
    CHECK(all.front().changes == std::vector{change_kind::swa_full});
  }
}
