#include "vrambudget/report/speed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <vector>

#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

/// Two digits at least; outwards, so that no bound is promised that does not hold.
std::string in_tokens(double per_s, bool up) {
  const double step = per_s < 10 ? 0.1 : 1;
  const double whole = up ? std::ceil(per_s / step) : std::floor(per_s / step);
  return fmt::format("{:.{}f}", whole * step, per_s < 10 ? 1 : 0);
}

/// Of what is expected.
std::string interval(const decode_speed& s) {
  return fmt::format("{} to {}", in_tokens(s.expected->low, false),
                     in_tokens(std::min(s.expected->high, s.most), true));
}

/// "at most 51 tokens/s at 98,304 tokens; expect 23 to 38".
std::string at_depth(const decode_speed& s) {
  const std::string where = s.traffic.depth ? fmt::format("at {} tokens", grouped(s.traffic.depth))
                                            : std::string("with an empty cache");
  const std::string most = in_tokens(s.most, true);
  if (!s.expected) return fmt::format("at most {} tokens/s {}", most, where);
  if (s.most_basis == basis::assumed) return fmt::format("{} tokens/s {}", interval(s), where);
  return fmt::format("at most {} tokens/s {}; expect {}", most, where, interval(s));
}

/// "15 to 50".
std::string host_gigabytes() {
  constexpr std::uint64_t giga = 1'000'000'000;
  return fmt::format("{} to {}", host_rate::low_bytes_per_s / giga,
                     host_rate::high_bytes_per_s / giga);
}

std::string basis_of(const decode_speed& s) {
  if (s.most_basis == basis::assumed)
    return fmt::format(" (assumed: the host reads {} GB/s)", host_gigabytes());
  return s.expected ? fmt::format(" ({}, {} rows)", name(s.expected_basis), s.expected->n) : "";
}

std::string reads_line(const std::string& who, const decode_reads& d,
                       const std::string& gigabytes_per_s) {
  std::string parts;
  const auto add = [&](const char* what, bytes size) {
    if (size.count == 0) return;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : " + ", what, grouped(size.count));
  };
  add("weights", d.weights);
  add("rows", d.rows);
  add("cache", d.cache);
  add("states", d.states);
  if (parts.empty()) return {};
  return fmt::format("  {} reads {} bytes a token at {} GB/s:\n    {}\n", who,
                     grouped(d.all().count), gigabytes_per_s, parts);
}

std::string explained(std::span<const device_budget> devices, const decode_speed& s) {
  std::string text;
  for (std::size_t i = 0; i < s.traffic.devices.size(); ++i)
    text +=
        reads_line(name(devices[i].id), s.traffic.devices[i],
                   fmt::format("{:.1f}", static_cast<double>(s.bandwidth_bytes_per_s[i]) / 1e9));
  text += reads_line("the host", s.traffic.host, host_gigabytes());
  if (s.expected) text += fmt::format("  expected by: {}\n", s.expected->of);
  return text;
}

json::object reads_of(const decode_reads& d) {
  return {{"weights_bytes", d.weights.count},
          {"rows_bytes", d.rows.count},
          {"cache_bytes", d.cache.count},
          {"states_bytes", d.states.count}};
}

/// How fast at most, and what is expected.
void add_rates(json::object& o, const auto& s) {
  o["tokens_per_s_at_most"] = s.most;
  o["basis"] = name(s.most_basis);
  if (const auto& e = s.expected)
    o["expected"] = json::object{{"low_tokens_per_s", e->low},
                                 {"median_tokens_per_s", e->median},
                                 {"high_tokens_per_s", e->high},
                                 {"basis", name(s.expected_basis)},
                                 {"n", e->n},
                                 {"of", e->of}};
}

json::object object_of(const prompt_speed& s) {
  json::object o{{"n_tokens", s.work.n_tokens}};
  add_rates(o, s);
  o["operations_per_token"] = s.work.operations_per_token();
  if (s.work.copied.count > 0) {
    o["copied_bytes"] = s.work.copied.count;
    o["n_ubatches"] = s.work.n_ubatches();
  }
  return o;
}

