#include "speeds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "rows.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/metal_devices.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/catalogue/speeds.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::accuracy {

const model& model_named(const std::string& name) {
  static std::map<std::string, std::unique_ptr<model>> read;
  std::unique_ptr<model>& m = read[name];
  if (!m) {
    auto found = request::model_reader().read(name);
    if (!found) throw std::runtime_error(name + ": " + found.error().message);
    m = std::make_unique<model>(std::move(*found));
  }
  return *m;
}

double middle(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

namespace {

namespace json = boost::json;

constexpr std::size_t fewest_files = 4;

decode_traffic traffic_of(const json::object& o, const device& d) {
  const auto depth = o.at("depth").to_number<std::uint64_t>();
  if (o.contains("bytes_per_token")) {
    decode_traffic t;
    t.depth = depth;
    t.devices.emplace_back().weights = {o.at("bytes_per_token").to_number<std::uint64_t>()};
    t.most = type_from_name(text_of(o, "weights")).value_or(ggml_type::f16);
    return t;
  }
  run r{.n_ctx = static_cast<std::uint32_t>(depth) + 1, .n_parallel = 1};
  if (o.contains("type_kv")) r.type_k = r.type_v = type_from_name(text_of(o, "type_kv")).value();
  const model& m = model_named(text_of(o, "model") + "-" + text_of(o, "types"));
  const auto context = effective_context(r, m.hp).value();
  return decode_traffic_of(m, r, {&d, 1}, context, depth).value();
}

device device_of(const std::string& id, const std::string& backend) {
  surroundings around{operating_system::native_linux};
  if (backend == "Metal") return find_metal_gpu(id, around).value().d;
  if (backend != "Vulkan" && backend != "ROCm") return to_device(find_gpu(id).value(), around);
  around.backend = backend == "ROCm" ? backend_kind::hip : backend_kind::vulkan;
  around.ram = 128_GiB;
  return find_other_gpu(id, around).value().d;
}

speed_reading reading_of(const json::object& o) {
  speed_reading r;
  device d;
  device_rate rate;
  r.model = text_of(o, "model");
  r.types = text_of(o, "types");
  if (const std::string id = text_of(o, "gpu"); !id.empty()) {
    d = device_of(id, text_of(o, "backend"));
    rate.bandwidth_bytes_per_s = bandwidth_of(d).value();
    r.device = id;
    r.memory = memory_of(d);
    r.is_cuda = d.backend == backend_kind::cuda;
    if (r.is_cuda) r.generation = gpu_generation(d.cc);
  } else {
    r.device = text_of(o, "device");
    rate.bandwidth_bytes_per_s = o.at("bandwidth_bytes_per_s").to_number<std::uint64_t>();
  }
  const decode_traffic t = traffic_of(o, d);
  r.weights = weight_class_of(t.most);
  r.tokens_per_s = o.at("tokens_per_s").to_number<double>();
  r.most = decode_speed_of(t, {&rate, 1}).value().most;
  r.held_out = o.contains("held_out");
  return r;
}

/// The group with what its measurements make of it; nothing if they are too few.
std::optional<share_group> fitted(share_group g, const std::vector<speed_reading>& readings) {
  std::vector<double> shares;
  std::set<std::tuple<std::string, std::string, std::string>> files;
  for (const speed_reading& r : readings) {
    if (r.held_out || !g.has(r)) continue;
    shares.push_back(r.share());
    files.emplace(r.device, r.model, r.types);
  }
  if (files.size() < fewest_files) return std::nullopt;
  std::sort(shares.begin(), shares.end());
  const std::size_t k = std::max<std::size_t>((files.size() + 1) / 10, 1);
  g.n = shares.size();
  g.n_files = files.size();
  g.low = shares[k - 1];
  g.median = middle(shares);
  g.high = shares[shares.size() - k];
  return g;
}

using reading_key = std::function<std::string(const speed_reading&)>;

held_out_line held_out_by(std::string what, const reading_key& key,
                          const std::vector<speed_reading>& readings, grouping by) {
  held_out_line line{.held_out = std::move(what)};
  std::map<std::string, std::vector<share_group>> groups;
  std::vector<double> factors;
  for (const speed_reading& r : readings) {
    if (r.held_out || !r.is_of_card()) continue;
    const auto [at, is_new] = groups.try_emplace(key(r));
    if (is_new) {
      std::vector<speed_reading> others;
      for (const speed_reading& o : readings)
        if (key(o) != at->first) others.push_back(o);
      at->second = fitted_shares(others, by);
    }
    const auto g = std::find_if(at->second.begin(), at->second.end(),
                                [&](const share_group& x) { return x.has(r); });
    if (g == at->second.end()) {
      ++line.n_without;
      continue;
    }
    ++line.n;
    line.n_within += g->holds(r);
    factors.push_back(std::max(r.share() / g->median, g->median / r.share()));
  }
  std::sort(factors.begin(), factors.end());
  line.factor = middle(factors);
  return line;
}

}  // namespace

bool share_group::has(const speed_reading& r) const {
  return memory == r.memory && (generation.empty() || generation == r.generation) &&
         (!weights || *weights == r.weights);
}

std::vector<share_group> fitted_shares(const std::vector<speed_reading>& readings, grouping by) {
  std::set<std::tuple<std::string, std::string, weight_class>> kinds;
  for (const speed_reading& r : readings)
    if (r.is_of_card()) kinds.emplace(r.memory, r.generation, r.weights);
  std::vector<share_group> groups[3];
  const auto add = [&](std::size_t level, share_group g) {
    for (const share_group& o : groups[level])
      if (o.memory == g.memory && o.generation == g.generation && o.weights == g.weights) return;
    if (const auto f = fitted(std::move(g), readings)) groups[level].push_back(*f);
  };
  for (const auto& [memory, generation, weights] : kinds) {
    if (by == grouping::fine) {
      if (!generation.empty()) add(0, {memory, generation, weights});
      add(1, {memory, "", weights});
    }
    add(2, {memory, "", std::nullopt});
  }
  std::vector<share_group> all;
  for (const auto& level : groups) all.insert(all.end(), level.begin(), level.end());
  return all;
}

std::vector<held_out_line> held_out_lines(const std::vector<speed_reading>& readings, grouping by) {
  return {
      held_out_by(
          "the card", [](const speed_reading& r) { return r.device; }, readings, by),
      held_out_by(
          "the model", [](const speed_reading& r) { return r.model; }, readings, by),
      held_out_by(
          "the model on the card", [](const speed_reading& r) { return r.device + ' ' + r.model; },
          readings, by),
  };
}

std::vector<speed_reading> of_cards(const std::vector<speed_reading>& all, bool cuda) {
  std::vector<speed_reading> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some),
               [&](const speed_reading& r) { return r.is_of_card() && r.is_cuda == cuda; });
  return some;
}

