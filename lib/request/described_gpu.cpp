#include "request/described_gpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "request/option_values.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/request/typed.hpp"

namespace vrambudget::request {
namespace {

constexpr std::uint32_t assumed_cc = 860;  // of most cards that are in use, and their kernels

error refusal(std::string_view typed, const std::string& why) {
  return {errc::invalid_argument, fmt::format("--gpu {}: {}", typed, why)};
}

std::optional<std::uint32_t> whole_number(std::string_view text) {
  std::uint32_t n = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failed != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return n;
}

/// "8.6" -> 860.
std::optional<std::uint32_t> capability(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == text.npos) return std::nullopt;
  const auto major = whole_number(text.substr(0, dot)), minor = whole_number(text.substr(dot + 1));
  if (!major || !minor || *major > 99 || *minor > 9) return std::nullopt;
  return *major * 100 + *minor * 10;
}

/// "24GiB", "24gb" or "24g": the size by which a card is sold.
std::optional<bytes> sold_size(std::string_view typed) {
  const std::size_t end = std::min(typed.find_first_not_of("0123456789"), typed.size());
  std::string unit(typed.substr(end));
  for (char& c : unit) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const auto n = whole_number(typed.substr(0, end));
  if (!n || *n == 0 || *n > 4096 || (unit != "g" && unit != "gb" && unit != "gib"))
    return std::nullopt;
  return 1_GiB * *n;
}

/// Between the least and the most of the catalogue's cards of that size.
resident_threads threads_of_cards_with(bytes memory) {
  std::optional<resident_threads> all;
  for (const gpu_entry& g : gpus()) {
    if (g.memory != memory || !g.n_sm || g.form == "unified") continue;
    const double u = threads_of(g.cc, *g.n_sm).low;
    all = all ? resident_threads{std::min(all->low, u), std::max(all->high, u)}
              : resident_threads{u, u};
  }
  return all.value_or(driver_contexts().unknown);
}

described_gpu card_of_size(bytes memory) {
  described_gpu d;
  d.gpu.name = fmt::format("a card of {} GiB", memory.count >> 30);
  d.gpu.form = "desktop";
  d.gpu.memory = memory;
  d.gpu.cc = assumed_cc;
  d.threads = threads_of_cards_with(memory);
  d.assumed = fmt::format(
      "{}: compute capability 8.6 is assumed, and a driver's context between those of "
      "the cards of that size; --gpu NAME knows more",
      d.gpu.name);
  return d;
}

/// A number that a driver of Vulkan reports, by the key that tells it.
struct limit_key {
  std::string_view key;
  std::uint64_t device_limits::*at;
  bool is_power = false;  ///< of two
};
constexpr limit_key limit_keys[] = {
    {"align", &device_limits::alignment, true},
    {"mapalign", &device_limits::host_alignment, true},
    {"range", &device_limits::range},
    {"maxalloc", &device_limits::allocation},
    {"maxbuf", &device_limits::buffer},
};
/// A property that it has, 1, or not, 0.
struct switch_key {
  std::string_view key;
  bool device_limits::*at;
  bool of_one;  ///< what 1 makes of it
};
constexpr switch_key switch_keys[] = {
    {"fp16", &device_limits::lacks_fp16, false},
    {"index64", &device_limits::indexes_64_bits, true},
};

bool is_limit(std::string_view key) {
  const auto has = [key](const auto& k) { return k.key == key; };
  return std::any_of(std::begin(limit_keys), std::end(limit_keys), has) ||
         std::any_of(std::begin(switch_keys), std::end(switch_keys), has);
}

using numbers = std::map<std::string_view, std::string_view>;

result<numbers> read_numbers(std::string_view typed) {
  numbers all;
  for (const std::string_view part : split(typed)) {
    const std::size_t at = std::min(part.find('='), part.size());
    const std::string_view key = part.substr(0, at);
    if (key != "name" && key != "total" && key != "cc" && key != "sm" && key != "vmm" &&
        !is_limit(key))
      return refusal(typed,
                     fmt::format("'{}' is none of name=, total=, cc=, sm=, vmm=, and for Vulkan "
                                 "align=, mapalign=, range=, maxalloc=, maxbuf=, fp16=, index64=",
                                 part));
    if (at + 1 >= part.size()) return refusal(typed, fmt::format("{} has no value", key));
    if (!all.emplace(key, part.substr(at + 1)).second)
      return refusal(typed, fmt::format("{} is there twice", key));
  }
  return all;
}

/// What follows from a missing number is said.
result<described_gpu> card_of_numbers(std::string_view typed, const numbers& given) {
  described_gpu d;
  gpu_entry& g = d.gpu;
  const auto told = [&](const char* key) {
    const auto it = given.find(key);
    return it == given.end() ? std::string_view() : it->second;
  };
  const auto total = parse_memory(told("total"));
  if (!total || total->count == 0)
    return refusal(typed, "total=, as nvidia-smi prints it, is needed: total=3072MiB");
  g.memory = *total;
  g.form = "desktop";
  g.name = told("name").empty() ? fmt::format("a card of {} MiB", total->count >> 20)
                                : std::string(told("name"));
  std::string missing;
  g.cc = assumed_cc;
  if (told("cc").empty()) {
    missing = "compute capability 8.6 is assumed";
  } else {
    const auto cc = capability(told("cc"));
    if (!cc || !threads_per_sm(*cc))
      return refusal(typed, fmt::format("cc={} is no compute capability, as 8.6 is", told("cc")));
    g.cc = *cc;
  }
  if (told("sm").empty()) {
    missing += std::string(missing.empty() ? "" : ", ") + "its multiprocessors are not known";
  } else {
    const auto n = whole_number(told("sm"));
    if (!n || *n == 0 || *n > 1024)
      return refusal(typed, fmt::format("sm={} is no number of multiprocessors", told("sm")));
    g.n_sm = *n;
  }
  if (const std::string_view vmm = told("vmm"); vmm == "no")
    d.maps_pool = false;
  else if (!vmm.empty() && vmm != "yes")
    return refusal(typed, fmt::format("vmm={} is neither yes nor no, as the engine's log has it", vmm));
  d.threads = threads_of(g.cc, g.n_sm.value_or(0));
  if (!missing.empty()) d.assumed = g.name + ": " + missing;
  return d;
}

/// The least that Vulkan demands of each, and what no device has.
/// Source: Vulkan 1.3, Required Limits
result<void> check(std::string_view typed, const limit_key& k, std::uint64_t n) {
  const std::uint64_t least = k.is_power ? 1 : k.key == "range" ? 1u << 27 : 1u << 30,
                      most = k.is_power ? 1u << 16 : std::uint64_t{1} << 48;
  if (n < least || n > most)
    return refusal(typed, fmt::format("{}={} is no device's: between {} and {}", k.key, n, least,
                                      most));
  if (k.is_power && (n & (n - 1)) != 0)
    return refusal(typed, fmt::format("{}={} is no power of two", k.key, n));
  return {};
}

result<std::uint64_t> read_limit(std::string_view typed, const limit_key& k,
                                 std::string_view text) {
  const auto size = parse_size(text);
  if (!size) return refusal(typed, fmt::format("{}={} is no number of bytes", k.key, text));
  if (auto ok = check(typed, k, size->count); !ok) return ok.error();
  return size->count;
}

result<described_gpu> card_of_limits(std::string_view typed, const numbers& given) {
  described_gpu d;
  for (const char* key : {"cc", "sm"})
    if (given.contains(key))
      return refusal(typed, fmt::format("{}= is CUDA's, the others Vulkan's", key));
  if (const auto limits = with_told_limits(typed, {}); !limits) return limits.error();
  d.of_vulkan = true;
  const auto name = given.find("name"), total = given.find("total");
  if (name != given.end()) d.gpu.name = name->second;
  if (total != given.end()) {
    const auto size = parse_memory(total->second);
    if (!size || size->count == 0)
      return refusal(typed, fmt::format("total={} is no size", total->second));
    d.gpu.memory = *size;
  }
  return d;
}

}  // namespace

