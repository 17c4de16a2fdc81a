// Recordings and their JSON.
#include "recording.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>

#include "io/json_text.hpp"
#include "io/replaced_file.hpp"
#include "report/live_devices.hpp"
#include "request/measurements.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/os/this_system.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

/// Objects and arrays of objects are spread over lines, anything flat stays on one.
void spread(std::string& out, const json::value& v, std::size_t indent) {
  const auto is_flat = [](const json::value& x) {
    if (!x.is_object()) return !x.is_array() || x.get_array().empty();
    for (const auto& [key, member] : x.get_object())
      if (member.is_structured()) return false;
    return true;
  };
  const std::string margin(indent + 1, ' ');
  if (is_flat(v) && indent > 0) {
    out += json_text(v);
  } else if (v.is_object()) {
    const char* before = "{";
    for (const auto& [key, member] : v.get_object()) {
      out += fmt::format("{}\n{}{}: ", before, margin, json_text(key));
      spread(out, member, indent + 1);
      before = ",";
    }
    out += "}";
  } else {
    const char* before = "[";
    for (const json::value& member : v.get_array()) {
      out += fmt::format("{}\n{}", before, margin);
      spread(out, member, indent + 1);
      before = ",";
    }
    out += "]";
  }
}

std::string now_in_utc() {
  using namespace std::chrono;
  const auto now = floor<seconds>(system_clock::now());
  const hh_mm_ss time(now - floor<days>(now));
  return fmt::format("{}T{:02}:{:02}:{:02}Z", request::day_of(now), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

}  // namespace

json::object recording_of(const live_machine& machine, json::object allocation) {
  json::object r{{"schema", json_schema},
                 {"vrambudget", version},
                 {"date", now_in_utc()},
                 {"os", name(this_system())}};
  if (machine.version.driver) r["driver"] = *machine.version.driver;
  if (machine.version.cuda) r["cuda"] = *machine.version.cuda;
  json::array devices;
  for (std::size_t i = 0; i < machine.devices.size(); ++i)
    devices.push_back(device_json(i, machine.devices[i]));
  r["devices"] = std::move(devices);
  if (!allocation.empty()) r["allocations"] = json::array{std::move(allocation)};
  return r;
}

void write_recording(const std::string& file, const json::object& recording) {
  std::string text;
  spread(text, recording, 0);
  if (const auto ok = detail::replace_file(file, text + "\n", 0666); !ok)
    throw failure{bad_input, ok.error().message};
}

}  // namespace vrambudget::cli
