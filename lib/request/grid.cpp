#include "vrambudget/request/grid.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iterator>
#include <utility>

#include "io/json_text.hpp"
#include "request/option_values.hpp"
#include "vrambudget/basis.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/request/request_json.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

error grid_refusal(const std::string& why) { return {errc::invalid_argument, "the grid: " + why}; }

result<std::uint32_t> number_of(std::string_view key, const json::value& v) {
  boost::system::error_code bad;
  const auto n = v.is_number() ? v.to_number<std::uint32_t>(bad) : 0;
  if (bad || !v.is_number())
    return grid_refusal(fmt::format("{}: {} is no number of 32 bits", key, json_text(v)));
  return n;
}

/// An array, or one value by itself.
json::array list_of(const json::value& v) { return v.is_array() ? v.as_array() : json::array{v}; }

/// "first", "last" and "step".
result<std::vector<std::uint32_t>> range_of(std::string_view key, const json::object& o) {
  std::uint64_t part[3] = {};
  for (std::size_t i = 0; const char* name : {"first", "last", "step"}) {
    const json::value* v = o.if_contains(name);
    if (v == nullptr) return grid_refusal(fmt::format("{}: no '{}'", key, name));
    const auto n = number_of(key, *v);
    if (!n) return n.error();
    part[i++] = *n;
  }
  const auto [first, last, step] = part;
  if (step == 0 || o.size() != 3)
    return grid_refusal(fmt::format("{}: a range has a first, a last and a step that is not 0", key));
  constexpr std::uint64_t most = 10'000'000;
  if (first <= last && (last - first) / step >= most)
    return grid_refusal(fmt::format("{}: more than {} numbers", key, most));
  std::vector<std::uint32_t> all;
  for (std::uint64_t n = first; n <= last; n += step) all.push_back(static_cast<std::uint32_t>(n));
  return all;
}

result<std::vector<std::uint32_t>> numbers_of(std::string_view key, const json::value& v) {
  if (v.is_object()) return range_of(key, v.get_object());
  std::vector<std::uint32_t> all;
  for (const json::value& one : list_of(v)) {
    const auto n = number_of(key, one);
    if (!n) return n.error();
    all.push_back(*n);
  }
  return all;
}

result<std::vector<std::vector<device>>> sets_of(const json::value& v, plan_request options) {
  std::vector<std::vector<device>> all;
  for (const json::value& set : list_of(v)) {
    const auto named = request_of({{"gpu", set}});
    if (!named) return named.error();
    options.gpus.names = named->gpus.names;
    auto devices = open_devices(options);
    if (!devices) return devices.error();
    all.push_back(std::move(*devices));
  }
  return all;
}

result<std::vector<std::pair<ggml_type, ggml_type>>> types_of(const json::value& v) {
  std::vector<std::pair<ggml_type, ggml_type>> all;
  for (const json::value& t : list_of(v)) {
    const json::array pair = list_of(t);
    if (pair.empty() || pair.size() > 2)
      return grid_refusal("cache_types: a type, or one of K and one of V");
    for (const json::value& one : pair)
      if (!one.is_string())
        return grid_refusal(fmt::format("cache_types: {} is no text", json_text(one)));
    const auto q = request_of({{"type_k", pair[0]}, {"type_v", pair[pair.size() - 1]}});
    if (!q) return q.error();
    all.emplace_back(q->r.type_k, q->r.type_v);
  }
  return all;
}

result<void> read_axis(std::string_view key, const json::value& v, const plan_request& options,
                       sweep_request& q) {
  if (key == "gpus") return put(sets_of(v, options), q.gpus);
  if (key == "n_ctx") return put(numbers_of(key, v), q.n_ctx);
  if (key == "n_parallel") return put(numbers_of(key, v), q.n_parallel);
  if (key == "threads") return put(number_of(key, v), q.n_threads);
  if (key == "cache_types") return put(types_of(v), q.cache_types);
  return grid_refusal(fmt::format("'{}' is no axis of a sweep", key));
}

template <class T>
void add_column(std::string& out, std::string_view name, const std::vector<T>& values) {
  auto to = std::back_inserter(out);
  const bool is_flag = name == "fits" || name == "interpolated";
  fmt::format_to(to, "\"{}\":[", name);
  const char* before = "";
  for (const T v : values) {
    if (is_flag)
      fmt::format_to(to, "{}{}", before, v ? "true" : "false");
    else if (name == "basis")
      fmt::format_to(to, "{}\"{}\"", before, vrambudget::name(static_cast<enum basis>(v)));
    else
      fmt::format_to(to, "{}{}", before, v);
    before = ",";
  }
  out += ']';
}

}  // namespace

result<sweep_request> sweep_request_of(std::vector<std::shared_ptr<const model>> models,
                                       const json::object& grid, const plan_request& options) {
  sweep_request q;
  q.models = std::move(models);
  q.cache_types = {{ggml_type::f16, ggml_type::f16}};
  q.n_parallel = {0};
  for (const auto& [key, v] : grid)
    if (const auto read = read_axis(key, v, options, q); !read) return read.error();
  if (q.gpus.empty() || q.n_ctx.empty()) return grid_refusal("it wants \"gpus\" and \"n_ctx\"");
  return q;
}

sweep_labels labels_of(const sweep_request& q, const json::object& grid) {
  sweep_labels all;
  for (const auto& m : q.models) all.models.push_back(m->name);
  for (const auto& [k, v] : q.cache_types)
    all.cache_types.emplace_back(traits(k).name, traits(v).name);
  const json::value* gpus = grid.if_contains("gpus");
  for (const json::value& set : gpus ? list_of(*gpus) : json::array()) {
    std::string label;
    for (const json::value& one : list_of(set))
      label += (label.empty() ? "" : " + ") +
               std::string(one.is_string() ? std::string_view(one.get_string()) : "");
    all.gpus.push_back(std::move(label));
  }
  return all;
}

std::string sweep_json(const sweep_result& r) {
  std::string out =
      fmt::format("{{\"schema\":{},\"n_budgets\":{},\"columns\":{{", json_schema, r.n_budgets);
  const char* before = "";
  sweep_columns::for_each(r.columns, [&](const char* name, const auto& values) {
    out += std::exchange(before, ",");
    add_column(out, name, values);
  });
  json::array refused;
  for (const sweep_refusal& f : r.refused)
    refused.push_back(json::object{{"model", f.model},
                                   {"gpu", f.gpu},
                                   {"cache_types", f.cache_types},
                                   {"n_parallel", f.n_parallel},
                                   {"n_ctx_first", f.n_ctx_first},
                                   {"n_ctx_last", f.n_ctx_last},
                                   {"why", f.why}});
  return out + "},\"refused\":" + json_text(refused) + "}";
}

}  // namespace vrambudget::request