json::object object_of(std::span<const device_budget> budgets, const decode_speed& s) {
  json::object o = rates_json(s);
  json::array devices;
  for (std::size_t i = 0; i < s.traffic.devices.size(); ++i) {
    if (s.bandwidth_bytes_per_s[i] == 0) continue;
    json::object d = reads_of(s.traffic.devices[i]);
    d["id"] = name(budgets[i].id);
    d["bandwidth_bytes_per_s"] = s.bandwidth_bytes_per_s[i];
    devices.push_back(std::move(d));
  }
  o["devices"] = std::move(devices);
  o["host"] = reads_of(s.traffic.host);
  if (s.traffic.host.computes()) {
    o["host"].as_object()["low_bytes_per_s"] = host_rate::low_bytes_per_s;
    o["host"].as_object()["high_bytes_per_s"] = host_rate::high_bytes_per_s;
  }
  return o;
}

/// Two digits or three that count, outwards: "1,600", "970".
std::string in_round_tokens(double per_s, bool up) {
  if (per_s < 100) return in_tokens(per_s, up);
  const double step = per_s < 1000 ? 10 : 100;
  const double whole = (up ? std::ceil(per_s / step) : std::floor(per_s / step)) * step;
  return grouped(static_cast<std::uint64_t>(whole));
}

/// "at 1,600 to 3,300", "at most 11,000".
std::string rate_text(const prompt_speed& s) {
  if (!s.expected) return "at most " + in_round_tokens(s.most, true);
  return "at " + in_round_tokens(s.expected->low, false) + " to " +
         in_round_tokens(std::min(s.expected->high, s.most), true);
}

std::string basis_of(const prompt_speed& s) {
  if (s.work.copied.count > 0)
    return fmt::format(" (assumed: experts come at {} to {} GB/s)",
                       link_rate::low_bytes_per_s / 1'000'000'000,
                       link_rate::high_bytes_per_s / 1'000'000'000);
  return s.expected ? fmt::format(" ({}, {} rows)", name(s.expected_basis), s.expected->n)
                    : " (bound, several times too high)";
}

std::string explained(std::span<const device_budget> devices, const prompt_speed& s) {
  std::string text;
  for (std::size_t i = 0; i < s.work.operations.size(); ++i) {
    const auto& n = s.work.operations[i];
    const std::uint64_t all = n[0] + n[1] + n[2];
    if (all == 0) continue;
    text += fmt::format("  {} computes {} operations a token of it, {} in 16 bits\n",
                        name(devices[i].id),
                        grouped(all / s.work.n_tokens), grouped(n[2] / s.work.n_tokens));
  }
  if (s.work.copied.count > 0)
    text += fmt::format("  {} bytes come from the host for each of {} micro-batches\n",
                        grouped(s.work.copied.count), grouped(s.work.n_ubatches()));
  text += fmt::format("  at most {} tokens/s\n", in_round_tokens(s.most, true));
  if (s.expected) text += fmt::format("  expected by: {}\n", s.expected->of);
  return text;
}

}  // namespace

std::string prompt_text(std::span<const device_budget> devices, std::span<const prompt_speed> all,
                        bool explain) {
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_last = i + 1 == all.size();
    text += fmt::format("{} of {} tokens {} tokens/s{}\n",
                        i == 0 ? "reads prompts" : "             ", grouped(all[i].work.n_tokens),
                        rate_text(all[i]), is_last ? basis_of(all[i]) : "");
    if (is_last && explain) text += explained(devices, all[i]);
  }
  return text;
}

std::string expected_text(const decode_speed& s) {
  return s.expected ? interval(s) : "at most " + in_tokens(s.most, true);
}

std::string brief_text(const decode_speed& s) {
  if (!s.expected) return "max " + in_tokens(s.most, true);
  return fmt::format("{}-{}", in_tokens(s.expected->low, false),
                     in_tokens(std::min(s.expected->high, s.most), true));
}

std::string speed_text(std::span<const device_budget> devices, std::span<const decode_speed> all,
                       bool explain) {
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_last = i + 1 == all.size();
    text += fmt::format("{} {}{}\n", i == 0 ? "decodes" : "       ", at_depth(all[i]),
                        is_last ? basis_of(all[i]) : "");
    if (is_last && explain) text += explained(devices, all[i]);
  }
  return text;
}

json::object rates_json(const decode_speed& s) {
  json::object o{{"n_depth", s.traffic.depth}};
  add_rates(o, s);
  return o;
}

json::object speed_json(std::span<const device_budget> devices, const run_speeds& all) {
  json::object o;
  json::array depths, lengths;
  for (const decode_speed& s : all.decode) depths.push_back(object_of(devices, s));
  for (const prompt_speed& s : all.prompts) lengths.push_back(object_of(s));
  if (!depths.empty()) o["decode"] = std::move(depths);
  if (!lengths.empty()) o["prompt"] = std::move(lengths);
  return o;
}

}  // namespace vrambudget