std::vector<speed_reading> read_speeds(const std::string& file) {
  std::vector<speed_reading> all;
  for (const auto& o : read_lines(file)) all.push_back(reading_of(o));
  return all;
}

std::string share_rows(const std::vector<share_group>& groups) {
  std::string text;
  for (const share_group& g : groups) {
    text += fmt::format("{}    {{\"memory\": \"{}\"", text.empty() ? "" : ",\n", g.memory);
    if (!g.generation.empty()) text += fmt::format(", \"generation\": \"{}\"", g.generation);
    if (g.weights) text += fmt::format(", \"weights\": \"{}\"", name(*g.weights));
    text += fmt::format(", \"low\": {:.3f}, \"median\": {:.3f}, \"high\": {:.3f}, \"n\": {}}}",
                        g.low, g.median, g.high, g.n);
  }
  return text + "\n";
}

std::string markdown(const std::vector<share_group>& groups) {
  std::string text =
      "| cards | weights | measurements | files on cards | low | median | high |\n"
      "|---|---|---|---|---|---|---|\n";
  const std::map<std::string, std::string> memories = {
      {"gddr", "all with GDDR"},
      {"hbm", "all with HBM"},
      {"unified", "all that share the host's"},
      {"dp4a", "Pascal without tensor cores"},
      {"metal", "Apple's under Metal"},
      {"rocm", "AMD's under ROCm"},
      {"rocm unified", "AMD's that share the host's, ROCm"},
      {"vulkan", "AMD's under Vulkan"},
      {"vulkan unified", "AMD's that share the host's, Vulkan"}};
  for (const share_group& g : groups)
    text += fmt::format(
        "| {} | {} | {} | {} | {:.2f} | {:.2f} | {:.2f} |\n",
        g.generation.empty() ? memories.at(g.memory)
        : g.memory == "gddr"
            ? g.generation
            : g.generation + (g.memory == "hbm" ? " with HBM" : " that shares the host's"),
        g.weights ? name(*g.weights) : "all", g.n, g.n_files, g.low, g.median, g.high);
  return text;
}

std::string markdown(const std::vector<held_out_line>& lines) {
  std::string text =
      "| predicted without | measurements | no group left | within | share | median factor |\n"
      "|---|---|---|---|---|---|\n";
  for (const held_out_line& l : lines)
    text += fmt::format(
        "| {} | {} | {} | {} | {:.0f} % | {:.2f} |\n", l.held_out, l.n, l.n_without, l.n_within,
        100.0 * static_cast<double>(l.n_within) / static_cast<double>(l.n), l.factor);
  return text;
}

}  // namespace vrambudget::accuracy