result<device_limits> with_told_limits(std::string_view typed, device_limits base) {
  const auto given = read_numbers(typed);
  if (!given) return given.error();
  for (const limit_key& k : limit_keys) {
    const auto it = given->find(k.key);
    if (it == given->end()) continue;
    const auto n = read_limit(typed, k, it->second);
    if (!n) return n.error();
    base.*k.at = *n;
  }
  for (const switch_key& k : switch_keys) {
    const auto it = given->find(k.key);
    if (it == given->end()) continue;
    if (it->second != "0" && it->second != "1")
      return refusal(typed, fmt::format("{}={} is neither 0 nor 1", k.key, it->second));
    base.*k.at = (it->second == "1") == k.of_one;
  }
  return base;
}

result<std::optional<described_gpu>> describe_gpu(std::string_view typed) {
  if (const auto size = sold_size(typed)) return std::optional(card_of_size(*size));
  if (typed.find('=') == typed.npos) return std::optional<described_gpu>();
  const auto given = read_numbers(typed);
  if (!given) return given.error();
  const bool is_vulkan = std::any_of(given->begin(), given->end(),
                                     [](const auto& one) { return is_limit(one.first); });
  auto card = is_vulkan ? card_of_limits(typed, *given) : card_of_numbers(typed, *given);
  if (!card) return card.error();
  return std::optional(std::move(*card));
}

}  // namespace vrambudget::request
