// Held against all runs of small grids, planned one by one.
#include "vrambudget/advise/best_run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "../header_of.hpp"
#include "vrambudget/advise/speed.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/request/run_line.hpp"

using namespace vrambudget;

namespace {

constexpr std::uint32_t n_layer = 4, n_trained = 10240, grid = 256;
constexpr preference all_preferences[] = {preference::balance, preference::quality,
                                          preference::speed, preference::context};

model dense() {
  model m = testing::small_llama().value();
  m.hp.n_ctx_train = n_trained;
  return m;
}

model with_experts() {
  model m = testing::small_llama_with_experts();
  m.hp.n_ctx_train = n_trained;
  return m;
}

model with_window() {
  model m =
      testing::small_llama(
          [](gguf::writer& w) { w.add("gemma3.attention.sliding_window", std::uint32_t{512}); },
          "gemma3")
          .value();
  m.hp.n_ctx_train = n_trained;
  return m;
}

/// What one run gives up, each from 0 on.
struct given_up {
  std::uint32_t tokens = 0, slots = 0, window = 0, cache = 0, ubatch = 0, host = 0,
                larger_ubatch = 0;
  bool kv_on_host = false;
  std::uint64_t host_reads = 0;  ///< for a token

  [[nodiscard]] std::uint32_t host_kind() const {
    return host > n_layer || kv_on_host ? 2 : host > 0 ? 1 : 0;
  }
  [[nodiscard]] std::uint32_t few_bits() const { return cache >= 2; }

