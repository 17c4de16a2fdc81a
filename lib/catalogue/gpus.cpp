// Reads the embedded data/gpus.json and finds rows by the names people type.
#include "vrambudget/catalogue/gpus.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cassert>

#include "catalogue/compute_capability.hpp"
#include "catalogue/embedded.hpp"
#include "catalogue/names.hpp"
#include "vrambudget/catalogue/overheads.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

gpu_entry read_row(const json::object& row) {
  gpu_entry g;
  const auto size = [&](const char* key) -> std::optional<bytes> {
    const json::value* v = row.if_contains(key);
    if (v == nullptr) return std::nullopt;
    return bytes{v->to_number<std::uint64_t>()};
  };
  g.id = row.at("id").as_string();
  g.name = row.at("name").as_string();
  for (const json::value& a : row.at("aliases").as_array()) g.aliases.emplace_back(a.as_string());
  g.form = row.at("class").as_string();
  g.memory = size("memory_bytes").value();
  g.nvml_total = size("nvml_total_bytes");
  g.cuda_total = size("cuda_total_bytes");
  g.ecc = size("ecc_bytes");
  g.cc = parse_compute_capability(row.at("compute_capability").as_string());
  if (const auto n = size("sm_count")) g.n_sm = static_cast<std::uint32_t>(n->count);
  g.bandwidth_bytes_per_s = size("bandwidth_bytes_per_s").value().count;
  return g;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A name reduced to what tells cards apart: "NVIDIA GeForce RTX 4060 Ti 16 GB" -> "4060ti16g".
std::string key_of(std::string_view typed) {
  std::string key = detail::folded(typed);
  const auto replace = [&](std::string_view from, std::string_view to) {
    for (auto at = key.find(from); at != key.npos; at = key.find(from, at + to.size()))
      key.replace(at, from.size(), to);
  };
  for (const char* word :
       {"nvidia", "geforce", "rtx", "gtx", "tesla", "generation", "edition", "gpu"})
    replace(word, "");
  replace("mobile", "laptop");
  for (const char digit : std::string_view("0123456789")) {
    const std::string g = {digit, 'g'};
    replace(g + "ib", g);
    replace(g + "b", g);
  }
  return key;
}

/// "16g", as a key has it.
std::string size_key(const gpu_entry& g) { return std::to_string(g.memory.count >> 30) + "g"; }

/// Whether a word of a name is a size: "80GB".
bool is_size(std::string_view word) {
  return word.size() > 2 && word.ends_with("GB") &&
         word.find_first_not_of("0123456789") == word.size() - 2;
}

/// A driver's name without the sizes in it: "NVIDIA A100-PCIE-40GB" -> "nvidiaa100pcie".
std::string family_of(std::string_view name) {
  std::string family;
  while (!name.empty()) {
    const std::string_view word = name.substr(0, name.find_first_of(" -"));
    if (!is_size(word)) family += detail::folded(word);
    name.remove_prefix(std::min(word.size() + 1, name.size()));
  }
  return family;
}

/// "rtx 3090 24gb" -> "rtx 3090" and 24; nothing when no separate size ends the name.
std::optional<std::pair<std::string_view, std::uint64_t>> split_memory(std::string_view typed) {
  const auto trim = [](std::string_view& s) {
    while (!s.empty() && (s.back() == ' ' || s.back() == ')')) s.remove_suffix(1);
  };
  trim(typed);
  for (const std::string_view unit : {"gib", "gb", "g"}) {
    if (!detail::folded(typed).ends_with(unit)) continue;
    std::string_view rest = typed.substr(0, typed.size() - unit.size());
    trim(rest);
    std::size_t start = rest.size();
    while (start > 0 && is_digit(rest[start - 1])) --start;
    const std::size_t n_digit = rest.size() - start;
    if (n_digit == 0 || n_digit > 3 || start == 0) return std::nullopt;
    return std::pair{rest.substr(0, start),
                     std::uint64_t{std::stoul(std::string(rest.substr(start)))}};
  }
  return std::nullopt;
}

/// The row whose id or alias it is, else the only row of that name.
const gpu_entry* row_of(const std::string& key) {
  const gpu_entry* named = nullptr;
  std::size_t n_named = 0;
  for (const gpu_entry& g : gpus()) {
    if (key_of(g.id) == key) return &g;
    for (const std::string& alias : g.aliases)
      if (key_of(alias) == key) return &g;
    if (key_of(g.name) == key) named = &g, ++n_named;
  }
  return n_named == 1 ? named : nullptr;
}

/// "3090 24gb" is the 3090; "2060 16gb" is nothing.
const gpu_entry* row_with_memory(std::string_view typed) {
  const auto split = split_memory(typed);
  if (!split) return nullptr;
  const gpu_entry* base = row_of(key_of(split->first));
  const bytes wanted = 1_GiB * split->second;
  if (base == nullptr || base->memory == wanted) return base;
  for (const gpu_entry& g : gpus())
    if (family_of(g.name) == family_of(base->name) && g.memory == wanted) return &g;
  return nullptr;
}

bytes nvml_total_of(const gpu_entry& g) {
  return g.nvml_total.value_or(saturating_sub(g.memory, g.ecc.value_or(bytes{})));
}

measured_range others_on(const gpu_entry& gpu, const surroundings& around) {
  const bool draws = around.system != operating_system::native_linux &&
                     (gpu.form == "desktop" || gpu.form == "workstation");
  const drawn what = around.display.value_or(draws ? desktop::typical : desktop::none);
  if (const bytes* size = std::get_if<bytes>(&what))
    return {*size, *size, *size, basis::exact, "what --display says"};
  return others_of(around.system, std::get<desktop>(what));
}

/// Whether a name is one of AMD's, Intel's or Apple's: "rx 7900 xtx", "MI300X", "arc b580", "m4 max".
bool is_of_another_maker(std::string_view typed) {
  const std::string name = detail::folded(typed);
  constexpr std::string_view makers[] = {"radeon",   "amd", "intel",    "apple",
                                         "instinct", "gfx", "strixhalo"};
  for (const std::string_view m : makers)
    if (name.find(m) != name.npos) return true;
  const auto digit_follows = [&](std::string_view start) {
    return name.starts_with(start) && name.size() > start.size() && is_digit(name[start.size()]);
  };
  if (digit_follows("rx") || digit_follows("mi") || digit_follows("vega")) return true;
  if (digit_follows("arca") || digit_follows("arcb") || digit_follows("arcpro")) return true;
  return digit_follows("m") && name.size() < 9 && name[1] <= '5' &&
         (name.size() == 2 || name.find("max") != name.npos || name.find("pro") != name.npos ||
          name.find("ultra") != name.npos);
}

/// Whether the word begins somewhere in the text, a number not within another one.
bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1))
    if (word.empty() || at == 0 || !is_digit(word[0]) || !is_digit(text[at - 1])) return true;
  return false;
}

