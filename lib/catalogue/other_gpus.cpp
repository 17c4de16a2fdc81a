// Reads the embedded data/other_gpus.json and says what is known of such a GPU.
#include "vrambudget/catalogue/other_gpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "catalogue/embedded.hpp"
#include "catalogue/gpu_names.hpp"
#include "catalogue/names.hpp"
#include "catalogue/without_sources.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

other_gpu read_row(const json::object& row) {
  const auto text = [&](const char* key) { return std::string(row.at(key).as_string()); };
  other_gpu g{text("id"), text("name"), text("vendor"), {}, text("class"), {}, 0, {}, {}, {}};
  for (const json::value& a : row.at("aliases").as_array()) g.aliases.emplace_back(a.as_string());
  if (const json::value* sizes = row.if_contains("memory_choices_bytes"))
    for (const json::value& size : sizes->as_array())
      g.memory.push_back(bytes{size.to_number<std::uint64_t>()});
  g.bandwidth_bytes_per_s = row.at("bandwidth_bytes_per_s").to_number<std::uint64_t>();
  if (const json::value* n = row.if_contains("compute_units"))
    g.n_unit = n->to_number<std::uint32_t>();
  g.architecture = text("architecture");
  if (const json::value* totals = row.if_contains("totals"))
    for (const json::value& t : totals->as_array())
      if (t.at("by").as_string() == "Vulkan")
        g.vulkan_totals.push_back(bytes{t.at("bytes").to_number<std::uint64_t>()});
  return g;
}

std::string key_of(std::string_view name) {
  std::string key = detail::gpu_key(name);
  for (const char* word : {"tesla", "amd", "radeon", "intel", "apple", "instinct", "graphics",
                           "qualcomm", "rx", "arc"})
    key = detail::without(std::move(key), word);
  return key;
}

std::vector<other_gpu> with_key(const std::string& key) {
  std::vector<other_gpu> out;
  if (key.empty()) return out;
  for (const other_gpu& g : other_gpus())
    if (key_of(g.id) == key || key_of(g.name) == key ||
        std::any_of(g.aliases.begin(), g.aliases.end(),
                    [&](const std::string& a) { return key_of(a) == key; }))
      out.push_back(g);
  return out;
}

bool is_sold_with(const other_gpu& g, bytes memory) {
  return std::find(g.memory.begin(), g.memory.end(), memory) != g.memory.end();
}

/// By their whole name, without words that are only among others.
std::vector<other_gpu> meant_by(std::string_view typed) {
  if (typed.size() > 100) return {};
  std::vector<other_gpu> out = with_key(key_of(typed));
  const auto split = detail::split_memory(typed);
  if (!out.empty() || !split) return out;
  out = with_key(key_of(split->first));
  const auto has_it = [&](const other_gpu& g) { return is_sold_with(g, 1_GiB * split->second); };
  if (std::any_of(out.begin(), out.end(), has_it))
    std::erase_if(out, [&](const other_gpu& g) { return !has_it(g); });
  return out;
}

/// The maker by words and series that only it uses: "rx 9999", "Radeon 990M"; empty: none.
std::string_view maker_of(std::string_view typed) {
  const std::string name = detail::folded(typed);
  const auto has = [&](const char* word) { return name.find(word) != name.npos; };
  const auto begins_series = [&](std::string_view start) {
    return name.starts_with(start) && name.size() > start.size() && name[start.size()] >= '0' &&
           name[start.size()] <= '9';
  };
  if (has("radeon") || has("amd") || has("instinct") || has("ryzen") || begins_series("gfx") ||
      begins_series("rx") || begins_series("mi") || begins_series("vega"))
    return "AMD";
  if (has("intel") || begins_series("arca") || begins_series("arcb") || has("arcpro"))
    return "Intel";
  if (has("snapdragon") || has("adreno")) return "Qualcomm";
  if (has("apple") || has("macbook")) return "Apple";
  const bool is_chip = begins_series("m") && name.size() < 10 &&
                       (name.size() == 2 || has("max") || has("pro") || has("ultra"));
  return is_chip ? "Apple" : "";
}

/// "36, 48, 64 or 128 GiB"; the typed one alone, if it is among them.
std::string sizes_of(const std::set<std::uint64_t>& gib) {
  std::vector<std::string> all;
  for (const std::uint64_t n : gib) all.push_back(std::to_string(n));
  return detail::joined(all) + " GiB";
}

std::set<std::uint64_t> memory_of(const std::vector<other_gpu>& rows, std::string_view typed) {
  std::set<std::uint64_t> gib;
  for (const other_gpu& g : rows)
    for (const bytes size : g.memory) gib.insert(size.count >> 30);
  const auto split = detail::split_memory(typed);
  if (split && gib.contains(split->second)) return {split->second};
  return gib;
}

/// What drivers report; Mesa's values by its sources, others' by device reports.
device_limits limits_of(const other_gpu& g, operating_system system) {
  constexpr std::uint64_t four_gib = std::uint64_t{1} << 32, two_gib = four_gib / 2;
  device_limits l{.alignment = 4,
                  .host_alignment = 4096,
                  .allocation = four_gib - 4,
                  .buffer = four_gib - 4,
                  .range = four_gib - 1};
  if (g.vendor == "Intel") l.allocation = l.buffer = four_gib;
  if (g.vendor == "AMD" && system != operating_system::native_linux) {
    l.host_alignment = 64;
    l.allocation = l.buffer = two_gib;
  }
  return l;
}

/// The size that the name ends with, else the smallest.
bytes memory_meant(const other_gpu& g, std::string_view typed) {
  const auto split = detail::split_memory(typed);
  if (split && is_sold_with(g, 1_GiB * split->second)) return 1_GiB * split->second;
  return *std::min_element(g.memory.begin(), g.memory.end());
}

}  // namespace

