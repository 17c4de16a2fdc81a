// Reads the embedded data/other_gpus.json and says what is known of such a GPU.
#include "vrambudget/catalogue/other_gpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "catalogue/chip_device.hpp"
#include "catalogue/embedded.hpp"
#include "catalogue/gpu_names.hpp"
#include "catalogue/names.hpp"
#include "vrambudget/backends/hip/architecture.hpp"
#include "vrambudget/catalogue/hip_devices.hpp"
#include "vrambudget/catalogue/vulkan_devices.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

other_gpu read_other_gpu_row(const json::object& row) {
  const auto text = [&](const char* key) { return std::string(row.at(key).as_string()); };
  other_gpu g{.id = text("id"),
              .name = text("name"),
              .vendor = text("vendor"),
              .form = text("class")};
  for (const json::value& a : row.at("aliases").as_array()) g.aliases.emplace_back(a.as_string());
  if (const json::value* sizes = row.if_contains("memory_choices_bytes"))
    for (const json::value& size : sizes->as_array())
      g.memory.push_back(bytes{size.to_number<std::uint64_t>()});
  g.bandwidth_bytes_per_s = row.at("bandwidth_bytes_per_s").to_number<std::uint64_t>();
  if (const json::value* n = row.if_contains("compute_units"))
    g.n_unit = n->to_number<std::uint32_t>();
  g.architecture = text("architecture");
  if (const json::value* totals = row.if_contains("totals"))
    for (const json::value& t : totals->as_array()) {
      const bytes seen{t.at("bytes").to_number<std::uint64_t>()};
      if (t.at("by").as_string() == "Vulkan") g.vulkan_totals.push_back(seen);
      if (t.at("by").as_string() == "HIP") g.hip_totals.push_back(seen);
    }
  if (const json::value* machine = row.if_contains("machine_bytes"))
    g.machine = bytes{machine->to_number<std::uint64_t>()};
  return g;
}

std::string maker_key_of(std::string_view name) {
  std::string key = detail::gpu_key(name);
  for (const char* word : {"tesla", "amd", "radeon", "intel", "apple", "instinct", "graphics",
                           "qualcomm", "rx", "arc"})
    key = detail::without(std::move(key), word);
  return key.empty() ? detail::gpu_key(name) : key;  // "Arc Graphics" is nothing else
}

std::vector<other_gpu> with_key(const std::string& key) {
  std::vector<other_gpu> out;
  if (key.empty()) return out;
  for (const other_gpu& g : other_gpus())
    if (maker_key_of(g.id) == key || maker_key_of(g.name) == key ||
        std::any_of(g.aliases.begin(), g.aliases.end(),
                    [&](const std::string& a) { return maker_key_of(a) == key; }))
      out.push_back(g);
  return out;
}

bool is_sold_with(const other_gpu& g, bytes memory) {
  return std::find(g.memory.begin(), g.memory.end(), memory) != g.memory.end();
}

/// By their whole name, without words that are only among others.
std::vector<other_gpu> named_so(std::string_view typed) {
  std::vector<other_gpu> out = with_key(maker_key_of(typed));
  const auto split = detail::split_memory(typed);
  if (!out.empty() || !split) return out;
  out = with_key(maker_key_of(split->first));
  const auto has_it = [&](const other_gpu& g) { return is_sold_with(g, 1_GiB * split->second); };
  if (std::any_of(out.begin(), out.end(), has_it))
    std::erase_if(out, [&](const other_gpu& g) { return !has_it(g); });
  return out;
}

/// So, or by that of the machine or the processor that it is in.
std::vector<other_gpu> meant_by(std::string_view typed) {
  if (typed.size() > 100) return {};
  std::vector<other_gpu> out = named_so(typed);
  if (const std::string chip = detail::chip_in(typed); out.empty() && !chip.empty())
    out = named_so(chip);
  return out;
}

