// Recordings: their JSON, and files that are there whole or not at all.
#include "recording.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "report/live_devices.hpp"
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
    out += json::serialize(v);
  } else if (v.is_object()) {
    const char* before = "{";
    for (const auto& [key, member] : v.get_object()) {
      out += fmt::format("{}\n{}{}: ", before, margin, json::serialize(key));
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
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
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
  const std::string beside = fmt::format("{}.{}", file, ::getpid());
  std::error_code failed;
  errno = 0;
  std::ofstream out(beside, std::ios::binary);
  out << text << '\n';
  out.close();
  const int why = errno;
  if (out) std::filesystem::rename(beside, file, failed);
  if (out && !failed) return;
  std::error_code ignored;
  std::filesystem::remove(beside, ignored);
  throw failure{bad_input,
                fmt::format("{}: {}", file, failed ? failed.message() : std::strerror(why))};
}

}  // namespace vrambudget::cli
