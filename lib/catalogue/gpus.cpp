// Reads the embedded data/gpus.json and finds rows by the names people type.
#include "vrambudget/catalogue/gpus.hpp"

#include <boost/json.hpp>
#include <cassert>
#include <stdexcept>

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
  g.cuda_total_observed = g.cuda_total && row.at("cuda_total_basis").as_string() == "observed";
  g.cc = parse_compute_capability(row.at("compute_capability").as_string());
  if (const auto n = size("sm_count")) g.n_sm = static_cast<std::uint32_t>(n->count);
  g.bandwidth_bytes_per_s = size("bandwidth_bytes_per_s").value().count;
  return g;
}

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

/// "rtx 3090 24gb" -> "rtx 3090" and 24; nothing when no separate size ends the name.
std::optional<std::pair<std::string_view, std::uint64_t>> split_memory(std::string_view typed) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
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
    if (g.name == base->name && g.memory == wanted) return &g;
  return nullptr;
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
  return {errc::not_found, shown + " is not in the catalogue; nearest: " +
                               detail::joined(detail::nearest(std::move(distances), 3))};
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

std::vector<std::string> other_variants(const gpu_entry& gpu) {
  std::vector<std::string> out;
  for (const gpu_entry& g : gpus())
    if (g.name == gpu.name && g.id != gpu.id) out.push_back(g.id);
  return out;
}

device to_device(const gpu_entry& gpu, const surroundings& around) {
  device d;
  d.name = gpu.name;
  d.cc = gpu.cc;
  d.n_sm = gpu.n_sm.value_or(0);
  const bytes whole = gpu.nvml_total.value_or(gpu.memory);
  const bool on_linux = around.system == operating_system::native_linux;
  d.total = d.free = on_linux ? gpu.cuda_total.value_or(whole) : whole;
  d.driver_context = driver_context_of(gpu.cc, around.system, around.driver);
  const bool draws = gpu.form == "desktop" || gpu.form == "laptop";
  if (around.display || (!on_linux && draws)) {
    d.others = desktop_of(around.system);
    d.free = saturating_sub(d.total, d.others->high);
  }
  return d;
}

}  // namespace vrambudget