  /// What counts more stands before. How much is on the host is counted in layers, or `by_reads` by what it reads for a
  /// token, as whole layers and the cache are told apart.
  [[nodiscard]] std::vector<std::uint64_t> in_order(preference most, bool told_slots,
                                                    bool by_reads = false) const {
    const std::uint32_t first = told_slots ? slots : 0;
    const std::uint64_t how_much = by_reads ? host_reads : host;
    const auto with_last = [&](std::vector<std::uint64_t> v) {
      v.insert(v.end(), {larger_ubatch, slots, window});
      return v;
    };
    switch (most) {
      case preference::quality:
        return with_last({first, few_bits(), host_kind(), ubatch, cache, tokens, how_much});
      case preference::speed:
        return with_last({first, host_kind(), how_much, ubatch, few_bits(), cache, tokens});
      case preference::context:
        return with_last({first, tokens, host_kind(), few_bits(), ubatch, how_much, cache});
      case preference::balance:
        break;
    }
    return with_last({first, host_kind(), few_bits(), ubatch, tokens, how_much, cache});
  }
};

/// A run that is planned once, on a card that holds it; held against others by hand.
struct possible_run {
  given_up gives;
  run r;
  budget b;
};

using cache_types = std::vector<std::pair<ggml_type, ggml_type>>;
const cache_types usual_types = {{ggml_type::f16, ggml_type::f16},
                                 {ggml_type::q8_0, ggml_type::q8_0},
                                 {ggml_type::q4_0, ggml_type::q4_0}};
/// Where attention reads both as they are.
const cache_types types_of_pairs = {{ggml_type::f16, ggml_type::f16},
                                    {ggml_type::q8_0, ggml_type::q8_0},
                                    {ggml_type::q8_0, ggml_type::q4_0},
                                    {ggml_type::q4_0, ggml_type::q4_0}};

/// Of a backend whose attention reads pairs.
device radeon(bytes memory = 24_GiB) {
  device d = testing::card(memory);
  d.backend = backend_kind::vulkan;
  return d;
}

run with(const run& told, const given_up& g, bool has_experts,
         const cache_types& types = usual_types) {
  run r = told;
  if (told.n_ctx == 0) r.n_ctx = n_trained - g.tokens * grid;
  if (g.slots) {
    r.n_parallel = 1;
    r.kv_unified.reset();
    r.n_ctx = std::min(r.n_ctx, n_trained);  // no slot had more
  }
  if (g.window) r.swa_full = false;
  std::tie(r.type_k, r.type_v) = types[g.cache];
  r.offload_kqv = !g.kv_on_host;
  r.n_ubatch = 512u >> g.ubatch;
  const std::uint32_t n = std::min(g.host, n_layer);
  if (has_experts) {
    r.cpu_moe = n == n_layer;
    r.n_cpu_moe = r.cpu_moe ? 0 : n;
  } else {
    r.n_cpu_ffn = n;
  }
  if (g.host > n_layer) r.n_gpu_layers = static_cast<std::int32_t>(2 * n_layer + 1 - g.host);
  if (g.host > 0 && g.ubatch == 0) r.n_ubatch = 2048u >> g.larger_ubatch;
  return r;
}

/// What the host reads for a token.
std::uint64_t host_reads(const model& m, const run& r, const std::vector<device>& devices,
                         const context_params& context) {
  const decode_reads host =
      decode_traffic_of(m, r, devices, context, context.n_ctx_seq).value().host;
  return (host.weights + host.cache + host.states).count;
}

/// All runs that may be chosen, in no order.
std::vector<possible_run> all_runs(const model& m, const run& told, std::uint32_t least,
                                   const device& card, const cache_types& types) {
  planner p(m, {card});
  const bool has_experts = m.hp.moe.n_expert > 0;
  std::vector<possible_run> all;
  given_up g;
  const std::uint32_t n_tokens = told.n_ctx ? 0 : (n_trained - least) / grid;
  for (g.tokens = 0; g.tokens <= n_tokens; ++g.tokens)
    for (g.slots = 0; g.slots <= (told.n_parallel != 1); ++g.slots)
      for (g.window = 0; g.window <= (told.swa_full ? 1 : 0); ++g.window)
        for (g.cache = 0; g.cache < types.size(); ++g.cache)
          for (g.ubatch = 0; g.ubatch <= 2; ++g.ubatch)
            for (g.host = 0; g.host <= 2 * n_layer + 1; ++g.host)
              for (g.larger_ubatch = 0; g.larger_ubatch <= (g.host && !g.ubatch ? 2 : 0);
                   ++g.larger_ubatch)
                for (const bool kv_on_host : {false, true}) {
                  g.kv_on_host = kv_on_host;
                  if (kv_on_host && g.host > n_layer) continue;
                  const run r = with(told, g, has_experts, types);
                  const budget b = p.budget_for(r).value();
                  g.host_reads = host_reads(m, r, p.devices(), b.context);
                  all.push_back({g, r, b});
                }
  return all;
}

std::string in_words(const run& r) {
  std::string text;
  for (const request::argument& a : request::arguments_of(r)) text += a.flag + " " + a.value + " ";
  return text;
}

const possible_run* best_of(std::vector<possible_run>& all, preference most, bool told_slots,
                            bytes memory, std::optional<bytes> ram) {
  const possible_run *best = nullptr, *best_kept = nullptr;  // with the cache on the host
  for (possible_run& c : all) {
    for (device_budget& d : c.b.devices) d.usable = memory;
    c.b.host.ram = ram;
    if (!c.b.fits()) continue;
    const possible_run*& of_these = c.gives.kv_on_host ? best_kept : best;
    if (!of_these ||
        c.gives.in_order(most, told_slots) < of_these->gives.in_order(most, told_slots))
      of_these = &c;
  }
  if (!best || !best_kept) return best ? best : best_kept;
  const bool is_kept = best_kept->gives.in_order(most, told_slots, true) <
                       best->gives.in_order(most, told_slots, true);
  return best->gives.host_kind() == 2 && is_kept ? best_kept : best;
}

/// Counts answers.
struct tally {
  int found = 0, none = 0, kv_on_host = 0, pairs = 0;
};

/// Cards of many sizes, from too little for any run to what the best one needs; the host has half of what lies
/// between what the runs need there, or enough.
void check_all(const model& m, const run& told, tally& t, bool has_half = false,
               device card = testing::card(), const cache_types& types = usual_types,
               std::uint64_t n_cards = 12) {
  std::vector<possible_run> all = all_runs(m, told, least_context, card, types);
  bytes least = bytes::max(), most, least_host = bytes::max(), most_host;
  for (const possible_run& c : all) {
    const bytes needed = c.b.devices.empty() ? bytes{} : c.b.devices[0].used();
    least = std::min(least, needed);
    most = std::max(most, needed);
    least_host = std::min(least_host, c.b.host.needed());
    most_host = std::max(most_host, c.b.host.needed());
  }
  std::optional<bytes> ram;
  if (has_half) ram = bytes{(least_host.count + most_host.count) / 2};
  for (std::uint64_t i = 0; i <= n_cards; ++i) {
    const bytes memory{least.count - 1 + (most.count + 1 - least.count) * i / n_cards};
    card.total = card.free = memory;
    planner p(m, {card}, {.reserve = {}, .ram = ram});
    for (const preference by : all_preferences) {
      const possible_run* const best = best_of(all, by, told.n_parallel > 0, memory, ram);
      const auto found = find_best_run(p, told, by).value();
      CAPTURE(memory.count);
      CAPTURE(name(by));
      if (!best) {
        // a context that is not told may be shorter than what is worth something
        if (found) CHECK((told.n_ctx == 0 && found->how.changed.n_ctx < least_context));
        ++t.none;
        continue;
      }
      REQUIRE(found);
      ++t.found;
      CHECK(in_words(found->how.changed) == in_words(best->r));
      t.kv_on_host += !best->r.offload_kqv;
      t.pairs += best->r.type_k != best->r.type_v;
      CHECK(p.budget_for(found->how.changed).value().fits());
    }
  }
}

/// Whether two cards hold a run, shared as the engine does or by any counts of layers.
bool is_held(planner& p, const run& r) {
  run shared = r;
  for (std::uint32_t n = 0; n <= n_layer + 2; ++n) {
    const auto b = p.budget_for(shared);
    if (b && b->fits()) return true;
    shared.tensor_split = {static_cast<float>(n), static_cast<float>(n_layer + 1 - n)};
    if (n > n_layer + 1) break;
  }
  return false;
}

}  // namespace