bool has_words(const gpu_entry& g, std::string_view typed) {
  std::string text = detail::folded(g.id) + " " + detail::folded(g.name);
  for (const std::string& a : g.aliases) text += " " + detail::folded(a);
  std::size_t n_words = 0;
  while (!typed.empty()) {
    const std::string word = detail::folded(typed.substr(0, typed.find_first_of(" -")));
    if (!has_word(text, word)) return false;
    n_words += !word.empty();
    typed.remove_prefix(std::min(typed.find_first_of(" -"), typed.size() - 1) + 1);
  }
  return n_words > 0;
}

error not_found(std::string_view typed) {
  const std::string key = key_of(typed), shown = "GPU \"" + std::string(typed) + "\"";
  std::vector<std::string> variants;
  std::vector<std::pair<std::size_t, std::string>> distances;
  for (const gpu_entry& g : gpus()) {
    if (!key.empty() && key_of(g.name) == key) variants.push_back(g.id);
    std::size_t best = detail::suggestion_distance(key, key_of(g.id));
    for (const std::string& a : g.aliases)
      best = std::min(best, detail::suggestion_distance(key, key_of(a)));
    distances.emplace_back(best, g.id);
  }
  if (!variants.empty())
    return {errc::not_found, shown + " can be " + detail::joined(variants) + ": name one"};
  if (is_of_another_maker(typed))
    return {errc::not_found, shown + " is not modelled yet: plans are for NVIDIA's cards"};
  return {errc::not_found,
          shown + " is not in the catalogue" +
              detail::proposal(std::move(distances), key, "`vrambudget gpus` lists them")};
}

}  // namespace

