#include "request/grid.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iterator>
#include <limits>
#include <utility>

#include "vrambudget/basis.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

[[noreturn]] void refuse(std::string why) {
  throw exception(error{errc::invalid_argument, "the grid: " + std::move(why)});
}

json::object object_of(std::string_view text, const char* what) {
  if (text.empty()) return {};
  boost::system::error_code bad;
  json::value v = json::parse(text, bad);
  if (bad || !v.is_object())
    throw exception(error{errc::bad_format, fmt::format("{}: no JSON object", what)});
  return std::move(v.as_object());
}

std::uint32_t number_of(std::string_view key, const json::value& v) {
  boost::system::error_code bad;
  const auto n = v.is_number() ? v.to_number<std::uint32_t>(bad) : 0;
  if (bad || !v.is_number())
    refuse(fmt::format("{}: {} is no number of 32 bits", key, json::serialize(v)));
  return n;
}

std::string text_of(std::string_view key, const json::value& v) {
  if (!v.is_string()) refuse(fmt::format("{}: {} is no text", key, json::serialize(v)));
  return std::string(v.as_string());
}

/// An array, or one value by itself.
json::array list_of(const json::value& v) { return v.is_array() ? v.as_array() : json::array{v}; }

std::vector<std::uint32_t> numbers_of(std::string_view key, const json::value& v) {
  std::vector<std::uint32_t> all;
  if (!v.is_object()) {
    for (const json::value& n : list_of(v)) all.push_back(number_of(key, n));
    return all;
  }
  const json::object& o = v.as_object();
  for (const char* part : {"first", "last", "step"})
    if (!o.contains(part)) refuse(fmt::format("{}: no '{}'", key, part));
  const std::uint32_t first = number_of(key, o.at("first")), last = number_of(key, o.at("last")),
                      step = number_of(key, o.at("step"));
  if (step == 0 || o.size() != 3)
    refuse(fmt::format("{}: a range has a first, a last and a step that is not 0", key));
  constexpr std::uint32_t most = 10'000'000;
  if (first <= last && (last - first) / step >= most)
    refuse(fmt::format("{}: more than {} numbers", key, most));
  for (std::uint64_t n = first; n <= last; n += step) all.push_back(static_cast<std::uint32_t>(n));
  return all;
}

std::vector<device> devices_of(const json::value& names, json::object options) {
  options["gpu"] = names;
  return open_devices(json::serialize(options)).value();
}

sweep_request read(const json::object& grid, const json::object& options) {
  sweep_request q;
  q.cache_types = {{"f16", "f16"}};
  q.n_parallel = {0};
  for (const auto& [name, v] : grid) {
    const std::string_view key = name;
    if (key == "gpus") {
      for (const json::value& set : list_of(v)) q.gpus.push_back(devices_of(set, options));
    } else if (key == "n_ctx") {
      q.n_ctx = numbers_of(key, v);
    } else if (key == "n_parallel") {
      q.n_parallel = numbers_of(key, v);
    } else if (key == "threads") {
      q.n_threads = number_of(key, v);
    } else if (key == "cache_types") {
      q.cache_types.clear();
      for (const json::value& t : list_of(v)) {
        const json::array pair = list_of(t);
        if (pair.empty() || pair.size() > 2)
          refuse("cache_types: a type, or one of K and one of V");
        q.cache_types.emplace_back(text_of(key, pair[0]), text_of(key, pair[pair.size() - 1]));
      }
    } else {
      refuse(fmt::format("'{}' is no axis of a sweep", key));
    }
  }
  if (q.gpus.empty() || q.n_ctx.empty()) refuse("it wants \"gpus\" and \"n_ctx\"");
  return q;
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
                                       std::string_view grid, std::string_view options) {
  try {
    sweep_request q = read(object_of(grid, "the grid"), object_of(options, "the options"));
    q.models = std::move(models);
    return q;
  } catch (const exception& e) {
    return e.what_failed;
  }
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
  return out + "},\"refused\":" + json::serialize(refused) + "}";
}

}  // namespace vrambudget
