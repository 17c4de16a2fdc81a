#include "request/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/names.hpp"
#include "model_sources.hpp"
#include "run_options.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;
using request::failure;

/// Names that are no option's: fields of `run` and single letters.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {
    {"n_ctx", "ctx-size"},
    {"c", "ctx-size"},
    {"n_batch", "batch-size"},
    {"b", "batch-size"},
    {"n_ubatch", "ubatch-size"},
    {"n_parallel", "parallel"},
    {"type_k", "cache-type-k"},
    {"type_v", "cache-type-v"},
    {"overrides", "override-tensor"},
    {"offload_kqv", "kv-offload"},
    {"spec_types", "spec-type"},
    {"draft", "model-draft"},
    {"draft_type_k", "cache-type-k-draft"},
    {"draft_type_v", "cache-type-v-draft"},
    {"draft_n_gpu_layers", "gpu-layers-draft"},
    {"draft_overrides", "override-tensor-draft"},
    {"draft_cpu_moe", "cpu-moe-draft"},
    {"draft_n_cpu_moe", "n-cpu-moe-draft"},
    {"system", "os"},
};

[[noreturn]] void refuse(std::string why) {
  throw failure{request::usage, std::move(why), errc::invalid_argument};
}

std::string long_name(std::string_view key) {
  for (const auto& [name, option] : other_names)
    if (key == name) return "--" + std::string(option);
  std::string name(key);
  std::replace(name.begin(), name.end(), '_', '-');
  const std::string known = request::with_long_names({"-" + name}).front();
  return known.starts_with("--") && known != "--" + name ? known : "--" + name;
}

/// Says which options have names like it.
[[noreturn]] void refuse_unknown(const CLI::App& app, std::string_view key) {
  std::vector<std::pair<std::size_t, std::string>> distances;
  const std::string typed = detail::folded(key);
  const auto offer = [&](std::string name) {
    if (name.size() > 2)
      distances.emplace_back(detail::suggestion_distance(typed, detail::folded(name)), name);
  };
  for (const auto& [name, option] : other_names) offer(std::string(name));
  for (const CLI::Option* o : app.get_options())
    for (std::string name : o->get_lnames()) {
      std::replace(name.begin(), name.end(), '-', '_');
      offer(name);
    }
  refuse(fmt::format("'{}' is no option of a plan; nearest: {}", key,
                     detail::joined(detail::nearest(std::move(distances), 3))));
}

std::string text_of(std::string_view key, const json::value& v) {
  if (v.is_string()) {
    if (v.as_string().empty()) refuse(fmt::format("{}: nothing is no value", key));
    return std::string(v.as_string());
  }
  if (v.is_int64()) return std::to_string(v.as_int64());
  if (v.is_uint64()) return std::to_string(v.as_uint64());
  if (v.is_double()) return fmt::format("{}", v.as_double());
  refuse(fmt::format("{}: a value of this type has no meaning here", key));
}

/// Adds a flag that is on or off; a run may have only one of --NAME and --no-NAME.
void add_flag(const CLI::App& app, const std::string& name, std::string_view key, bool on,
              std::vector<std::string>& args) {
  const std::string other = "--no-" + name.substr(2);
  const CLI::Option* option = app.get_option_no_throw(name);
  const CLI::Option* opposite = app.get_option_no_throw(other);
  if (!option && !opposite) refuse_unknown(app, key);
  if (option && option->get_items_expected_max() != 0)
    args.push_back(name + (on ? "=on" : "=off"));
  else if (on && option)
    args.push_back(name);
  else if (!on && opposite)
    args.push_back(other);
}

void add(const CLI::App& app, std::string_view key, const json::value& v,
         std::vector<std::string>& args) {
  const std::string name = long_name(key);
  if (v.is_bool()) return add_flag(app, name, key, v.as_bool(), args);
  const CLI::Option* option = app.get_option_no_throw(name);
  if (option ? option->get_items_expected_max() == 0
             : app.get_option_no_throw("--no-" + name.substr(2)) != nullptr) {
    if (v != 0 && v != 1) refuse(fmt::format("{}: true or false", key));
    return add_flag(app, name, key, v == 1, args);
  }
  if (!option) refuse_unknown(app, key);
  if (!v.is_array()) {
    args.push_back(name + "=" + text_of(key, v));
    return;
  }
  std::string list;
  for (const json::value& item : v.as_array()) {
    if (name == "--gpu")
      args.push_back(name + "=" + text_of(key, item));
    else
      list += (list.empty() ? "" : ",") + text_of(key, item);
  }
  if (!list.empty()) args.push_back(name + "=" + list);
}

}  // namespace

request::plan_request request_of(const json::object& options) {
  request::forget_source_options();
  CLI::App app;
  app.set_help_flag();
  request::plan_request q;
  request::add_plan_options(app, q);
  std::vector<std::string> args;
  std::map<std::string, std::string_view> named;
  for (const auto& [key, value] : options) {
    if (value.is_null()) continue;
    const auto [as, first] = named.emplace(long_name(key), key);
    if (!first)
      refuse(fmt::format("'{}' and '{}' are the same option", as->second, std::string_view(key)));
    add(app, key, value, args);
  }
  std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
  try {
    app.parse(args);
  } catch (const CLI::Error& e) {
    refuse(e.what());
  }
  return q;
}

}  // namespace vrambudget
