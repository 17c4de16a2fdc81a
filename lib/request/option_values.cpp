#include "request/option_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "os/decimal.hpp"
#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/request/option.hpp"
#include "vrambudget/request/typed.hpp"

namespace vrambudget::request {
namespace {

error no_tokens(const std::string& shown) {
  return {errc::invalid_argument, "'" + shown + "' is not a number of tokens"};
}

result<std::uint32_t> tokens(std::int64_t n) {
  if (n < 0) return no_tokens(std::to_string(n));
  if (n > INT32_MAX)
    return error{errc::invalid_argument, std::to_string(n) + " tokens are more than 2147483647"};
  return static_cast<std::uint32_t>(n);
}

result<ggml_type> cache_type_named(std::string_view text) {
  constexpr std::array accepted = {ggml_type::f32,    ggml_type::f16,  ggml_type::bf16,
                                   ggml_type::q8_0,   ggml_type::q4_0, ggml_type::q4_1,
                                   ggml_type::iq4_nl, ggml_type::q5_0, ggml_type::q5_1};
  const auto t = type_from_name(text);
  if (t && std::find(accepted.begin(), accepted.end(), *t) != accepted.end()) return *t;
  std::string names;
  for (const ggml_type a : accepted)
    names += (names.empty() ? "" : ", ") + std::string(traits(a).name);
  return error{errc::invalid_argument,
               "'" + std::string(text) + "' is not a KV cache type; there are " + names};
}

result<std::vector<tensor_override>> overrides_of(std::string_view text) {
  std::vector<tensor_override> all;
  for (const std::string_view part : split(text)) {
    const std::size_t at = part.find('=');
    if (at == part.npos || at + 1 == part.size())
      return error{errc::invalid_argument, "'" + std::string(part) + "' is not PATTERN=BUFFER"};
    all.push_back({std::string(part.substr(0, at)), std::string(part.substr(at + 1))});
  }
  return all;
}

error no_proportion(const std::string& part, std::string_view all) {
  return {errc::invalid_argument,
          "'" + part + "' in '" + std::string(all) + "' is not a proportion"};
}

error is_not_between(const std::string& n, const kind::count& k) {
  return {errc::invalid_argument,
          n + " is not between " + std::to_string(k.least) + " and " + std::to_string(k.most)};
}

result<void> put(const kind::count& k, plan_request& q, result<std::uint32_t> n) {
  if (!n) return n.error();
  if (*n < k.least || *n > k.most) return is_not_between(std::to_string(*n), k);
  std::uint32_t& to = k.at(q);
  to = k.keeps_largest ? std::max(to, *n) : *n;
  if (k.told) k.told(q) = true;
  return {};
}

/// Says so where it is not what was typed.
result<bytes> memory_of(plan_request& q, std::string_view text, std::uint64_t gib_below = 0) {
  const auto size = parse_memory(text, gib_below);
  if (const auto typed = parse_size(text); size && *size != *typed)
    q.value_notes.push_back(
        fmt::format("{} is taken as {} {}", text, text,
                    typed->count < gib_below ? "GiB" : "MiB, as nvidia-smi prints them"));
  return size;
}

result<std::int32_t> as_signed(result<std::uint32_t> n) {
  if (!n) return n.error();
  return static_cast<std::int32_t>(*n);
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char between) {
  std::vector<std::string_view> all;
  while (true) {
    const std::size_t end = std::min(text.find(between), text.size());
    all.push_back(text.substr(0, end));
    if (end + 1 >= text.size()) return all;
    text.remove_prefix(end + 1);
  }
}

/// "32,768" as it is printed: groups of three digits; any other text is left as it is.
std::string without_groups(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t left = text.size() - i;
    if (left % 4 == 0 ? text[i] != ',' || i == 0 : text[i] < '0' || text[i] > '9')
      return std::string(text);
    if (left % 4 != 0) digits += text[i];
  }
  return digits;
}

result<std::uint32_t> parse_tokens(std::string_view typed) {
  const std::string plain = without_groups(typed);
  const std::string_view text = plain;
  std::uint64_t n = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, n);
  const bool kilo = end - rest == 1 && (*rest == 'k' || *rest == 'K');
  if (failed != std::errc{} || (rest != end && !kilo)) return no_tokens(std::string(text));
  n *= n <= UINT32_MAX && kilo ? 1024 : 1;
  if (n > INT32_MAX)
    return error{errc::invalid_argument, std::string(text) + " tokens are more than 2147483647"};
  return static_cast<std::uint32_t>(n);
}

