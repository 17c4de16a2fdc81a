// Calibrations as JSON: written for people to read, read as if somebody had changed it.
#include "vrambudget/io/calibration_json.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

#include "io/json_text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr int schema = 1;
constexpr std::uint64_t largest = std::uint64_t{1} << 62;
constexpr std::size_t longest_text = 4096;

json::object to_json(const calibration_measurement& m) {
  json::object o{{"date", m.date}, {"used_bytes", m.used.count}};
  const auto size = [&](const char* key, bytes b) {
    if (b.count > 0) o[key] = b.count;
  };
  const auto text = [&](const char* key, const std::string& t) {
    if (!t.empty()) o[key] = t;
  };
  size("resolution_bytes", m.resolution);
  size("buffers_bytes", m.buffers);
  size("pool_bytes", m.pool);
  text("model", m.model);
  text("run", m.run);
  text("source", m.source);
  return o;
}

json::object to_json(const calibrated_context& f) {
  json::object o{{"bytes", f.context.count},
                 {"low_bytes", f.low.count},
                 {"high_bytes", f.high.count},
                 {"measurements", f.n_measurements},
                 {"of", f.of_runs ? "runs" : "contexts"},
                 {"date", f.date}};
  if (f.pool_share_error) {
    o["pool_share"] = f.pool_share;
    o["pool_share_error"] = *f.pool_share_error;
  }
  return o;
}

/// An object whose members are asked for by type; remembers the first that is not as it should be.
class members {
 public:
  members(const json::value& v, std::string where) : where_(std::move(where)) {
    object_ = v.if_object();
    if (object_ == nullptr) fail(" is not an object");
  }

  bytes size(const char* key, bool needed = true) {
    const json::value* v = find(key, needed);
    if (v == nullptr) return {};
    boost::system::error_code not_whole;
    const auto n = v->to_number<std::uint64_t>(not_whole);
    if (not_whole || n > largest) fail(key, "is not a size in bytes");
    return {not_whole ? 0 : n};
  }
  std::string text(const char* key, bool needed = true) {
    const json::value* v = find(key, needed);
    if (v == nullptr) return {};
    if (!v->is_string() || v->get_string().size() > longest_text) {
      fail(key, "is not a short text");
      return {};
    }
    return std::string(v->get_string());
  }
  std::optional<double> number(const char* key) {
    const json::value* v = find(key, false);
    if (v == nullptr) return std::nullopt;
    boost::system::error_code none;
    const auto n = v->to_number<double>(none);
    if (none || !std::isfinite(n) || n < 0) fail(key, "is not a number of 0 or more");
    return n;
  }
  const json::array& list(const char* key) {
    static const json::array empty;
    const json::value* v = find(key, true);
    if (v == nullptr) return empty;
    if (v->is_array()) return v->get_array();
    fail(key, "is not a list");
    return empty;
  }
  const json::value& at(const char* key) {
    static const json::value none;
    const json::value* v = find(key, true);
    return v ? *v : none;
  }
  void fail(const std::string& key, const std::string& what) { fail(": " + key + " " + what); }
  [[nodiscard]] const std::optional<error>& failure() const { return failure_; }

 private:
  const json::value* find(const char* key, bool needed) {
    const json::value* v = object_ ? object_->if_contains(key) : nullptr;
    if (v == nullptr && needed && object_) fail(key, "is missing");
    return v;
  }
  void fail(const std::string& what) {
    if (!failure_) failure_ = error{errc::bad_format, where_ + what};
  }

  std::string where_;
  const json::object* object_ = nullptr;
  std::optional<error> failure_;
};

result<calibration_measurement> read_measurement(const json::value& v, const std::string& where) {
  members o(v, where);
  calibration_measurement m;
  m.date = o.text("date");
  m.used = o.size("used_bytes");
  m.resolution = o.size("resolution_bytes", false);
  m.buffers = o.size("buffers_bytes", false);
  m.pool = o.size("pool_bytes", false);
  m.model = o.text("model", false);
  m.run = o.text("run", false);
  m.source = o.text("source", false);
  if (o.failure()) return *o.failure();
  return m;
}

result<calibrated_context> read_context(const json::value& v, const std::string& where) {
  members o(v, where);
  calibrated_context f;
  f.context = o.size("bytes");
  f.low = o.size("low_bytes");
  f.high = o.size("high_bytes");
  f.n_measurements = o.size("measurements").count;
  const std::string of = o.text("of");
  f.of_runs = of == "runs";
  f.date = o.text("date");
  f.pool_share = o.number("pool_share").value_or(1);
  f.pool_share_error = o.number("pool_share_error");
  if (f.low > f.context || f.context > f.high) o.fail("bytes", "is not within low and high");
  if (of != "runs" && of != "contexts") o.fail("of", "is neither runs nor contexts");
  if (f.pool_share > 1) o.fail("pool_share", "is over 1");
  if (o.failure()) return *o.failure();
  return f;
}

result<calibrated_device> read_device(const json::value& v, const std::string& where) {
  members o(v, where);
  calibrated_device d;
  d.gpu = o.text("gpu");
  const auto system = find_operating_system(o.text("system"));
  if (!system) o.fail("system", "is none of linux, windows and wsl2");
  d.system = system.value_or(operating_system::native_linux);
  d.driver = o.text("driver", false);
  const json::array& measurements = o.list("measurements");
  if (o.failure()) return *o.failure();
  for (std::size_t i = 0; i < measurements.size(); ++i) {
    auto m = read_measurement(measurements[i], fmt::format("{}: measurement {}", where, i));
    if (!m) return m.error();
    d.measurements.push_back(std::move(*m));
  }
  auto fit = read_context(o.at("driver_context"), where + ": driver_context");
  if (!fit) return fit.error();
  d.fit = std::move(*fit);
  return d;
}

}  // namespace

std::string calibration_json(const calibration& all) {
  std::string text = fmt::format("{{\"schema\": {}, \"vrambudget\": {}, \"devices\": [", schema,
                                 json_text(json::string(version)));
  const char* before = "\n";
  for (const calibrated_device& d : all.devices) {
    json::object head{{"gpu", d.gpu}, {"system", name(d.system)}};
    if (!d.driver.empty()) head["driver"] = d.driver;
    std::string line = json_text(head);
    line.pop_back();  // goes on
    text += fmt::format("{}{},\n \"driver_context\":{},\n \"measurements\":[", before, line,
                        json_text(to_json(d.fit)));
    const char* comma = "\n  ";
    for (const calibration_measurement& m : d.measurements) {
      text += comma + json_text(to_json(m));
      comma = ",\n  ";
    }
    text += "]}";
    before = ",\n";
  }
  return text + "]}\n";
}

result<calibration> read_calibration(std::string_view text) {
  boost::system::error_code damaged;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), damaged);
  if (damaged) return error{errc::bad_format, "is not JSON: " + damaged.message()};
  members o(parsed, "the calibration");
  const bytes found = o.size("schema");
  if (!o.failure() && found.count != schema)
    return error{errc::unsupported,
                 fmt::format("has schema {}, this version reads schema {}", found.count, schema)};
  calibration all;
  const json::array& devices = o.list("devices");
  if (o.failure()) return *o.failure();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    auto d = read_device(devices[i], fmt::format("device {}", i));
    if (!d) return d.error();
    all.devices.push_back(std::move(*d));
  }
  return all;
}

}  // namespace vrambudget
