// Cases that were recorded from several engines: what differs from one to the other is stored once.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "recorded_devices.hpp"
#include "vrambudget/engine/profiles.hpp"

namespace vrambudget::testing {

inline const engine_profile& recorded_profile(const std::string& name) {
  const auto it = std::find_if(engine_profiles.begin(), engine_profiles.end(),
                               [&](const engine_profile& p) { return p.name == name; });
  if (it == engine_profiles.end()) throw std::runtime_error("no engine " + name);
  return *it;
}

/// Puts what differs in its place: member by member, but arrays whole; null takes a member away
/// (RFC 7396).
inline void merge_patch(boost::json::value& to, const boost::json::value& from) {
  if (!from.is_object()) {
    to = from;
    return;
  }
  if (!to.is_object()) to = boost::json::object();
  for (const auto& [key, v] : from.as_object())
    if (v.is_null())
      to.as_object().erase(key);
    else
      merge_patch(to.as_object()[key], v);
}

inline std::string own_engine(const boost::json::value& c) {
  const boost::json::value* engine = c.as_object().if_contains("engine");
  return engine ? text(*engine) : std::string(engine_release);
}

/// The case as another engine runs it.
inline boost::json::value with_differences(const boost::json::value& c,
                                           const boost::json::value& differences) {
  boost::json::value there = c;
  merge_patch(there, differences);
  return there;
}

/// The case as that engine runs it; nothing: it was not recorded from it.
inline std::optional<boost::json::value> case_of_engine(const boost::json::value& c,
                                                        const std::string& engine) {
  if (own_engine(c) == engine) return c;
  const boost::json::value* also = c.as_object().if_contains("also");
  const boost::json::value* differences = also ? also->as_object().if_contains(engine) : nullptr;
  if (!differences) return std::nullopt;
  return with_differences(c, *differences);
}

/// Calls `run(profile, id, case)` for the engine that a case is of, "engine", or else the release, and for
/// each engine that it was recorded from as well, "also". How often that was.
template <class Run>
int for_each_engine(const boost::json::value& c, Run&& run) {
  const std::string id = text(c.at("id"));
  run(recorded_profile(own_engine(c)), id, c);
  const boost::json::value* also = c.as_object().if_contains("also");
  if (!also) return 1;
  for (const auto& [name, differences] : also->as_object())
    run(recorded_profile(std::string(name)), id + "@" + std::string(name),
        with_differences(c, differences));
  return 1 + static_cast<int>(also->as_object().size());
}

}  // namespace vrambudget::testing
