// Measurements read.
#include "request/measurements.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <cmath>

#include "os/file_facts.hpp"
#include "os/paths.hpp"
#include "vrambudget/io/settings_file.hpp"
#include "vrambudget/request/typed.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& o, const char* key) {
  const json::value* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : "";
}

std::optional<bytes> size_of(const json::object& o, const char* key) {
  const json::value* v = o.if_contains(key);
  boost::system::error_code none;
  const auto n = v ? v->to_number<std::uint64_t>(none) : 0;
  if (v == nullptr || none || n > std::uint64_t{1} << 62) return std::nullopt;
  return bytes{n};
}

const json::array& list_of(const json::object& o, const char* key) {
  static const json::array none;
  const json::value* v = o.if_contains(key);
  return v && v->is_array() ? v->get_array() : none;
}

/// The context and what rounding added to the buffers; a term that was not measured leaves nothing.
std::optional<calibration_measurement> from_buffers(const json::array& buffers) {
  calibration_measurement m;
  bool has_context = false;
  for (const json::value& v : buffers) {
    if (!v.is_object()) return std::nullopt;
    const json::object& o = v.get_object();
    const auto predicted = size_of(o, "predicted_bytes"), taken = size_of(o, "taken_bytes");
    if (!predicted || !taken) return std::nullopt;
    m.used += *taken;
    if (text_of(o, "term") == name(term_kind::driver_context))
      has_context = true;
    else
      m.buffers += *predicted;
  }
  if (!has_context) return std::nullopt;
  return m;
}

std::optional<calibration_measurement> from_device(const json::object& o) {
  if (const json::array& buffers = list_of(o, "buffers"); !buffers.empty())
    return from_buffers(buffers);
  const auto context = size_of(o, "driver_context_bytes");
  if (!context) return std::nullopt;
  calibration_measurement m;
  m.used = *context;
  return m;
}

}  // namespace

std::string day_of(std::chrono::sys_seconds time) {
  const std::chrono::year_month_day d(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()),
                     static_cast<unsigned>(d.month()), static_cast<unsigned>(d.day()));
}

std::string today() {
  return day_of(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

result<read_size> parse_reading(std::string_view typed) {
  const auto size = parse_size(typed);
  if (!size) return size.error();
  const std::size_t unit_at = typed.find_first_not_of("0123456789.");
  const std::string unit(unit_at == typed.npos ? "" : typed.substr(unit_at));
  const auto one = parse_size("1" + unit);
  if (!one) return error{errc::invalid_argument, "'" + std::string(typed) + "': write it out"};
  const std::size_t dot = typed.find('.'), end = std::min(unit_at, typed.size());
  const std::size_t decimals = dot < end ? end - dot - 1 : 0;
  const double step =
      static_cast<double>(one->count) * std::pow(10.0, -static_cast<double>(decimals));
  return read_size{*size, {static_cast<std::uint64_t>(step / 2)}};
}

result<calibration_measurement> measurement_of(const device_budget& plan, read_size used,
                                               bool loaded) {
  calibration_measurement m;
  m.used = used.size;
  m.resolution = used.resolution;
  for (const term& t : plan.terms) {
    if (t.kind == term_kind::driver_context) continue;
    if (t.kind == term_kind::pool) {
      if (!loaded) m.pool = t.size;
      continue;
    }
    if (t.basis != basis::exact)
      return error{errc::invalid_argument,
                   fmt::format("{}: {} of this run is not exact but {}, so nothing can be told of "
                               "the rest",
                               name(plan.id), name(t.kind), name(t.basis))};
    m.buffers += t.size;
  }
  return m;
}

result<std::vector<card_measurement>> recorded_contexts(const std::string& file,
                                                        operating_system system) {
  const auto text = read_settings(file);
  if (!text) return text.error();
  if (!*text) return error{errc::io, file + ": there is no such file"};
  boost::system::error_code damaged;
  const json::value parsed = json::parse(**text, damaged);
  if (damaged || !parsed.is_object() || !parsed.get_object().contains("devices"))
    return error{errc::bad_format, file + ": is no recording of vrambudget probe"};
  const json::object& recording = parsed.get_object();
  if (const auto schema = size_of(recording, "schema"); schema && schema->count != 1)
    return error{errc::unsupported, fmt::format("{}: has schema {}, this version reads schema 1",
                                                file, schema->count)};

  std::string date = text_of(recording, "date").substr(0, 10);
  const auto facts = detail::facts_of(file);
  if (date.empty())
    date = facts ? day_of(std::chrono::sys_seconds(std::chrono::seconds(facts->seconds))) : today();
  system = find_operating_system(text_of(recording, "os")).value_or(system);
  std::vector<card_measurement> all;
  const auto add = [&](const json::array& devices, const std::string& of) -> result<void> {
    for (const json::value& v : devices) {
      if (!v.is_object()) continue;
      auto m = from_device(v.get_object());
      const std::string gpu = text_of(v.get_object(), "gpu");
      if (!m || gpu.empty()) continue;
      if (const auto total = size_of(v.get_object(), "total_bytes"); total && m->used > *total)
        return error{errc::bad_format, fmt::format("{}: {} bytes were measured on {}, which has {}",
                                                   file, m->used.count, gpu, total->count)};
      m->date = date;
      m->source = detail::name_in(file) + ": " + text_of(v.get_object(), "id") + of;
      all.push_back({{gpu, system, text_of(recording, "driver"), {}, {}}, std::move(*m)});
    }
    return {};
  };
  // buffers taken tell more than a context alone
  for (const json::value& taken : list_of(recording, "allocations")) {
    if (!taken.is_object()) continue;
    const json::object& plan = taken.get_object();
    const std::string of = fmt::format(", {} {}", text_of(plan, "model"), text_of(plan, "run"));
    if (const auto ok = add(list_of(plan, "devices"), of); !ok) return ok.error();
  }
  if (all.empty())
    if (const auto ok = add(list_of(recording, "devices"), ""); !ok) return ok.error();
  if (all.empty()) return error{errc::bad_format, file + ": no driver context was measured in it"};
  return all;
}

}  // namespace vrambudget::request
