// Replays a recording: what it says of a machine against what we say today. data/README.md has its keys.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/run_line.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::replay {

namespace json = boost::json;

/// What a key may hold; '?' in front of it: it may be absent.
using keys = std::vector<std::pair<std::string_view, json::kind>>;

/// Collects what differs, a line each.
class report {
 public:
  std::vector<std::string> lines;

  void differs(const std::string& where, const std::string& what) {
    lines.push_back(where + ": " + what);
  }
  /// Whether `v` is an object of these keys and no others.
  bool has_keys(const std::string& where, const json::value& v, const keys& expected) {
    if (!v.is_object()) return differs(where, "is no object"), false;
    const std::size_t before = lines.size();
    for (const auto& [spelled, kind] : expected) {
      const std::string_view key = spelled.substr(spelled[0] == '?' ? 1 : 0);
      const json::value* found = v.get_object().if_contains(key);
      if (found == nullptr && spelled[0] != '?') differs(where, fmt::format("no {}", key));
      if (found != nullptr && !is_a(*found, kind)) differs(where, fmt::format("{} is wrong", key));
    }
    for (const auto& [key, value] : v.get_object())
      if (std::none_of(expected.begin(), expected.end(), [&k = key](const auto& e) {
            return e.first.substr(e.first[0] == '?' ? 1 : 0) == k;
          }))
        differs(where, fmt::format("unknown key {}", std::string_view(key)));
    return lines.size() == before;
  }

 private:
  /// Numbers are sizes and counts: not negative; where doubles are expected any will do.
  static bool is_a(const json::value& v, json::kind kind) {
    if (kind == json::kind::double_) return v.is_number();
    if (kind != json::kind::uint64) return v.kind() == kind;
    return v.is_uint64() || (v.is_int64() && v.get_int64() >= 0);
  }
};

inline bytes size_at(const json::value& v, std::string_view key) {
  return {v.at(key).to_number<std::uint64_t>()};
}

inline std::string text_at(const json::value& v, std::string_view key) {
  return std::string(v.at(key).as_string());
}

/// A model by its catalogue id; nothing for a file, which is not here.
inline std::optional<model> catalogued(const std::string& id) {
  const auto all = catalogued_models();
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.id == id; });
  if (it == all.end()) return std::nullopt;
  const auto header = header_from_shape(it->shape).value();
  const gguf::header parsed = gguf::parse(header, {.check_data = false}).value();
  return read_model({&parsed, 1}).value();
}

/// "8.6" as 860.
inline std::uint32_t capability(const std::string& text) {
  return static_cast<std::uint32_t>(std::lround(std::stod(text) * 100));
}

inline std::vector<device> devices_of(const json::value& recording, bytes ballast) {
  std::vector<device> all;
  for (const json::value& d : recording.at("devices").as_array()) {
    device g;
    g.name = text_at(d, "gpu");
    g.cc = capability(text_at(d, "compute_capability"));
    g.n_sm = d.at("sm_count").to_number<std::uint32_t>();
    g.total = size_at(d, "total_bytes");
    g.free = saturating_sub(size_at(d, "free_bytes"), ballast);
    all.push_back(std::move(g));
  }
  return all;
}

/// Today's budget of a recorded run; nothing where its model is not in the catalogue.
inline std::optional<result<budget>> plan_again(const json::value& recording,
                                                const json::value& run_of) {
  const auto m = catalogued(text_at(run_of, "model"));
  std::optional<model> draft;
  if (run_of.as_object().contains("draft")) draft = catalogued(text_at(run_of, "draft"));
  if (!m || (run_of.as_object().contains("draft") && !draft)) return std::nullopt;
  std::istringstream typed(text_at(run_of, "run"));
  const std::vector<std::string> words{std::istream_iterator<std::string>(typed), {}};
  auto r = request::parse_run(words);
  if (!r) return result<budget>(r.error());
  r->n_ctx = run_of.at("n_ctx").to_number<std::uint32_t>();
  const bytes ballast =
      run_of.as_object().contains("ballast_bytes") ? size_at(run_of, "ballast_bytes") : bytes{};
  planner p(*m, devices_of(recording, ballast), {}, draft ? &*draft : nullptr);
  return p.budget_for(*r);
}

/// A buffer of a device: taken within one page of what was predicted, and predicted so today.
inline void compare_buffer(report& r, const std::string& where, const json::value& b,
                           std::optional<bytes> page, const device_budget* today) {
  const std::string term = text_at(b, "term");
  const std::uint64_t predicted = size_at(b, "predicted_bytes").count;
  if (page && term != "driver_context" && b.as_object().contains("taken_bytes")) {
    const std::uint64_t taken = size_at(b, "taken_bytes").count;
    if (taken >= predicted + page->count || predicted >= taken + page->count)
      r.differs(where, fmt::format("{} took {}, predicted {}", term, taken, predicted));
  }
  if (today == nullptr || text_at(b, "basis") != "exact" || term == "ballast") return;
  const auto kind = find_term_kind(term);
  if (!kind) return r.differs(where, fmt::format("'{}' is no term of a budget", term));
  if (const std::uint64_t now = today->of(*kind).count; now != predicted)
    r.differs(where, fmt::format("{} is {} today, was {}", term, now, predicted));
}

