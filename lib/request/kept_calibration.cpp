#include "vrambudget/request/kept_calibration.hpp"

#include <algorithm>

#include "vrambudget/catalogue/overheads.hpp"
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

std::string calibration_path(const environment& around) {
  const std::string& folder = around.config_folder;
  return folder.empty() ? "" : folder + "/vrambudget/calibration.json";
}

result<calibration> stored_calibration(const environment& around) {
  const std::string path = calibration_path(around);
  if (path.empty()) return calibration{};
  const auto text = read_settings(path);
  return text ? read(path, *text) : result<calibration>(text.error());
}

result<calibration> change_calibration(const environment& around,
                                       const std::function<result<void>(calibration&)>& change) {
  const std::string path = calibration_path(around);
  if (path.empty()) return error{errc::io, "no folder to keep a calibration in: HOME is not set"};
  calibration all;
  const auto done = update_settings(path, [&](const auto& text) -> result<std::string> {
    auto present = read(path, text);
    if (!present) return present.error();
    all = std::move(*present);
    if (const auto changed = change(all); !changed) return changed.error();
    return calibration_json(all);
  });
  if (!done) return done.error();
  return all;
}

result<void> calibrate_devices(named_gpus& gpus, const environment& around) {
  const auto stored = stored_calibration(around);
  std::vector<std::string>& notes = gpus.notes;
  if (!stored) {
    if (stored.error().code != errc::io) return stored.error();
    notes.push_back(stored.error().message +
                    "; planned without a calibration");  // in a sandbox, say
    return {};
  }
  for (device& d : gpus.devices) {
    if (d.backend != backend_kind::cuda) continue;  // CUDA's contexts were measured
    const calibrated_device* c = find_calibration(*stored, d.name, gpus.system, gpus.driver);
    if (c == nullptr) continue;
    d.driver_context = context_range(*c, gpus.driver, driver_context_of(d.cc, d.n_sm));
    std::string note = d.name + ": driver_context " + d.driver_context.note;
    if (std::find(notes.begin(), notes.end(), note) == notes.end())
      notes.push_back(std::move(note));
  }
  return {};
}

}  // namespace vrambudget::request
