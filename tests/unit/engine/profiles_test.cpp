#include <doctest/doctest.h>

#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/engine/run.hpp"

using namespace vrambudget;

namespace {
std::string_view named(std::string_view text) {
  const auto p = find_profile(text);
  REQUIRE(p.has_value());
  return p->profile.name;
}
}  // namespace

TEST_SUITE("profiles") {
  TEST_CASE("names with and without the engine's") {
    CHECK(named(engine_release) == engine_release);
    CHECK(named("llama.cpp@2026-08") == "2026-08");
    CHECK(named(engine_name) == engine_release);
  }

  // builds that are known by their logs
  TEST_CASE("build numbers") {
    CHECK(named("b11200") == engine_release);
    CHECK(named("10453") == "2026-08");
    CHECK(named("b9849") == "2026-06");
    CHECK(named("b9889") == "2026-06");
    CHECK(named("b9890") == "2026-08");
    CHECK(named("b8893") == "2026-04");
    CHECK(named("b6699") == "2025-10");
    CHECK(named("b5269") == "2025-04");
    CHECK(profile_for_build(9849).covers);
  }

  TEST_CASE("releases, and the newest that is known") {
    CHECK(named("latest") == engine_profiles.front().name);
    CHECK(named("0.5.0") == engine_release);
    CHECK(named("v0.4.0") == "2026-08");  // of 2026-09-05, four days after its last
    // only a state before it is known: its rules, and no claim
    const chosen_profile next = find_profile("v0.6.0").value();
    CHECK(next.profile.name == "2026-11");
    CHECK_FALSE(next.covers);
    CHECK_FALSE(next.profile.claims.compute);
    CHECK(place_of(next) == "under development in llama.cpp 2026-11");
  }

  TEST_CASE("how far a build or a day is from the nearest that is known") {
    CHECK(place_of(find_profile("b11200").value()) == "llama.cpp v0.5.0");
    CHECK(place_of(find_profile("b11500").value()) == "242 builds after llama.cpp 2026-10");
    CHECK(place_of(find_profile("b11600").value()) == "200 builds before llama.cpp 2026-11");
    CHECK(place_of(find_profile("2026-11-20").value()) == "17 days after llama.cpp 2026-11");
    CHECK(place_of(find_profile("2026-11-02").value()) == "1 day before llama.cpp 2026-11");
    // a year of 365 days and a leap day between
    CHECK(profile_for_date({2027, 11, 3}).away == 365);
    CHECK(profile_for_date({2028, 11, 3}).away == 731);
    CHECK(profile_for_date({2026, 12, 1}).away == 28);
  }

  TEST_CASE("days and months") {
    CHECK(named("2026-08-15") == "2026-08");
    CHECK(named("2026-07") == "2026-08");
    CHECK(named("2026-05-31") == "2026-04");  // three days after its last, five before the next
    CHECK(named("2026-05") == "2026-04");
    CHECK(profile_for_date({2026, 5, 28}).profile.name == "2026-04");
  }

  TEST_CASE("between profiles the nearest is taken and not said to be covered") {
    const chosen_profile after = profile_for_build(99999);
    CHECK(after.profile.name == engine_profiles.front().name);
    CHECK_FALSE(after.covers);
    // 2025-10 ends with b6900, 2026-04 begins with b8807: half-way is b7853.5
    CHECK(profile_for_build(7853).profile.name == "2025-10");
    CHECK(profile_for_build(7854).profile.name == "2026-04");
    CHECK_FALSE(profile_for_date({2026, 1, 1}).covers);
  }

  TEST_CASE("what is neither is an error that lists them") {
    for (const char* text : {"", "b", "llama.cpp@", "v9", "v0.5", "lates", "b12x", "-5", "2026-13",
                             "2026-02-30", "2026-8-15", "99999999999", "ollama"}) {
      CAPTURE(text);
      const auto p = find_profile(text);
      REQUIRE_FALSE(p.has_value());
      CHECK(p.error().message.find(std::string(engine_release) + ", 2026-08, 2026-06, 2026-04") !=
            std::string::npos);
    }
  }

  TEST_CASE("what is planned for by default is the release, whatever is newer") {
    CHECK(default_profile.name == engine_release);
    CHECK(default_profile.rules == engine_rules{});
    CHECK(engine_profiles.front().first > default_profile.last);
    CHECK(run{}.profile == default_profile);
  }

  // by runs recorded from the sources of those months
  TEST_CASE("builds after the release have its rules and more") {
    engine_rules expected;
    const auto rules = [](const char* name) { return find_profile(name).value().profile.rules; };
    expected.copies_unread_inputs = expected.starts_hrm_in_layer = true;
    expected.fits_by_streams = expected.scans_96 = true;
    expected.convolves_f16_depthwise = expected.cuts_whole_v_heads = true;
    CHECK(rules("2026-10") == expected);
    expected.mixed_inputs = expected.groups_shared_expert = expected.scales_token_rows = true;
    expected.gathers_states_once = expected.pools_index_blocks = true;
    expected.states_tell_rotation = expected.indexes_four_heads = true;
    expected.divides_indexed_heads = expected.warms_up_within_limit = true;
    expected.scales_drafted_values = expected.keeps_eight_bits = expected.pads_by_tokens = true;
    expected.multiplies_thin_floats = expected.sums_nvfp4_in_bf16 = true;
    CHECK(rules("2026-11") == expected);
  }

  // by the logs of those months: each of these is the only rule that gives what builds of then printed
  TEST_CASE("each profile has the rules that held in its builds") {
    engine_rules expected;
    const auto rules = [](const char* name) { return find_profile(name).value().profile.rules; };
    expected.keeps_fused_sources = false;
    expected.indexer_v_cache = true;
    CHECK(rules("2026-08") == expected);
    expected.row_buffers = true;
    CHECK(rules("2026-06") == expected);
    expected.logits_of_all_tokens = true;
    expected.f32_masks = true;
    expected.flash_attn_copies_in_pool = true;
    expected.picks_rows_early = true;
    expected.states_for_rollback = false;
    CHECK(rules("2026-04") == expected);
    expected.both_inputs = false;
    expected.rotates_quantized = false;
    expected.latent_v_cache = true;
    expected.four_slots = false;
    CHECK(rules("2025-10") == expected);
    expected.window_caches = false;
    CHECK(rules("2025-04") == expected);
  }

  TEST_CASE("undoing a change turns its own switch and no other") {
    for (const engine_change& c : engine_changes) {
      CAPTURE(c.name);
      const engine_rules newest = engine_profiles.front().rules;
      engine_rules r = newest;
      CHECK(c.is_in(r));
      c.undo(r);
      CHECK_FALSE(c.is_in(r));
      CHECK(r != newest);
      c.apply(r);
      CHECK(r == newest);
    }
  }

  TEST_CASE("a change says what a log shows of it, both ways or neither") {
    for (const engine_change& c : engine_changes) {
      CAPTURE(c.name);
      CHECK(c.log_shows_old.empty() == c.log_shows_new.empty());
      bool is_silent = false;
      for (const auto rule :
           {&engine_rules::four_slots, &engine_rules::row_buffers,
            &engine_rules::states_tell_rotation, &engine_rules::indexes_four_heads,
            &engine_rules::scans_96, &engine_rules::fits_by_streams,
            &engine_rules::convolves_f16_depthwise, &engine_rules::cuts_whole_v_heads,
            &engine_rules::divides_indexed_heads, &engine_rules::warms_up_within_limit,
            &engine_rules::scales_drafted_values, &engine_rules::keeps_eight_bits,
            &engine_rules::pads_by_tokens, &engine_rules::multiplies_thin_floats,
            &engine_rules::sums_nvfp4_in_bf16})
        is_silent |= c.rule == rule;
      CHECK(c.log_shows_old.empty() == is_silent);
    }
  }
}