/// What the engine printed, in MiB of two digits a line, is what is predicted.
inline void compare_line(report& r, const std::string& where, const json::value& b) {
  if (!b.as_object().contains("engine_mib")) return;
  const double rounding = 0.005 * b.at("engine_lines").to_number<double>();
  const double predicted = static_cast<double>(size_at(b, "predicted_bytes").count) / 0x1p20;
  if (std::abs(b.at("engine_mib").to_number<double>() - predicted) > rounding + 1e-9)
    r.differs(where,
              fmt::format("the engine has {} MiB of {}, predicted {:.2f}",
                          b.at("engine_mib").to_number<double>(), text_at(b, "term"), predicted));
}

inline void compare_run(report& r, const std::string& where, const json::value& recording,
                        const json::value& run_of, const keys& more) {
  using enum json::kind;
  keys expected = {{"model", string}, {"?draft", string},         {"run", string},
                   {"n_ctx", uint64}, {"?ballast_bytes", uint64}, {"devices", array}};
  expected.insert(expected.end(), more.begin(), more.end());
  if (!r.has_keys(where, run_of, expected)) return;
  const auto today = plan_again(recording, run_of);
  if (today && !*today) return r.differs(where, "refused today: " + today->error().message);
  const json::array& devices = run_of.at("devices").as_array();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string here = fmt::format("{} device {}", where, i);
    if (!r.has_keys(here, devices[i], {{"id", string}, {"gpu", string}, {"buffers", array}}))
      continue;
    const json::array& all = recording.at("devices").as_array();
    const auto it = std::find_if(all.begin(), all.end(), [&](const json::value& d) {
      return d.at("id") == devices[i].at("id");
    });
    if (it == all.end()) {
      r.differs(here, text_at(devices[i], "id") + " is no device of the recording");
      continue;
    }
    std::optional<bytes> page;
    if (it->as_object().contains("granularity_bytes")) page = size_at(*it, "granularity_bytes");
    for (const json::value& b : devices[i].at("buffers").as_array()) {
      if (!r.has_keys(here, b,
                      {{"term", string},
                       {"basis", string},
                       {"predicted_bytes", uint64},
                       {"?free_before_bytes", uint64},
                       {"?free_after_bytes", uint64},
                       {"?taken_bytes", uint64},
                       {"?engine_mib", double_},
                       {"?engine_lines", uint64}}))
        continue;
      compare_buffer(r, here, b, page, today ? &(*today)->devices.at(i) : nullptr);
      compare_line(r, here, b);
    }
  }
}

/// The context a card took is within what is expected before use of its kind.
inline void compare_context(report& r, const std::string& where, const json::value& d) {
  if (!d.as_object().contains("driver_context_bytes")) return;
  const auto n_sm = static_cast<std::uint32_t>(size_at(d, "sm_count").count);
  const auto fresh = driver_context_of(capability(text_at(d, "compute_capability")), n_sm).fresh;
  const bytes measured = size_at(d, "driver_context_bytes");
  if (measured < fresh.low || fresh.high < measured)
    r.differs(where, fmt::format("a context took {}, {} to {} are expected", measured.count,
                                 fresh.low.count, fresh.high.count));
}

/// All that differs between a recording and today, a line each; none: it holds.
inline std::vector<std::string> differences(const json::value& recording) {
  using enum json::kind;
  report r;
  if (!r.has_keys("recording", recording,
                  {{"schema", uint64},
                   {"vrambudget", string},
                   {"date", string},
                   {"os", string},
                   {"?driver", string},
                   {"?cuda", string},
                   {"devices", array},
                   {"?driver_costs", object},
                   {"?allocations", array},
                   {"?engine", object}}))
    return r.lines;
  if (recording.at("schema") != json_schema) r.differs("recording", "schema is not ours");
  const auto os = find_operating_system(text_at(recording, "os"));
  if (!os) r.differs("recording", "unknown os " + text_at(recording, "os"));
  const json::array& devices = recording.at("devices").as_array();
  for (std::size_t i = 0; i < devices.size(); ++i)
    r.has_keys(fmt::format("device {}", i), devices[i],
               {{"id", string},
                {"gpu", string},
                {"compute_capability", string},
                {"sm_count", uint64},
                {"total_bytes", uint64},
                {"free_bytes", uint64},
                {"?used_by_others_bytes", uint64},
                {"?reserved_bytes", uint64},
                {"?driver_context_bytes", uint64},
                {"?granularity_bytes", uint64}});
  if (!r.lines.empty()) return r.lines;
  for (std::size_t i = 0; i < devices.size(); ++i)
    compare_context(r, fmt::format("device {}", i), devices[i]);
  const auto each = [&](const json::value& of, const char* key, const keys& more) {
    const json::value* all = of.as_object().if_contains(key);
    if (all == nullptr) return;
    for (std::size_t i = 0; i < all->as_array().size(); ++i)
      compare_run(r, fmt::format("{} {}", key, i), recording, all->as_array()[i], more);
  };
  each(recording, "allocations", {});
  if (const json::value* engine = recording.as_object().if_contains("engine"))
    if (r.has_keys("engine", *engine, {{"program", string}, {"?version", string}, {"runs", array}}))
      each(*engine, "runs",
           {{"command", string},
            {"purpose", string},
            {"prompt_tokens", uint64},
            {"outcome", string},
            {"?free_at_start_bytes", uint64},
            {"?free_loaded_bytes", uint64},
            {"?free_prompted_bytes", uint64},
            {"?error", string}});
  return r.lines;
}

}  // namespace vrambudget::replay
