// Reads the embedded measurements of quality.
#include "vrambudget/catalogue/quality.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <vector>

#include "catalogue/embedded.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

struct curve_point {
  double bits = 0, kld = 0;
};

struct quality_data {
  std::vector<curve_point> curve;  ///< by bits
  std::vector<published_quality> published;
};

published_quality read_quality_row(const json::object& row) {
  const auto text = [&](const char* key) {
    const json::value* v = row.if_contains(key);
    return v ? std::string(v->as_string()) : std::string();
  };
  published_quality q{
      text("model"), text("quantization"), row.at("kld").to_number<double>(), {}, text("reference"),
      text("of"),    text("source")};
  if (const json::value* same = row.if_contains("same_top_percent"))
    q.same_top_percent = same->to_number<double>();
  return q;
}

const quality_data& all_data() {
  static const quality_data data = [] {
    quality_data out;
    json::monotonic_resource memory;  // freed at once
    const json::value file = json::parse(detail::quality_json().front().text, &memory);
    for (const json::value& p : file.at("curve").as_array())
      out.curve.push_back({p.at(0).to_number<double>(), p.at(1).to_number<double>()});
    for (const json::value& row : file.at("published").as_array())
      out.published.push_back(read_quality_row(row.as_object()));
    return out;
  }();
  return data;
}

}  // namespace

std::span<const published_quality> published_qualities() { return all_data().published; }

const published_quality* find_quality(std::string_view model, std::string_view quantization) {
  for (const published_quality& q : published_qualities())
    if (q.model == model && q.quantization == quantization) return &q;
  return nullptr;
}

std::optional<double> curve_kld(double bits_per_weight) {
  const std::vector<curve_point>& curve = all_data().curve;
  const auto after =
      std::upper_bound(curve.begin(), curve.end(), bits_per_weight,
                       [](double bits, const curve_point& p) { return bits < p.bits; });
  if (after == curve.begin() || after == curve.end()) return std::nullopt;
  const curve_point &a = *std::prev(after), &b = *after;
  const double at = (bits_per_weight - a.bits) / (b.bits - a.bits);
  return std::exp(std::log(a.kld) * (1 - at) + std::log(b.kld) * at);
}

std::optional<kld_interval> estimated_kld(double bits_per_weight) {
  constexpr double models_low = 0.2, models_high = 1.5, types = 2;
  const auto kld = curve_kld(bits_per_weight);
  if (!kld) return std::nullopt;
  return kld_interval{*kld * models_low / types, *kld * models_high * types};
}

file_quality quality_of(std::string_view model, std::string_view quantization,
                        double bits_per_weight) {
  if (const published_quality* measured = find_quality(model, quantization)) return {measured, {}};
  const auto has = [](std::string_view text, std::string_view word) {
    return text.find(word) != std::string_view::npos;
  };
  const bool is_trained_so =
      has(quantization, "MXFP4") || has(quantization, "QAT") || has(model, "QAT");
  return {nullptr, is_trained_so ? std::nullopt : estimated_kld(bits_per_weight)};
}

}  // namespace vrambudget
