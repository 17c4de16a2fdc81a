// Reads the embedded data/gpus.json and finds rows by the names people type.
#include "vrambudget/catalogue/gpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "catalogue/compute_capability.hpp"
#include "catalogue/embedded.hpp"
#include "catalogue/gpu_names.hpp"
#include "catalogue/names.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;
using detail::gpu_key;

gpu_entry read_gpu_row(const json::object& row) {
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
  if (const json::value* v = row.if_contains("modified")) g.modified = v->as_bool();
  return g;
}

/// "16g", as a key has it.
std::string size_key(const gpu_entry& g) { return std::to_string(g.memory.count >> 30) + "g"; }

/// Whether a word of a name is a size: "80GB".
bool is_size(std::string_view word) {
  return word.size() > 2 && word.ends_with("GB") &&
         word.find_first_not_of("0123456789") == word.size() - 2;
}

/// The next word of a driver's name that is no size; empty at its end.
std::string_view next_word(std::string_view& name) {
  while (!name.empty()) {
    const auto end =
        std::find_if(name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; });
    const std::string_view word = name.substr(0, static_cast<std::size_t>(end - name.begin()));
    name.remove_prefix(std::min(word.size() + 1, name.size()));
    if (!word.empty() && !is_size(word)) return word;
  }
  return {};
}

/// Whether their drivers' names differ by sizes at most: "NVIDIA A100-PCIE-40GB", "NVIDIA A100-PCIE-80GB".
bool are_family(const gpu_entry& a, const gpu_entry& b) {
  std::string_view left = a.name, right = b.name;
  while (true) {
    const std::string_view word = next_word(left);
    if (!detail::folds_to(word, detail::folded(next_word(right)))) return false;
    if (word.empty()) return true;
  }
}

/// The row whose id or alias it is, else the only row of that name.
const gpu_entry* row_with_key(const std::string& key) {
  const gpu_entry* named = nullptr;
  std::size_t n_named = 0;
  if (key.empty()) return nullptr;
  const auto is_it = [&](const std::string& name) { return detail::has_gpu_key(name, key); };
  for (const gpu_entry& g : gpus()) {
    if (is_it(g.id) || std::any_of(g.aliases.begin(), g.aliases.end(), is_it)) return &g;
    if (is_it(g.name)) named = &g, ++n_named;
  }
  return n_named == 1 ? named : nullptr;
}

/// "tesla v100" is the V100. Only what is typed may say more than a row does: "m4" is no Tesla M4.
const gpu_entry* row_of(std::string_view typed) {
  const std::string key = gpu_key(typed);
  const gpu_entry* g = row_with_key(key);
  return g ? g : row_with_key(detail::without(key, "tesla"));
}

/// "3090 24gb" is the 3090; "2060 16gb" is nothing.
const gpu_entry* row_with_memory(std::string_view typed) {
  const auto split = detail::split_memory(typed);
  if (!split) return nullptr;
  const gpu_entry* base = row_of(split->first);
  const bytes wanted = 1_GiB * split->second;
  if (base == nullptr || base->memory == wanted) return base;
  for (const gpu_entry& g : gpus())
    if (are_family(g, *base) && g.memory == wanted) return &g;
  return nullptr;
}

bytes nvml_total_of(const gpu_entry& g) {
  return g.nvml_total.value_or(saturating_sub(g.memory, g.ecc.value_or(bytes{})));
}

measured_range others_on(const gpu_entry& gpu, const surroundings& around) {
  const bool draws = around.system != operating_system::native_linux &&
                     (gpu.form == "desktop" || gpu.form == "workstation");
  const drawn_on_card what = around.display.value_or(draws ? desktop::typical : desktop::none);
  if (const bytes* size = std::get_if<bytes>(&what))
    return {*size, *size, *size, basis::exact, "what --display says"};
  return others_of(around.system, std::get<desktop>(what));
}

bool has_words(const gpu_entry& g, std::string_view typed) {
  std::string text = detail::folded(g.id) + " " + detail::folded(g.name);
  for (const std::string& a : g.aliases) text += " " + detail::folded(a);
  return detail::has_words(text, typed);
}

/// The ids of the other rows of its family.
std::vector<std::string> variants_of(const gpu_entry& gpu, bool also_modified) {
  std::vector<std::string> out;
  for (const gpu_entry& g : gpus())
    if (g.id != gpu.id && (also_modified || !g.modified) && are_family(g, gpu)) out.push_back(g.id);
  return out;
}

/// Who has a card whose memory was changed knows it.
std::vector<std::string> sold_variants(const gpu_entry& gpu) { return variants_of(gpu, false); }

error not_found(std::string_view typed) {
  const std::string key = detail::without(gpu_key(typed), "tesla");
  const std::string shown = "GPU \"" + std::string(typed) + "\"";
  std::vector<std::string> variants;
  std::vector<std::pair<std::size_t, std::string>> distances;
  for (const gpu_entry& g : gpus()) {
    if (!key.empty() && detail::has_gpu_key(g.name, key)) variants.push_back(g.id);
    std::size_t best = has_words(g, typed) ? 1 : key.size();
    const auto compare = [&](const std::string& own) {
      best = std::min(best, detail::suggestion_distance(key, gpu_key(own)));
    };
    compare(g.id);
    std::for_each(g.aliases.begin(), g.aliases.end(), compare);
    distances.emplace_back(best, g.id);
  }
  if (!variants.empty())
    return {errc::not_found, shown + " can be " + detail::joined(variants) + ": name one"};
  if (auto other = not_modelled_yet(typed)) {
    if (const gpu_entry* g = row_with_key("tesla" + key))
      other->message += "; NVIDIA's " + g->name + " is " + g->id;
    return *other;
  }
  if (key.empty() && detail::has_words("nvidia geforce rtx gtx tesla gpu", typed))
    return {errc::not_found,
            fmt::format("{} is no card's name; `vrambudget gpus {}` lists those that have it",
                        shown, typed)};
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
    for (const json::value& row : parsed.as_array()) out.push_back(read_gpu_row(row.as_object()));
    return out;
  }();
  return rows;
}

result<gpu_entry> find_gpu(std::string_view typed) {
  if (typed.size() > 100) return error{errc::not_found, "a GPU name of over 100 characters"};
  if (const gpu_entry* g = row_of(typed)) return *g;
  if (const gpu_entry* g = row_with_memory(typed)) return *g;
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

std::vector<std::string> other_variants(const gpu_entry& gpu) { return variants_of(gpu, true); }

std::string choice_made(std::string_view typed, const gpu_entry& taken) {
  const std::vector<std::string> others = sold_variants(taken);
  if (others.empty() || gpu_key(typed).find(size_key(taken)) != std::string::npos) return {};
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
  if (!sold_variants(gpu).empty() && gpu_key(gpu.name).find(size_key(gpu)) == std::string::npos)
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
