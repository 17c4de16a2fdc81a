#include "vrambudget/report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>

#include "io/json_text.hpp"
#include "quality.hpp"
#include "vrambudget/engine/profile.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/speed.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

std::string kld_text(const compared_file& c) {
  const file_quality& q = c.quality;
  if (q.measured) return fmt::format("{:.5f}", q.measured->kld);
  return q.estimated ? fmt::format("{:.2g} to {:.2g}", q.estimated->low, q.estimated->high) : "-";
}
/// Tokens a second that are expected, with an empty cache or a full one.
std::string speed_text(const compared_file& c, bool full) {
  const decode_speed* s = c.speeds.empty() ? nullptr : full ? &c.speeds.back() : &c.speeds.front();
  return s ? expected_text(*s) : "-";
}
std::string spare_text(const compared_file& c) {
  return c.n_ctx && !c.fits ? "does not fit" : in_mib(c.spare);
}

/// What is said of measured files: with what they were compared, and where that is from.
std::string sources_text(std::span<const compared_file> all) {
  std::string text;
  for (const compared_file& c : all)
    if (const published_quality* q = c.quality.measured)
      text += fmt::format("{}: measured{} against {}, {}\n", c.name,
                          q->of.empty() ? "" : " on " + q->of, q->reference, q->source);
  if (std::any_of(all.begin(), all.end(),
                  [](const auto& c) { return c.quality.estimated.has_value(); }))
    text += "KLD from its bits a weight is an estimate, by what other models lose.\n";
  return text;
}

}  // namespace

std::string comparison_text(std::span<const compared_file> all) {
  constexpr std::size_t label = 22;
  std::size_t width = 14;
  for (const compared_file& c : all) width = std::max(width, c.name.size() + 2);
  std::string text;
  const auto row = [&](const std::string& name,
                       const std::function<std::string(const compared_file&)>& of) {
    text += fmt::format("{:<{}}", name, label);
    for (const compared_file& c : all) text += fmt::format("{:>{}}", of(c), width);
    text += "\n";
  };
  row("", [](const auto& c) { return c.name; });
  row("size", [](const auto& c) { return in_gib(c.size); });
  row("bits a weight", [](const auto& c) { return fmt::format("{:.2f}", c.bits_per_weight); });
  row("weights on GPUs", [](const auto& c) { return in_gib(c.weights_on_devices); });
  for (std::size_t i = 0; i < compared_cache_types.size(); ++i)
    row(fmt::format("tokens, KV in {}", traits(compared_cache_types[i]).name),
        [i](const auto& c) { return c.largest[i].n_ctx ? grouped(c.largest[i].n_ctx) : "-"; });
  const std::optional<std::uint32_t> n_ctx = all.empty() ? std::nullopt : all.front().n_ctx;
  row(n_ctx ? fmt::format("spare at {}", grouped(*n_ctx)) : "spare at the largest", spare_text);
  row("tokens/s, empty", [](const auto& c) { return speed_text(c, false); });
  row("tokens/s, full", [](const auto& c) { return speed_text(c, true); });
  row("KLD", kld_text);
  row("same likeliest token", [](const auto& c) { return same_top_text(c.quality); });
  const std::string sources = sources_text(all);
  return text + (sources.empty() ? "" : "\n") + sources;
}

std::string comparison_json(std::span<const compared_file> all) {
  json::array files;
  for (const compared_file& c : all) {
    json::object largest;
    for (std::size_t i = 0; i < compared_cache_types.size(); ++i)
      largest[traits(compared_cache_types[i]).name] =
          json::object{{"n_ctx", c.largest[i].n_ctx}, {"bound_by", name_of_bound(c.largest[i])}};
    json::object o{{"model", c.name},
                   {"size_bytes", c.size.count},
                   {"bits_per_weight", c.bits_per_weight},
                   {"weights_on_devices_bytes", c.weights_on_devices.count},
                   {"largest", std::move(largest)},
                   {"fits", c.fits},
                   {"spare_bytes", c.spare.count}};
    if (c.n_ctx) o["n_ctx"] = *c.n_ctx;
    json::array speeds;
    for (const decode_speed& s : c.speeds) speeds.push_back(rates_json(s));
    if (!speeds.empty()) o["speed"] = std::move(speeds);
    if (auto kld = kld_json(c.quality)) o["kld"] = std::move(*kld);
    files.push_back(std::move(o));
  }
  return json_text(json::object{
             {"schema", json_schema}, {"vrambudget", version}, {"files", std::move(files)}}) +
         "\n";
}

}  // namespace vrambudget
