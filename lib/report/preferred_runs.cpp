#include "vrambudget/report/preferred_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "io/json_text.hpp"
#include "lines.hpp"
#include "vrambudget/engine/profile.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/speed.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

std::string cache_text(const preferred_run& p) {
  const run& r = p.best.how.changed;
  const std::string k(traits(r.type_k).name);
  return r.type_k == r.type_v ? k : k + ", " + std::string(traits(r.type_v).name);
}

/// "experts of 12", as there is room for.
std::string host_text(const preferred_run& p) {
  const suggestion& how = p.best.how;
  switch (p.best.moved) {
    case on_host::nothing:
      return "nothing";
    case on_host::layers:
      return fmt::format("{} layers", how.n_on_host);
    case on_host::cache:
      return how.n_on_host == 0 ? "KV cache" : fmt::format("KV, FFN of {}", how.n_on_host);
    case on_host::feed_forward:
      break;
  }
  const char* const what = how.has(change_kind::n_cpu_ffn)        ? "FFN"
                           : how.has(change_kind::divided_layers) ? "parts"
                                                                  : "experts";
  return fmt::format("{} of {}", what, how.n_on_host);
}

std::string speed_text(const preferred_run& p, bool full) {
  const auto& all = p.speeds.decode;
  return all.empty() ? "unknown" : expected_text(full ? all.back() : all.front());
}

/// What runs change, those that are the same together.
std::string changes_text(std::span<const preferred_run> all, std::size_t width) {
  std::vector<std::pair<std::string, std::string>> by_flags;  // who wants them
  for (const preferred_run& p : all) {
    const std::string flags =
        p.best.how.changes.empty() ? "as it is told" : flags_of(p.best.how);
    const auto same = std::find_if(by_flags.begin(), by_flags.end(),
                                   [&](const auto& f) { return f.first == flags; });
    if (same == by_flags.end())
      by_flags.emplace_back(flags, name(p.by));
    else
      same->second += ", " + std::string(name(p.by));
  }
  std::string text;
  for (const auto& [flags, who] : by_flags)
    for (const std::string& part : broken(who + ": " + flags, width, 2)) text += part + "\n";
  return text;
}

}  // namespace

std::string preferred_runs_text(const model& m, std::span<const preferred_run> all,
                                std::size_t width) {
  if (all.empty())
    return m.name + ": no run fits with what is told, whatever else is given up\n";
  constexpr std::size_t label = 20, column = 15;
  std::string text = m.name + ": the best run by what is wanted most\n\n";
  const auto row = [&](const std::string& what,
                       const std::function<std::string(const preferred_run&)>& of) {
    text += fmt::format("{:<{}}", what, label);
    for (const preferred_run& p : all) text += fmt::format("{:>{}}", of(p), column);
    text += "\n";
  };
  row("--prefer", [](const auto& p) { return std::string(name(p.by)); });
  row("tokens of a slot", [](const auto& p) { return grouped(p.context.n_ctx_seq); });
  row("slots", [](const auto& p) { return std::to_string(p.context.n_seq_max); });
  row("KV cache", cache_text);
  row("-ub", [](const auto& p) { return std::to_string(p.context.n_ubatch); });
  row("on the host", host_text);
  row("spare", [](const auto& p) { return in_mib(p.best.how.spare); });
  row("host needs", [](const auto& p) { return in_gib(p.best.how.host); });
  row("tokens/s, empty", [](const auto& p) { return speed_text(p, false); });
  row("tokens/s, full", [](const auto& p) { return speed_text(p, true); });
  return text + "\n" + changes_text(all, width);
}

std::string preferred_runs_json(const model& m, const run& told,
                                std::span<const preferred_run> all) {
  json::array runs;
  for (const preferred_run& p : all) {
    const run& r = p.best.how.changed;
    json::object o{{"prefer", name(p.by)},
                   {"n_ctx", p.context.n_ctx},
                   {"n_ctx_seq", p.context.n_ctx_seq},
                   {"n_seq_max", p.context.n_seq_max},
                   {"n_ubatch", p.context.n_ubatch},
                   {"type_k", traits(r.type_k).name},
                   {"type_v", traits(r.type_v).name},
                   {"best", best_json(p.best)}};
    if (auto speed = speed_json(p.devices, p.speeds); !speed.empty()) o["speed"] = std::move(speed);
    runs.push_back(std::move(o));
  }
  return json_text(json::object{{"schema", json_schema},
                                      {"vrambudget", version},
                                      {"engine", full_name(told.profile)},
                                      {"model", model_summary(m)},
                                      {"runs", std::move(runs)}}) +
         "\n";
}

}  // namespace vrambudget
