#include "vrambudget/request/named_gpus.hpp"

#include <fmt/format.h>

#include <charconv>

#include "gpu/live_machine.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/request/kept_calibration.hpp"

namespace vrambudget::request {
namespace {

result<named_gpus> gpus_of_this_machine() {
  const auto live = this_machine();
  if (!live)
    return error{errc::invalid_argument,
                 "name a GPU to plan for: --gpu 3090 (vrambudget gpus lists them); none is here: " +
                     live.error().message};
  named_gpus all;
  all.driver = live->version.driver.value_or("");
  for (const live_device& d : live->devices) all.devices.push_back(to_device(d));
  return all;
}

/// "3090", or "2x3090".
result<void> add_named(std::vector<device>& all, const std::string& typed,
                       const surroundings& around) {
  std::size_t count = 1;
  std::string name = typed;
  const std::size_t x = typed.find_first_of("xX");
  if (x != std::string::npos && x > 0 && x <= 2 && typed.find_first_not_of("0123456789") == x) {
    std::from_chars(typed.data(), typed.data() + x, count);
    name = typed.substr(x + 1);
  }
  if (count == 0 || count > 16)
    return error{errc::invalid_argument, "--gpu " + typed + ": 1 to 16 GPUs of a kind"};
  const auto gpu = find_gpu(name);
  if (!gpu) return gpu.error();
  all.insert(all.end(), count, to_device(*gpu, around));
  return {};
}

/// What is held of a card is what is not free.
result<void> take_free(std::vector<device>& all, const std::vector<bytes>& free) {
  if (free.size() > all.size())
    return error{errc::invalid_argument,
                 fmt::format("--free has {} sizes for {} GPUs", free.size(), all.size())};
  for (std::size_t i = 0; i < free.size(); ++i) {
    all[i].free = free[i];
    const bytes held = saturating_sub(all[i].total, free[i]);
    all[i].others = measured_range{held, held, held, basis::exact, "the total less --free"};
  }
  return {};
}

}  // namespace

result<named_gpus> find_gpus(const gpu_request& q, const environment& here) {
  surroundings around;
  around.display = q.display;
  if (q.system) around.system = *q.system;
  named_gpus gpus;
  if (q.names.empty()) {
    auto live = gpus_of_this_machine();
    if (!live) return live.error();
    gpus = std::move(*live);
  }
  gpus.system = around.system;
  if (!q.driver.empty()) gpus.driver = q.driver;
  for (const std::string& typed : q.names)
    if (const auto added = add_named(gpus.devices, typed, around); !added) return added.error();
  if (const auto taken = take_free(gpus.devices, q.free); !taken) return taken.error();
  if (q.no_calibration) return gpus;
  if (const auto done = calibrate_devices(gpus, here); !done) return done.error();
  return gpus;
}

}  // namespace vrambudget::request
