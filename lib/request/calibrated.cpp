#include "calibrated.hpp"

#include <algorithm>
#include <cstdlib>

#include "vrambudget/io/calibration_json.hpp"
#include "vrambudget/io/settings_file.hpp"

namespace vrambudget::request {
namespace {

result<calibration> read(const std::string& path, const std::optional<std::string>& text) {
  if (!text) return calibration{};
  auto all = read_calibration(*text);
  if (!all)
    return in_context(path, {all.error().code, all.error().message +
                                                   "; repair or remove it (plans go without it by "
                                                   "--no-calibration)"});
  return all;
}

}  // namespace

std::string calibration_path() {
  constexpr const char* name = "vrambudget/calibration.json";
  // the XDG base directory specification: relative paths do not count
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config && *config == '/')
    return std::string(config) + "/" + name;
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::string(home) + "/.config/" + name;
  return "";
}

calibration stored_calibration() {
  const std::string path = calibration_path();
  if (path.empty()) return {};
  const auto text = value_or_fail(read_settings(path), bad_input);
  return value_or_fail(read(path, text), bad_input);
}

calibration change_calibration(const std::function<void(calibration&)>& change) {
  const std::string path = calibration_path();
  if (path.empty()) throw failure{bad_input, "no folder to keep a calibration in: HOME is not set"};
  calibration all;
  const auto done = update_settings(path, [&](const auto& text) -> result<std::string> {
    auto present = read(path, text);
    if (!present) return present.error();
    all = std::move(*present);
    change(all);
    return calibration_json(all);
  });
  if (!done) throw failure{bad_input, done.error().message};
  return all;
}

void calibrate_devices(named_gpus& gpus) {
  const calibration stored = stored_calibration();
  std::vector<std::string>& notes = gpus.calibration_notes;
  for (device& d : gpus.devices) {
    const calibrated_device* c = find_calibration(stored, d.name, gpus.system, gpus.driver);
    if (c == nullptr) continue;
    d.driver_context = context_range(*c, gpus.driver);
    std::string note = d.name + ": driver_context " + d.driver_context.note;
    if (std::find(notes.begin(), notes.end(), note) == notes.end())
      notes.push_back(std::move(note));
  }
}

}  // namespace vrambudget::request