result<bytes> parse_size(std::string_view text) {
  double n = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = detail::read_decimal(text.data(), end, n);
  std::string unit(rest, end);
  for (char& c : unit) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const double scale = unit.empty() || unit == "b"    ? 1
                       : unit == "k" || unit == "kib" ? 0x1p10
                       : unit == "m" || unit == "mib" ? 0x1p20
                       : unit == "g" || unit == "gib" ? 0x1p30
                       : unit == "kb"                 ? 1e3
                       : unit == "mb"                 ? 1e6
                       : unit == "gb"                 ? 1e9
                                                      : 0;
  if (failed != std::errc{} || scale == 0 || !(n >= 0) || n * scale > 0x1p62)
    return error{
        errc::invalid_argument,
        "'" + std::string(text) + "' is not a size: bytes, or a number with MiB, GiB, MB or GB"};
  return bytes{static_cast<std::uint64_t>(std::floor(n * scale))};
}

result<bytes> parse_memory(std::string_view text, std::uint64_t gib_below) {
  const auto size = parse_size(text);
  const bool is_number = text.find_first_not_of("0123456789.") == text.npos;
  if (!size || !is_number || !means_mib(size->count)) return size;
  return parse_size(std::string(text) + (size->count < gib_below ? "GiB" : "MiB"));
}

error is_none_of(std::string_view text, const std::string& words) {
  return {errc::invalid_argument, "'" + std::string(text) + "' is none of " + words};
}

result<void> take(const kind::count& k, plan_request& q, std::string_view text) {
  if (k.is_auto_at_0 && (text == "-1" || text == "auto")) return put(k, q, 0u);
  const auto n = parse_tokens(text);
  const bool is_of_tokens = k.most == kind::count{}.most;
  if (!n && !is_of_tokens) return is_not_between("'" + std::string(text) + "'", k);
  return put(k, q, n);
}
result<void> take(const kind::count& k, plan_request& q, std::int64_t n) {
  return put(k, q, k.is_auto_at_0 && n == -1 ? 0u : tokens(n));
}

result<void> take(const kind::optional_count& k, plan_request& q, std::string_view text) {
  return put(parse_tokens(text), k.at(q));
}
result<void> take(const kind::optional_count& k, plan_request& q, std::int64_t n) {
  return put(tokens(n), k.at(q));
}

result<void> take(const kind::index& k, plan_request& q, std::string_view text) {
  return put(as_signed(parse_tokens(text)), k.at(q));
}
result<void> take(const kind::index& k, plan_request& q, std::int64_t n) {
  return put(as_signed(tokens(n)), k.at(q));
}

result<void> take(const kind::layers& k, plan_request& q, std::string_view text) {
  if (text == "all" || text == "auto" || text == "-1") return put(result<int>(-1), k.at(q));
  const auto n = parse_tokens(text);
  if (!n)
    return error{errc::invalid_argument,
                 "'" + std::string(text) + "' is not a number of layers, nor 'all'"};
  return put(as_signed(n), k.at(q));
}
result<void> take(const kind::layers& k, plan_request& q, std::int64_t n) {
  return put(n == -1 ? result<std::int32_t>(-1) : as_signed(tokens(n)), k.at(q));
}

result<void> take(const kind::cache_type& k, plan_request& q, std::string_view text) {
  return put(cache_type_named(text), k.at(q));
}

result<void> take(const kind::shares& k, plan_request& q, std::string_view text) {
  std::vector<float> all;
  for (const std::string_view part : split(text, text.find('/') == text.npos ? ',' : '/')) {
    float f = 0;
    const char* end = part.data() + part.size();
    const auto [rest, failed] = detail::read_decimal(part.data(), end, f);
    if (failed != std::errc{} || rest != end || !(f >= 0))
      return no_proportion(std::string(part), text);
    all.push_back(f);
  }
  k.at(q) = std::move(all);
  return {};
}

result<void> take(const kind::overrides& k, plan_request& q, std::string_view text) {
  auto all = overrides_of(text);
  if (!all) return all.error();
  for (tensor_override& o : *all) {
    o.after_cpu_moe = k.after_others && (q.r.cpu_moe || q.r.n_cpu_moe > 0);
    o.after_cpu_ffn = k.after_others && q.r.n_cpu_ffn > 0;
    k.at(q).push_back(std::move(o));
  }
  return {};
}

result<void> take(const kind::spec_types& k, plan_request& q, std::string_view text) {
  for (const std::string_view part : split(text)) {
    const auto t = spec_type_named(part);
    std::string names;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(spec_type::ngram_cache); ++i)
      names += (i ? ", " : "") + std::string(name(static_cast<spec_type>(i)));
    if (!t) return is_none_of(part, names);
    k.at(q).push_back(*t);
  }
  return {};
}

result<void> take(const kind::backends& k, plan_request& q, std::string_view text) {
  std::vector<asked_backend> known = {{}};
  for (const backend_kind b : all_backends) known.push_back({b});
  for (const std::string_view typed : split(text)) {
    const std::string_view word = typed == "rocm" ? word_of(backend_kind::hip) : typed;
    const auto it = std::find_if(known.begin(), known.end(),
                                 [&](const asked_backend& b) { return word_of(b) == word; });
    if (it == known.end()) return is_none_of(typed, "cuda, vulkan, metal, hip, cpu");
    k.at(q).push_back(*it);
  }
  return {};
}