result<vulkan_gpu> find_vulkan_gpu(std::string_view typed, const surroundings& around) {
  const std::vector<other_gpu> rows = meant_by(typed);
  if (rows.empty() || !rows.front().is_planned()) {
    if (auto why = not_modelled_yet(typed)) return *why;
    return error{errc::not_found, "no GPU \"" + std::string(typed) + "\""};
  }
  const other_gpu& g = rows.front();
  const auto split = detail::split_memory(typed);
  if (split && with_key(key_of(typed)).empty() && !is_sold_with(g, 1_GiB * split->second))
    return error{errc::invalid_argument, fmt::format("GPU \"{}\": {} is sold with {}", typed,
                                                     g.name, sizes_of(memory_of(rows, g.name)))};
  const bytes memory = memory_meant(g, typed);
  vulkan_gpu found{.memory = memory};
  device& d = found.d;
  d.name = g.name.starts_with(g.vendor) ? g.name : g.vendor + " " + g.name;
  if (g.memory.size() > 1) d.variant = fmt::format("{} GB", memory.count >> 30);
  d.backend = backend_kind::vulkan;
  d.limits = limits_of(g, around.system);
  d.unified = g.form == "unified";
  d.total = memory;
  for (const bytes seen : g.vulkan_totals)  // of cards of this size, and not of a part of it
    if (seen <= memory && seen.count > memory.count / 10 * 9) d.total = seen;
  d.free = d.total;
  d.draft_context = {};
  d.driver_context = {bytes{}, 253_MiB, 450_MiB, basis::assumed,
                      "what AMD's cards had in use besides the engine's buffers: 253 MiB on three, "
                      "up to 450"};
  found.says = fmt::format(
      "{}: planned as llama.cpp's Vulkan backend, by limits that {} reports; what kernels and the "
      "driver take in use is assumed, what a desktop holds is not counted (--free)",
      d.full_name(),
      g.vendor == "AMD" && around.system != operating_system::native_linux ? "AMD's driver"
                                                                           : "Mesa's driver");
  return found;
}

std::span<const other_gpu> other_gpus() {
  static const std::vector<other_gpu> rows = [] {
    std::vector<other_gpu> out;
    json::monotonic_resource memory;  // freed at once
    const json::value parsed =
        json::parse(detail::without_sources(detail::other_gpus_json().front().text), &memory);
    for (const json::value& row : parsed.as_array()) out.push_back(read_row(row.as_object()));
    return out;
  }();
  return rows;
}

std::vector<other_gpu> other_gpus_named(std::string_view typed) {
  std::vector<other_gpu> out = meant_by(typed);
  if (!out.empty() || typed.size() > 100) return out;
  for (const other_gpu& g : other_gpus()) {
    std::string text =
        detail::folded(g.vendor) + " " + detail::folded(g.id) + " " + detail::folded(g.name);
    for (const std::string& a : g.aliases) text += " " + detail::folded(a);
    if (detail::has_words(text, typed)) out.push_back(g);
  }
  return out;
}

std::optional<error> not_modelled_yet(std::string_view typed) {
  constexpr std::string_view planned =
      "plans are for NVIDIA's cards, AMD's and Intel's of known memory, and the CPU";
  const std::string shown = "GPU \"" + std::string(typed) + "\"";
  const std::vector<other_gpu> rows = meant_by(typed);
  if (rows.empty()) {
    const std::string_view maker = maker_of(typed);
    if (maker.empty()) return std::nullopt;
    return error{
        errc::not_found,
        fmt::format("{} is {}'s, and not modelled yet: {}; `vrambudget gpus {}` lists those "
                    "that are known, --gpu none --ram SIZE plans the CPU alone",
                    shown, maker, planned, detail::folded(maker))};
  }
  const other_gpu& g = rows.front();
  const bool is_unified = g.form == "unified";
  const std::set<std::uint64_t> gib = memory_of(rows, typed);
  const std::string name = g.name.starts_with(g.vendor) ? g.name : g.vendor + " " + g.name;
  const std::string memory = gib.empty()
                                 ? "its memory is the machine's"
                                 : sizes_of(gib) + (is_unified ? " shared with the CPU" : "");
  const std::string why = g.vendor == "NVIDIA"
                              ? fmt::format("of {} nothing was recorded to plan by", g.architecture)
                              : std::string(planned);
  const std::string ram =
      is_unified && gib.size() == 1 ? fmt::format("{}GiB", *gib.begin()) : "SIZE";
  std::string instead = fmt::format("--gpu none --ram {} plans the CPU alone", ram);
  if (!is_unified && !gib.empty())
    instead += fmt::format(
        ", --gpu {}GiB an NVIDIA card of {} size, whose weights and KV cache take about as much "
        "and "
        "whose other buffers differ",
        *gib.rbegin(), gib.size() == 1 ? "that" : "its largest");
  return error{errc::not_found, fmt::format("{} is known ({}, {}) but not modelled yet: {}; {}",
                                            shown, name, memory, why, instead)};
}

result<known_gpus> known_gpus_named(std::string_view typed) {
  const auto one = find_gpu(typed);
  if (one) return known_gpus{{*one}, {}};
  if (auto whole = meant_by(typed); !whole.empty()) return known_gpus{{}, std::move(whole)};
  known_gpus all{{}, other_gpus_named(typed)};
  if (auto some = gpus_named(typed)) all.planned = std::move(*some);
  if (all.planned.empty() && all.others.empty()) return one.error();
  return all;
}

}  // namespace vrambudget
