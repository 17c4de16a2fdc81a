#include "vrambudget/request/request_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/names.hpp"
#include "io/json_text.hpp"
#include "request/option_values.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

error refusal(std::string why) { return {errc::invalid_argument, std::move(why)}; }

/// The row that a key means.
struct meant_option {
  const option* row = nullptr;
  bool undoes =
      false;  ///< the key is what the row's flag turns off: "kv_offload" of --no-kv-offload
};

meant_option find(std::string_view key) {
  meant_option m;
  for (const option& o : options()) {
    for_each_name(o.names, [&](std::string_view name) {
      if (m.row == nullptr && name.starts_with('-') && key_of(name) == key) m.row = &o;
    });
    if (m.row != nullptr) return m;
  }
  const std::string off = "no_" + std::string(key);
  for (const option& o : options()) {
    const bool is_field = has_name(o.fields, key);
    bool is_off = false;
    for_each_name(o.names, [&](std::string_view n) { is_off = is_off || key_of(n) == off; });
    if (is_field || (is_off && o.turns_off())) return {&o, o.turns_off()};
  }
  return m;
}

/// Says which options have names like it.
error unknown(std::string_view key) {
  std::vector<std::pair<std::size_t, std::string>> distances;
  const std::string typed = detail::folded(key);
  const auto offer = [&](std::string_view name) {
    std::string n = key_of(name);
    const std::size_t distance = detail::suggestion_distance(typed, detail::folded(n));
    if (n.size() > 2) distances.emplace_back(distance, std::move(n));
  };
  for (const option& o : options()) for_each_name(o.fields, offer);
  for (const option& o : options())
    for_each_name(o.names, [&](std::string_view n) {
      if (n.starts_with("--")) offer(n);
    });
  return refusal(
      fmt::format("'{}' is no option of a plan{}", key,
                  detail::proposal(std::move(distances), key, "docs/options.md has them all")));
}

/// Takes a value into the request.
class reader {
 public:
  reader(plan_request& q, std::string_view key, bool undoes) : q_(q), key_(key), undoes_(undoes) {}

  template <class Kind>
  result<void> operator()(const Kind& k, const json::value& v) const {
    if constexpr (is_switch<Kind>) {
      return take_switch(k, v);
    } else {
      if (v.is_array()) return take_list(k, v.get_array());
      if (v.is_bool()) return take(k, q_, v.get_bool() ? "on" : "off");
      if (v.is_string() && v.get_string().empty())
        return refusal(fmt::format("{}: nothing is no value", key_));
      if (v.is_string()) return take(k, q_, std::string_view(v.get_string()));
      if (v.is_number()) return take_number(k, v);
      return refusal(fmt::format("{}: a value of this type has no meaning here", key_));
    }
  }

 private:
  template <class Kind>
  static constexpr bool is_switch =
      std::is_same_v<Kind, kind::on_off> || std::is_same_v<Kind, kind::optional_on_off>;

  /// A flag that is false is as one that is not given; what it turns off can be said to be on.
  template <class Kind>
  result<void> take_switch(const Kind& k, const json::value& v) const {
    const bool is_number = v.is_number() && (v == 0 || v == 1);
    if (!v.is_bool() && !is_number) return refusal(fmt::format("{}: true or false", key_));
    const bool on = v.is_bool() ? v.get_bool() : v == 1;
    if (undoes_)
      take(k, q_, !on);
    else if (on || k.sets)
      take(k, q_, on);
    return {};
  }

  template <class Kind>
  result<void> take_number(const Kind& k, const json::value& v) const {
    boost::system::error_code is_fraction;
    const auto n = v.to_number<std::int64_t>(is_fraction);
    if constexpr (requires { take(k, q_, n); })
      if (!is_fraction) return take(k, q_, n);
    const std::string shown = v.is_double()   ? fmt::format("{}", v.get_double())
                              : v.is_uint64() ? std::to_string(v.get_uint64())
                                              : std::to_string(v.get_int64());
    return take(k, q_, std::string_view(shown));
  }

  template <class Kind>
  result<void> take_list(const Kind& k, const json::array& all) const {
    if constexpr (std::is_same_v<Kind, kind::shares>) {
      return take_shares(k, all);
    } else if constexpr (!is_list<Kind>) {
      return refusal(fmt::format("{}: one value", key_));
    } else {
      for (const json::value& v : all) {
        if (v.is_array()) return refusal(fmt::format("{}: a list in a list", key_));
        if (const auto taken = (*this)(k, v); !taken) return taken.error();
      }
      return {};
    }
  }
  template <class Kind>
  static constexpr bool is_list =
      std::is_same_v<Kind, kind::texts> || std::is_same_v<Kind, kind::sizes> ||
      std::is_same_v<Kind, kind::overrides> || std::is_same_v<Kind, kind::spec_types> ||
      std::is_same_v<Kind, kind::adapters> || std::is_same_v<Kind, kind::backends>;

  result<void> take_shares(const kind::shares& k, const json::array& all) const {
    std::vector<float> shares;
    for (const json::value& v : all) {
      const double share = v.is_number() ? v.to_number<double>() : -1;
      if (!(share >= 0))
        return refusal(fmt::format("{}: {} is not a proportion", key_, json_text(v)));
      shares.push_back(static_cast<float>(share));
    }
    k.at(q_) = std::move(shares);
    return {};
  }

  plan_request& q_;
  std::string_view key_;
  bool undoes_;
};

}  // namespace

result<plan_request> request_of(const json::object& all) {
  plan_request q;
  std::map<const option*, std::string_view> named;
  for (const auto& [name, value] : all) {
    const std::string_view key = name;
    if (value.is_null()) continue;
    const meant_option m = find(key);
    if (m.row == nullptr) return unknown(key);
    if (const auto [as, first] = named.emplace(m.row, key); !first)
      return refusal(fmt::format("'{}' and '{}' are the same option", as->second, key));
    const auto taken =
        std::visit([&](const auto& k) { return reader(q, key, m.undoes)(k, value); }, m.row->value);
    if (!taken) return taken.error();
  }
  return q;
}

result<json::object> object_of(std::string_view text, const char* what) {
  if (text.empty()) return json::object();
  boost::system::error_code bad;
  json::value v = json::parse(text, bad);
  if (bad || !v.is_object()) return refusal(fmt::format("{}: no JSON object", what));
  return std::move(v.get_object());
}

}  // namespace vrambudget::request