TEST_SUITE("best_run") {
  TEST_CASE("of all runs that fit it is the one that gives up least of what is wanted most") {
    tally t;
    check_all(dense(), {}, t);
    check_all(dense(), {.n_ctx = 16384, .n_parallel = 2, .kv_unified = false}, t);
    check_all(with_experts(), {.n_ctx = 8192}, t);
    check_all(with_experts(), {.n_parallel = 1}, t);
    check_all(with_experts(), {.n_ctx = 8192}, t, true);
    check_all(dense(), {.n_ctx = 16384, .n_parallel = 1}, t, true);
    check_all(with_window(), {.n_ctx = 8192, .n_parallel = 3, .swa_full = true}, t);
    check_all(with_experts(), {.n_ctx = 65536, .n_parallel = 8, .kv_unified = false}, t);
    CHECK(t.found >= 60);
    CHECK(t.none > 0);
    CHECK(t.kv_on_host > 0);
    CHECK(t.pairs == 0);
  }

  TEST_CASE("K and V differ where attention reads both as they are, or takes no small V") {
    tally t;
    check_all(dense(), {.n_ctx = 65536, .n_parallel = 8, .kv_unified = false}, t, false, radeon(),
              types_of_pairs, 40);
    CHECK(t.pairs > 0);
    tally without;
    check_all(dense(),
              {.n_ctx = 16384,
               .n_parallel = 2,
               .kv_unified = false,
               .flash_attn = flash_attn::off},
              without, false, testing::card(),
              {{ggml_type::f16, ggml_type::f16},
               {ggml_type::q8_0, ggml_type::f16},
               {ggml_type::q4_0, ggml_type::f16}},
              40);
    CHECK(without.pairs > 0);
  }

  TEST_CASE("two unlike cards are shared so that as little as possible goes to the host") {
    const model m = with_experts();
    const run told{.n_ctx = 8192, .n_parallel = 1};
    const auto needed = [&](const run& r) {
      return plan(m, r, {testing::card()}).value().devices[0].used();
    };
    const bytes whole = needed(told),
                least = needed({.n_ctx = 8192, .n_parallel = 1, .cpu_moe = true});
    const auto part = [&](std::uint64_t eighths) {
      return bytes{least.count + (whole.count - least.count) * eighths / 8};
    };
    int n_found = 0;
    for (std::uint64_t a = 0; a <= 6; ++a)
      for (std::uint64_t b = 0; b <= 6; ++b) {
        planner p(m, {testing::card(part(a)), testing::card(part(b))});
        const auto order_of = [&](const given_up& of, bool by_reads) {
          return of.in_order(preference::balance, true, by_reads);
        };
        std::optional<given_up> best, best_kept;
        given_up g{.larger_ubatch = 2};
        for (g.cache = 0; g.cache <= 2; ++g.cache)
          for (g.ubatch = 0; g.ubatch <= 2; ++g.ubatch)
            for (g.host = 0; g.host <= 2 * n_layer + 1; ++g.host)
              for (const bool kv_on_host : {false, true}) {
                g.kv_on_host = kv_on_host;
                if (kv_on_host && g.host > n_layer) continue;
                std::optional<given_up>& of_these = kv_on_host ? best_kept : best;
                const run r = with(told, g, true);
                if (of_these && order_of(g, false) >= order_of(*of_these, false)) continue;
                if (!is_held(p, r)) continue;
                g.host_reads = host_reads(m, r, p.devices(), effective_context(r, m.hp).value());
                of_these = g;
              }
        if (best_kept && (!best || (best->host_kind() == 2 &&
                                    order_of(*best_kept, true) < order_of(*best, true))))
          best = best_kept;
        const auto found = find_best_run(p, told).value();
        CAPTURE(a);
        CAPTURE(b);
        REQUIRE(found.has_value() == best.has_value());
        if (!found) continue;
        ++n_found;
        run r = found->how.changed;
        CHECK(p.budget_for(r).value().fits());
        if (r.n_ubatch > told.n_ubatch) r.n_ubatch = told.n_ubatch;
        r.tensor_split.clear();
        given_up as{.larger_ubatch = 2};
        as.kv_on_host = !r.offload_kqv;
        as.cache = r.type_k == ggml_type::f16 ? 0 : r.type_k == ggml_type::q8_0 ? 1 : 2;
        while ((512u >> as.ubatch) > r.n_ubatch) ++as.ubatch;
        as.host = r.n_gpu_layers >= 0 ? 2 * n_layer + 1 - static_cast<std::uint32_t>(r.n_gpu_layers)
                  : r.cpu_moe         ? n_layer
                                      : r.n_cpu_moe;
        CHECK(in_words(with(told, as, true)) == in_words(r));
        CHECK(order_of(as, false) == order_of(*best, false));
      }
    CHECK(n_found > 10);
  }
}