std::span<const gpu_entry> gpus() {
  static const std::vector<gpu_entry> rows = [] {
    std::vector<gpu_entry> out;
    json::monotonic_resource memory;  // freed at once
    const json::value parsed = json::parse(detail::gpus_json().front().text, &memory);
    for (const json::value& row : parsed.as_array()) out.push_back(read_row(row.as_object()));
    return out;
  }();
  return rows;
}

result<gpu_entry> find_gpu(std::string_view typed) {
  if (typed.size() > 100) return error{errc::not_found, "a GPU name of over 100 characters"};
  if (const std::string key = key_of(typed); !key.empty()) {
    if (const gpu_entry* g = row_of(key)) return *g;
    if (const gpu_entry* g = row_with_memory(typed)) return *g;
  }
  return not_found(typed);
}

result<std::vector<gpu_entry>> gpus_named(std::string_view typed) {
  const auto one = find_gpu(typed);
  if (one) return std::vector{*one};
  std::vector<gpu_entry> out;
  if (typed.size() <= 100)
    for (const gpu_entry& g : gpus())
      if (has_words(g, typed)) out.push_back(g);
  if (out.empty()) return one.error();
  return out;
}

std::vector<std::string> other_variants(const gpu_entry& gpu) {
  const std::string family = family_of(gpu.name);
  std::vector<std::string> out;
  for (const gpu_entry& g : gpus())
    if (g.id != gpu.id && family_of(g.name) == family) out.push_back(g.id);
  return out;
}

std::string choice_made(std::string_view typed, const gpu_entry& taken) {
  const std::vector<std::string> others = other_variants(taken);
  if (others.empty() || key_of(typed).find(size_key(taken)) != std::string::npos) return {};
  return fmt::format("{}: the card with {} GiB is planned for; there is {}, too", typed,
                     taken.memory.count >> 30, detail::joined(others));
}

bytes cuda_total_of(const gpu_entry& gpu, const surroundings& around) {
  const bytes whole = nvml_total_of(gpu);
  if (gpu.form == "unified") return gpu.cuda_total.value_or(whole);
  if (around.system != operating_system::native_linux) return saturating_sub(whole, 1_MiB);
  if (gpu.cuda_total) return *gpu.cuda_total;
  return saturating_sub(whole, reserved_by_driver(gpu.cc, gpu.memory, around.driver).expected);
}

device to_device(const gpu_entry& gpu, const surroundings& around) {
  device d;
  d.name = gpu.name;
  if (!other_variants(gpu).empty() && key_of(gpu.name).find(size_key(gpu)) == std::string::npos)
    d.variant = fmt::format("{} GB", gpu.memory.count >> 30);
  d.cc = gpu.cc;
  d.n_sm = gpu.n_sm.value_or(0);
  d.unified = gpu.form == "unified";
  d.total = cuda_total_of(gpu, around);
  d.driver_context = driver_context_of(d.cc, d.n_sm).in_use;
  d.draft_context = driver_contexts().draft;
  d.others = others_on(gpu, around);
  d.free = saturating_sub(d.total, d.others->high);
  if (around.system != operating_system::native_linux)
    d.spills_from = saturating_sub(nvml_total_of(gpu), spilled_below_total());
  return d;
}

}  // namespace vrambudget