result<void> take(const kind::projector_device& k, plan_request& q, std::string_view text) {
  projector_run& p = k.at(q);
  p.offload = text != "none";
  if (!p.offload) return {};
  p.device = device_named(text);
  if (!p.device)
    return error{errc::invalid_argument,
                 "'" + std::string(text) + "' is no device: CUDA0, Vulkan1, ROCm0, MTL0 or none"};
  return {};
}

result<void> take(const kind::engine_version& k, plan_request& q, std::string_view text) {
  const auto c = find_profile(text);
  if (!c) return c.error();
  plan_request& to = k.at(q);
  to.r.profile = c->profile;
  to.engine_note = c->covers ? ""
                             : "engine " + std::string(text) + " is " + place_of(*c) +
                                   ", the nearest that is known: its rules are taken";
  return {};
}

result<void> take(const kind::adapters& k, plan_request& q, std::string_view text) {
  for (const std::string_view part : split(text)) {
    adapter_file f{std::string(part)};
    const std::size_t colon = part.rfind(':');
    const char* const end = part.data() + part.size();
    if (colon != part.npos) {
      const auto [rest, failed] = detail::read_decimal(part.data() + colon + 1, end, f.scale);
      if (failed == std::errc{} && rest == end && std::isfinite(f.scale))
        f.path.resize(colon);
      else
        f.scale = 1;  // a colon of the name
    }
    if (f.path.empty() || (k.scaled && f.path.size() == part.size()))
      return error{errc::invalid_argument,
                   "'" + std::string(part) + "' is not FILE" + (k.scaled ? ":SCALE" : "")};
    k.at(q).push_back(std::move(f));
  }
  return {};
}

result<void> take(const kind::text& k, plan_request& q, std::string_view text) {
  k.at(q) = text;
  return {};
}
result<void> take(const kind::texts& k, plan_request& q, std::string_view text) {
  k.at(q).emplace_back(text);
  return {};
}

result<void> take(const kind::size& k, plan_request& q, std::string_view text) {
  return put(memory_of(q, text), k.at(q));
}
result<void> take(const kind::size& k, plan_request& q, std::int64_t n) {
  if (n < 0) return take(k, q, std::to_string(n));
  k.at(q) = bytes{static_cast<std::uint64_t>(n)};
  return {};
}

result<void> take(const kind::sizes& k, plan_request& q, std::string_view text) {
  constexpr std::uint64_t gib_below = 128;  // less is free on no card that anything runs on
  for (const std::string_view part : split(text)) {
    const auto size = memory_of(q, part, gib_below);
    if (!size) return size.error();
    k.at(q).push_back(*size);
  }
  return {};
}
result<void> take(const kind::sizes& k, plan_request& q, std::int64_t n) {
  return take(k, q, std::to_string(n));
}

result<void> take(const kind::display& k, plan_request& q, std::string_view text) {
  if (text == "on") text = kind::display::alone;
  if (text == "off") text = name(desktop::none);
  if (const auto d = find_desktop(text)) {
    k.at(q) = *d;
    return {};
  }
  const auto size = memory_of(q, text);
  if (!size) return is_none_of(text, "none, light, heavy or a size");
  k.at(q) = *size;
  return {};
}
result<void> take(const kind::display& k, plan_request& q, std::int64_t n) {
  return take(k, q, std::to_string(n));
}

result<void> take(const kind::optional_size& k, plan_request& q, std::string_view text) {
  constexpr std::uint64_t gib_below = 1024;  // "--ram 64"
  return put(memory_of(q, text, gib_below), k.at(q));
}
result<void> take(const kind::optional_size& k, plan_request& q, std::int64_t n) {
  if (n < 0) return take(k, q, std::to_string(n));
  k.at(q) = bytes{static_cast<std::uint64_t>(n)};
  return {};
}

result<void> take(const kind::limit& k, plan_request& q, std::string_view text) {
  if (text == "-1") return put(result<std::int32_t>(-1), k.at(q));
  return put(as_signed(parse_tokens(text)), k.at(q));
}
result<void> take(const kind::limit& k, plan_request& q, std::int64_t n) {
  return put(n == -1 ? result<std::int32_t>(-1) : as_signed(tokens(n)), k.at(q));
}

result<void> set(const option& o, plan_request& q, std::string_view text) {
  return std::visit(
      [&]<class Kind>(const Kind& k) -> result<void> {
        if constexpr (std::is_same_v<Kind, kind::on_off> ||
                      std::is_same_v<Kind, kind::optional_on_off>) {
          take(k, q, true);
          return {};
        } else {
          return take(k, q, text);
        }
      },
      o.value);
}

}  // namespace vrambudget::request
