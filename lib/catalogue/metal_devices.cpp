#include "vrambudget/catalogue/metal_devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

#include "catalogue/gpu_names.hpp"
#include "catalogue/names.hpp"

namespace vrambudget {
namespace {

std::string plain_key_of(std::string_view name) {
  return detail::without(detail::gpu_key(name), "apple");
}

/// Chips of that name; those with fewer cores come in machines with less memory.
std::vector<const other_gpu*> chips_named(std::string_view name) {
  std::vector<const other_gpu*> out;
  const std::string key = plain_key_of(name);
  for (const other_gpu& g : other_gpus()) {
    const auto is_meant = [&](const std::string& known) { return plain_key_of(known) == key; };
    if (g.vendor == "Apple" && !key.empty() &&
        (is_meant(g.id) || is_meant(g.name) ||
         std::any_of(g.aliases.begin(), g.aliases.end(), is_meant)))
      out.push_back(&g);
  }
  return out;
}

/// "m4max-64" -> "m4max" and 64, as "m4 max 64gb".
std::optional<std::pair<std::string_view, std::uint64_t>> split_size(std::string_view typed) {
  if (auto split = detail::split_memory(typed)) return split;
  const std::size_t end = typed.find_last_not_of("0123456789");
  if (end == typed.npos || (typed[end] != '-' && typed[end] != ' ')) return std::nullopt;
  std::uint64_t size = 0;
  const char* const last = typed.data() + typed.size();
  const auto [rest, failed] = std::from_chars(typed.data() + end + 1, last, size);
  if (failed != std::errc{} || rest != last || size > 999) return std::nullopt;
  return std::pair{typed.substr(0, end), size};
}

std::string sizes_of(const std::vector<const other_gpu*>& chips) {
  std::set<std::uint64_t> gib;
  for (const other_gpu* g : chips)
    for (const bytes size : g->memory) gib.insert(size.count >> 30);
  std::vector<std::string> all;
  for (const std::uint64_t n : gib) all.push_back(std::to_string(n));
  return detail::joined(all) + " GB";
}

}  // namespace

device metal_device(const other_gpu& gpu, bytes memory, std::optional<bytes> working_set) {
  device d;
  d.name = gpu.name;
  d.variant = fmt::format("{} GB", memory.count >> 30);
  d.backend = backend_kind::metal;
  d.unified = true;
  if (gpu.bandwidth_bytes_per_s > 0) d.bandwidth_bytes_per_s = gpu.bandwidth_bytes_per_s;
  d.pool = memory;
  d.total = d.free = working_set.value_or(working_set_of(memory));
  d.limits.buffer = longest_buffer_of(d.total).count;
  d.draft_context = {};
  d.driver_context = {bytes{}, bytes{}, bytes{}, basis::assumed,
                      "what Metal itself keeps was not measured, and is not counted"};
  return d;
}

static result<planned_gpu> find_chip(std::string_view typed, const surroundings& around) {
  const error none{errc::not_found, "no chip of Apple's \"" + std::string(typed) + "\""};
  if (typed.size() > 100) return none;
  std::vector<const other_gpu*> chips = chips_named(typed);
  std::optional<bytes> memory;
  if (const auto split = split_size(typed); chips.empty() && split) {
    chips = chips_named(split->first);
    memory = 1_GiB * split->second;
  }
  if (chips.empty()) return none;
  if (around.backend && *around.backend != backend_kind::metal)
    return error{errc::invalid_argument,
                 fmt::format("{}: planned under metal, not {}", chips.front()->name,
                             word_of(*around.backend))};
  const auto has = [&](const other_gpu* g) {
    return std::find(g->memory.begin(), g->memory.end(), *memory) != g->memory.end();
  };
  const auto chip = memory ? std::find_if(chips.begin(), chips.end(), has) : chips.begin();
  if (chip == chips.end())
    return error{errc::invalid_argument,
                 fmt::format("GPU \"{}\": {} is sold with {}", typed, chips.front()->name,
                             sizes_of(chips))};
  if (!memory) memory = *std::min_element((*chip)->memory.begin(), (*chip)->memory.end());
  const std::optional<bytes>& working_set = around.working_set;
  if (working_set && *working_set > *memory)
    return error{errc::invalid_argument,
                 fmt::format("--working-set: {} MiB are more than all memory of {} GB",
                             working_set->count >> 20, memory->count >> 30)};
  planned_gpu found{metal_device(**chip, *memory, working_set), *memory, {}};
  found.says = fmt::format(
      "{}: planned as llama.cpp's Metal backend, by its source; no Mac has confirmed a plan yet. "
      "Its GPU is taken to use {:.1f} GiB of the memory{}",
      found.d.full_name(),
      gib_of(found.d.total),
      working_set ? "" : ", as macOS usually recommends (--working-set says what yours does)");
  return found;
}

result<planned_gpu> find_metal_gpu(std::string_view typed, const surroundings& around) {
  auto found = find_chip(typed, around);
  if (found || found.error().code != errc::not_found) return found;
  const std::string chip = detail::chip_in(typed.substr(0, 100));
  return chip.empty() ? std::move(found) : find_chip(chip, around);
}

}  // namespace vrambudget
