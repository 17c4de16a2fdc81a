#include "share_table.hpp"

#include <cstdint>

#include "vrambudget/catalogue/overheads.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

std::string text_or_empty(const json::object& o, const char* key) {
  const json::value* const v = o.if_contains(key);
  return v ? std::string(v->as_string()) : std::string();
}

/// "Ampere", "Ampere with HBM", "cards with GDDR", "Apple's under Metal".
std::string cards_of(const share_row& r) {
  if (r.memory == "metal") return "Apple's under Metal";
  if (r.memory == "rocm") return "AMD's under ROCm";
  if (r.memory == "rocm unified") return "AMD's with the host's memory under ROCm";
  if (r.memory == "vulkan") return "AMD's under Vulkan";
  if (r.memory == "vulkan unified") return "AMD's with the host's memory under Vulkan";
  const bool all = r.generation.empty();
  const char* const memory = r.memory == "hbm"       ? " with HBM"
                             : r.memory == "unified" ? " with the host's memory"
                             : r.memory == "dp4a"    ? " without tensor cores"
                             : all                   ? " with GDDR"
                                                     : "";
  return (all ? "cards" : r.generation) + memory;
}

share_row read_share_row(const json::object& o) {
  const auto number = [&](const char* key) { return o.at(key).to_number<double>(); };
  share_row r{
      text_or_empty(o, "memory"), text_or_empty(o, "generation"), text_or_empty(o, "weights"), {}};
  r.share = {number("low"), number("median"), number("high"), o.at("n").to_number<std::uint32_t>(),
             cards_of(r)};
  if (!r.weights.empty()) r.share.of += ", " + r.weights;
  return r;
}

}  // namespace

std::vector<share_row> read_share_rows(const json::array& rows) {
  std::vector<share_row> all;
  for (const json::value& row : rows) all.push_back(read_share_row(row.as_object()));
  return all;
}

std::optional<reached_share> find_share(const std::vector<share_row>& rows, std::string_view memory,
                                        const device& d, weight_class c) {
  for (const share_row& r : rows)
    if (r.memory == memory && (r.generation.empty() || r.generation == gpu_generation(d.cc)) &&
        (r.weights.empty() || r.weights == name(c)))
      return r.share;
  return std::nullopt;
}

}  // namespace vrambudget
