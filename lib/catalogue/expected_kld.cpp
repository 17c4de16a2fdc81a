#include "vrambudget/catalogue/expected_kld.hpp"

#include <cmath>
#include <map>
#include <utility>

#include "vrambudget/catalogue/catalogued_file.hpp"

namespace vrambudget {
namespace {

constexpr double most_bits = 6.7, scatter = 1.7;

/// Of files that were compared with the same: logarithms of what they are above the curve.
struct factors {
  std::size_t n = 0;
  double sum = 0;
};

bool is_full(std::string_view reference) {
  return reference.starts_with("BF16") || reference.starts_with("F16") ||
         reference.starts_with("F32");
}

/// What a weight of a measured file takes; nothing: its size is not known.
std::optional<double> bits_of(const published_quality& q) {
  const auto file = find_catalogued_file(q.model + "-" + q.quantization);
  if (!file || file->quantization != q.quantization) return std::nullopt;
  const auto header = read_shape(*file->shape);
  const auto data = header ? data_of(*header, *file) : header.error();
  if (!data || header->n_params == 0) return std::nullopt;
  return static_cast<double>(data->count) * 8 / static_cast<double>(header->n_params);
}

}  // namespace

bool is_trained_in_few_bits(std::string_view model) {
  if (model.find("QAT") != model.npos) return true;
  const auto all = model.empty() ? std::nullopt : catalogued_files_of(model);
  return all && !all->files.empty() && all->files.front().shape->quantization == "MXFP4";
}

std::optional<expected_kld> expected_kld_of(std::string_view model, double bits_per_weight) {
  const auto plain = estimated_kld(bits_per_weight);
  if (!plain || is_trained_in_few_bits(model)) return std::nullopt;
  std::map<std::string, factors> by_reference;
  for (const published_quality& q : published_qualities()) {
    if (q.model != model || q.kld <= 0) continue;
    const auto bits = bits_of(q);
    const auto on_curve = bits && *bits <= most_bits ? curve_kld(*bits) : std::nullopt;
    if (!on_curve) continue;
    factors& f = by_reference[q.reference];
    ++f.n;
    f.sum += std::log(q.kld / *on_curve);
  }
  const std::pair<const std::string, factors>* best = nullptr;
  for (const auto& candidate : by_reference) {
    const auto rank = [](const auto& c) { return std::pair(is_full(c.first), c.second.n); };
    if (!best || rank(candidate) > rank(*best)) best = &candidate;
  }
  if (!best)
    return expected_kld{
        *plain, 0, {}, "the curve of Llama 3 8B, and what models and types differ by"};
  const double kld = *curve_kld(bits_per_weight) *
                     std::exp(best->second.sum / static_cast<double>(best->second.n));
  return expected_kld{{kld / scatter, kld * scatter},
                      best->second.n,
                      best->first,
                      "the curve of Llama 3 8B through " + std::to_string(best->second.n) +
                          (best->second.n == 1 ? " measured file" : " measured files") +
                          " of the model, against " + best->first};
}

}  // namespace vrambudget
