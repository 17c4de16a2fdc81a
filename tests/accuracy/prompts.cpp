#include "prompts.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "rows.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/catalogue/prompt_speeds.hpp"
#include "vrambudget/memory/effective_context.hpp"

namespace vrambudget::accuracy {
namespace {

namespace json = boost::json;

std::uint32_t number_of(const json::object& o, const char* key, std::uint32_t absent) {
  const json::value* const v = o.if_contains(key);
  return v ? v->to_number<std::uint32_t>() : absent;
}

prompt_work work_of(const json::object& o, const std::vector<device>& cards) {
  const auto n_tokens = o.at("n_tokens").to_number<std::uint64_t>();
  const auto depth = o.at("depth").to_number<std::uint64_t>();
  const std::uint32_t n_ubatch = number_of(o, "n_ubatch", 512);
  if (o.contains("operations_per_token")) {
    prompt_work w{.depth = depth,
                  .n_tokens = n_tokens,
                  .n_ubatch = n_ubatch,
                  .operations = {{}},
                  .copied = {}};
    w.most = type_from_name(text_of(o, "weights")).value();
    w.operations[0][static_cast<std::size_t>(unit_of(w.most))] =
        o.at("operations_per_token").to_number<std::uint64_t>() * n_tokens;
    return w;
  }
  const run r{.n_ctx = static_cast<std::uint32_t>(depth + n_tokens),
              .n_batch = std::max(n_ubatch, 2048u),
              .n_ubatch = n_ubatch,
              .n_parallel = 1,
              .n_cpu_moe = number_of(o, "n_cpu_moe", 0)};
  const model& m = model_named(text_of(o, "model") + "-" + text_of(o, "types"));
  const auto context = effective_context(r, m.hp).value();
  return prompt_work_of(m, r, cards, context, n_tokens, depth).value();
}

prompt_reading reading_of(const json::object& o) {
  prompt_reading p;
  speed_reading& r = p.of;
  r.model = text_of(o, "model");
  r.types = text_of(o, "types");
  r.device = text_of(o, "gpu");
  p.n_gpus = number_of(o, "n_gpus", 1);
  const device d = to_device(find_gpu(r.device).value(), {operating_system::native_linux});
  r.memory = units_of(d);
  r.generation = gpu_generation(d.cc);
  prompt_work w = work_of(o, std::vector<device>(p.n_gpus, d));
  r.weights = weight_class_of(w.most);
  r.tokens_per_s = o.at("tokens_per_s").to_number<double>();
  r.held_out = o.contains("held_out");
  const std::vector<compute_rate> rates(p.n_gpus, compute_rate_of(d, w));
  std::vector<compute_rate> sixteen = rates;
  for (compute_rate& c : sixteen) {
    c.share = {};
    c.operations_per_s.fill(
        c.operations_per_s[static_cast<std::size_t>(multiply_unit::sixteen_bits)]);
  }
  r.most = prompt_speed_of(w, sixteen).value().most;
  p.predicted = prompt_speed_of(std::move(w), rates, p.n_gpus > 1).value();
  return p;
}

held_out_line line_of(std::string what, const std::vector<prompt_reading>& all,
                      const std::function<bool(const prompt_reading&)>& has) {
  held_out_line line{.held_out = std::move(what)};
  std::vector<double> factors;
  for (const prompt_reading& p : all) {
    if (!has(p)) continue;
    if (!p.predicted.expected) {
      ++line.n_without;
      continue;
    }
    ++line.n;
    line.n_within += p.is_within();
    const double times = p.of.tokens_per_s / p.predicted.expected->median;
    factors.push_back(std::max(times, 1 / times));
  }
  std::sort(factors.begin(), factors.end());
  line.factor = middle(factors);
  return line;
}

}  // namespace

std::vector<prompt_reading> read_prompts(const std::string& file) {
  std::vector<prompt_reading> all;
  for (const auto& o : read_lines(file)) all.push_back(reading_of(o));
  return all;
}

std::vector<speed_reading> speeds_of(const std::vector<prompt_reading>& all) {
  std::vector<speed_reading> speeds;
  for (const prompt_reading& p : all) speeds.push_back(p.of);
  return speeds;
}

std::vector<held_out_line> other_lines(const std::vector<prompt_reading>& all) {
  return {
      line_of("several cards", all, [](const prompt_reading& p) { return p.n_gpus > 1; }),
      line_of("experts on the host", all, [](const prompt_reading& p) { return p.has_copies(); })};
}

}  // namespace vrambudget::accuracy