/// Of a folded name.
bool names_mac(const std::string& name) {
  constexpr std::array<std::string_view, 5> machines = {"macbook", "imac", "macmini", "macstudio",
                                                        "macpro"};
  return std::any_of(machines.begin(), machines.end(),
                     [&](std::string_view m) { return name.find(m) != name.npos; });
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
  if (has("apple") || names_mac(name)) return "Apple";
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

/// What it has, and what to say of that.
struct memory_of_one {
  bytes size;
  std::string says = {};
};

/// Of a GPU with memory of its own: the size that the name ends with, else the smallest.
result<memory_of_one> own_memory(const other_gpu& g, std::string_view typed) {
  const auto split = detail::split_memory(typed);
  if (split && is_sold_with(g, 1_GiB * split->second)) return memory_of_one{1_GiB * split->second};
  if (split && with_key(maker_key_of(typed)).empty())
    return error{errc::invalid_argument, fmt::format("GPU \"{}\": {} is sold with {}", typed,
                                                     g.name, sizes_of(memory_of({g}, g.name)))};
  return memory_of_one{*std::min_element(g.memory.begin(), g.memory.end())};
}

/// Of one without: the machine's.
result<memory_of_one> memory_of_machine(const other_gpu& g, std::string_view typed,
                                        const surroundings& around) {
  constexpr bytes usual = 32_GiB;
  const auto split = detail::split_memory(typed);
  const bool is_told = split && with_key(maker_key_of(typed)).empty();
  const bytes all = is_told   ? 1_GiB * split->second
                    : g.machine ? *g.machine
                                : around.ram.value_or(usual);
  if (all.count == 0)
    return error{errc::invalid_argument,
                 fmt::format("GPU \"{}\": {} has a part of the machine's memory, and that is none",
                             typed, g.name)};
  const bool is_usual = !is_told && !g.machine && !around.ram;
  return memory_of_one{all, fmt::format("; of the machine's {} GiB{} it has {:.1f} as drivers give it (--free)",
                           all.count >> 30,
                           is_usual ? ", as many have (--ram says how many yours has)," : "",
                           gib_of(detail::shared_with_gpu(g, all, around.system)))};
}

/// Whether the GPU runs under it.
result<void> check_backend(const other_gpu& g, backend_kind asked) {
  if (asked == backend_kind::vulkan) return {};
  const std::optional<hip::gfx> gfx = gfx_of(g);
  if (asked == backend_kind::hip && gfx && *gfx >= hip::oldest) return {};
  if (asked == backend_kind::hip && gfx)
    return error{errc::invalid_argument,
                 fmt::format("{}: ROCm has no kernels for {}; it is planned under vulkan", g.name,
                             g.architecture)};
  return error{errc::invalid_argument,
               fmt::format("{}: planned under vulkan{}, not {}", g.name, gfx ? " and hip" : "",
                           word_of(asked))};
}

}  // namespace

result<planned_gpu> find_other_gpu(std::string_view typed, const surroundings& around) {
  const std::vector<other_gpu> rows = meant_by(typed);
  if (rows.empty() || !rows.front().is_vulkan()) {
    if (auto why = not_modelled_yet(typed)) return *why;
    return error{errc::not_found, "no GPU \"" + std::string(typed) + "\""};
  }
  const other_gpu& g = rows.front();
  const backend_kind backend = around.backend.value_or(backend_kind::vulkan);
  if (auto ok = check_backend(g, backend); !ok) return ok.error();
  const auto memory = g.memory.empty() ? memory_of_machine(g, typed, around) : own_memory(g, typed);
  if (!memory) return memory.error();
  const bool is_hip = backend == backend_kind::hip;
  planned_gpu found{is_hip ? hip_device(g, memory->size, around)
                           : vulkan_device(g, memory->size, around),
                    memory->size,
                    {}};
  const bool has_own_driver = g.vendor == "AMD" && around.system != operating_system::native_linux;
  found.says = fmt::format(
      "{}: planned as llama.cpp's {}; what kernels and the driver take in use is assumed, what a "
      "desktop holds is not counted (--free){}",
      found.d.full_name(),
      is_hip ? "HIP backend (ROCm), by its source"
             : fmt::format("Vulkan backend, by limits that {} driver reports",
                           has_own_driver ? "AMD's" : "Mesa's"),
      memory->says);
  return found;
}

std::span<const other_gpu> other_gpus() {
  static const std::vector<other_gpu> rows = [] {
    std::vector<other_gpu> out;
    json::monotonic_resource memory;  // freed at once
    const json::value parsed = json::parse(detail::other_gpus_json().front().text, &memory);
    for (const json::value& row : parsed.as_array()) out.push_back(read_other_gpu_row(row.as_object()));
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
      "plans are for NVIDIA's cards, AMD's and Intel's of known memory, Apple's chips, and the CPU";
  const std::string shown = "GPU \"" + std::string(typed) + "\"";
  const std::vector<other_gpu> rows = meant_by(typed);
  if (rows.empty()) {
    const std::string_view maker = maker_of(typed);
    if (maker.empty()) return std::nullopt;
    if (names_mac(detail::folded(typed)))
      return error{errc::not_found,
                   fmt::format("{} is a machine: name its chip and its memory, like m3-pro-36gb; "
                               "`vrambudget gpus apple` lists them",
                               shown)};
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
