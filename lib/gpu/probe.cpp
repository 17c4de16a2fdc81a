// Asks the driver and NVML about each device.
#include "vrambudget/gpu/probe.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "primary_context.hpp"

namespace vrambudget {
namespace {

/// What NVML knows of one device; nothing where it does not know it, or where its numbers would be
/// those of a card that is cut into instances (MIG).
class card {
 public:
  card(const nvml_api* nvml, const char* pci_bus_id) : nvml_(nvml) {
    if (nvml_ == nullptr) return;
    if (nvml_->nvmlDeviceGetHandleByPciBusId(pci_bus_id, &handle_) != nvml_api::success)
      nvml_ = nullptr;
    unsigned current = 0, pending = 0;
    if (nvml_ != nullptr && nvml_->nvmlDeviceGetMigMode != nullptr &&
        nvml_->nvmlDeviceGetMigMode(handle_, &current, &pending) == nvml_api::success &&
        current != 0)
      nvml_ = nullptr;
  }

  [[nodiscard]] std::optional<nvml_api::memory_v2> memory() const {
    nvml_api::memory_v2 m;
    if (nvml_ == nullptr || nvml_->nvmlDeviceGetMemoryInfo_v2 == nullptr ||
        nvml_->nvmlDeviceGetMemoryInfo_v2(handle_, &m) != nvml_api::success)
      return std::nullopt;
    return m;
  }
  /// Good for differences: older drivers count what they reserve too.
  [[nodiscard]] std::optional<bytes> used() const {
    if (const auto m = memory()) return bytes{m->used};
    nvml_api::memory_v1 m;
    if (nvml_ == nullptr || nvml_->nvmlDeviceGetMemoryInfo(handle_, &m) != nvml_api::success)
      return std::nullopt;
    return bytes{m.used};
  }

 private:
  const nvml_api* nvml_;
  nvml_api::handle handle_ = nullptr;
};

/// Growth, if there was any: none means that the counter does not show it.
std::optional<bytes> grown(std::optional<bytes> before, std::optional<bytes> after) {
  if (!before || !after || *after <= *before) return std::nullopt;
  return saturating_sub(*after, *before);
}

/// Asks about one device. What it holds is given back.
class device_probe {
 public:
  device_probe(const driver_api& cuda, int index) : cuda_(cuda), on_(cuda, index) {}

  result<live_device> ask(const nvml_api* nvml) {
    live_device d;
    if (auto r = on_.find(); !r) return r.error();
    if (auto r = read_facts(d.gpu); !r) return r.error();
    std::array<char, 32> pci_bus_id{};
    if (auto r = on_.ok("cuDeviceGetPCIBusId",
                        cuda_.cuDeviceGetPCIBusId(
                            pci_bus_id.data(), static_cast<int>(pci_bus_id.size()), on_.device()));
        !r)
      return r.error();

    const card by_nvml(nvml, pci_bus_id.data());
    if (const auto m = by_nvml.memory()) {
      d.reserved = bytes{m->reserved};
      d.used_by_others = bytes{m->used};
    }
    const auto before = by_nvml.used();
    if (auto r = on_.open(); !r) return r.error();
    d.context = grown(before, by_nvml.used());
    if (auto r = read_memory(d.gpu); !r) return r.error();
    if (auto r = read_granularity(d); !r) return r.error();
    if (!d.context)
      if (auto r = second_context(d); !r) return r.error();
    if (d.context) d.gpu.free = std::min(d.gpu.total, d.gpu.free + *d.context);
    return d;
  }

 private:
  result<void> read_facts(device& d) {
    std::array<char, 256> name{};
    if (auto r = on_.ok(
            "cuDeviceGetName",
            cuda_.cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, on_.device()));
        !r)
      return r;
    int n_sm = 0, major = 0, minor = 0;
    const std::pair<int*, driver_api::attribute> wanted[] = {
        {&n_sm, driver_api::multiprocessor_count},
        {&major, driver_api::compute_capability_major},
        {&minor, driver_api::compute_capability_minor}};
    for (const auto& [value, attribute] : wanted)
      if (auto r = on_.ok("cuDeviceGetAttribute",
                          cuda_.cuDeviceGetAttribute(value, attribute, on_.device()));
          !r)
        return r;
    d.name = name.data();
    d.n_sm = static_cast<std::uint32_t>(n_sm);
    d.cc = static_cast<std::uint32_t>(major * 100 + minor * 10);
    return {};
  }

  result<void> read_memory(device& d) {
    std::size_t free = 0, total = 0;
    if (auto r = on_.ok("cuMemGetInfo", cuda_.cuMemGetInfo(&free, &total)); !r) return r;
    if (free > total)
      return error{errc::io, on_.name() + ": the driver reports " + std::to_string(free) +
                                 " bytes free of " + std::to_string(total)};
    d.free = {free};
    d.total = {total};
    return {};
  }

  result<void> read_granularity(live_device& d) {
    if (cuda_.cuMemGetAllocationGranularity == nullptr) return {};
    driver_api::allocation_properties p;
    p.location_id = on_.device();
    std::size_t size = 0;
    const int status = cuda_.cuMemGetAllocationGranularity(&size, &p, 0);
    if (status == driver_api::not_supported) return {};
    if (auto r = on_.ok("cuMemGetAllocationGranularity", status); !r) return r;
    d.granularity = bytes{size};
    return {};
  }

  /// The context's cost without NVML: what a second one takes. A full or exclusive device has no room
  /// for one.
  result<void> second_context(live_device& d) {
    driver_api::context context = nullptr;
    if (cuda_.cuCtxCreate(&context, 0, on_.device()) != driver_api::success) return {};
    std::size_t free = 0, total = 0;
    const auto known = on_.ok("cuMemGetInfo", cuda_.cuMemGetInfo(&free, &total));
    const auto gone = on_.ok("cuCtxDestroy", cuda_.cuCtxDestroy(context));
    if (!known) return known;
    if (!gone) return gone;
    d.context = grown(bytes{free}, d.gpu.free);
    return {};
  }

  const driver_api& cuda_;
  detail::primary_context on_;
};

}  // namespace

error driver_error(const driver_api& cuda, const std::string& what, int status) {
  const char* name = nullptr;
  if (cuda.cuGetErrorName(status, &name) != driver_api::success || name == nullptr)
    name = "unknown error";
  return {errc::io, what + ": " + name + " (" + std::to_string(status) + ")"};
}

driver_version version_of(const driver_api& cuda, const nvml_api* nvml) {
  driver_version v;
  int number = 0;  // 12040 is 12.4
  if (cuda.cuDriverGetVersion != nullptr &&
      cuda.cuDriverGetVersion(&number) == driver_api::success && number > 0)
    v.cuda = std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
  std::array<char, 80> text{};  // NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE
  if (nvml == nullptr || nvml->nvmlSystemGetDriverVersion == nullptr ||
      nvml->nvmlInit() != nvml_api::success)
    return v;
  if (nvml->nvmlSystemGetDriverVersion(text.data(), static_cast<unsigned>(text.size()) - 1) ==
          nvml_api::success &&
      text[0] != '\0')
    v.driver = text.data();
  nvml->nvmlShutdown();
  return v;
}

result<std::vector<live_device>> probe_devices(const driver_api& cuda, const nvml_api* nvml) {
  int n = 0;
  if (const int s = cuda.cuInit(0); s != driver_api::success)
    return driver_error(cuda, "cuInit", s);
  if (const int s = cuda.cuDeviceGetCount(&n); s != driver_api::success)
    return driver_error(cuda, "cuDeviceGetCount", s);
  if (n <= 0) return error{errc::io, "the CUDA driver has no devices"};
  const bool managed = nvml != nullptr && nvml->nvmlInit() == nvml_api::success;
  std::vector<live_device> all;
  result<void> asked;
  for (int i = 0; i < n && asked; ++i) {
    auto d = device_probe(cuda, i).ask(managed ? nvml : nullptr);
    if (d)
      all.push_back(std::move(*d));
    else
      asked = d.error();
  }
  if (managed) nvml->nvmlShutdown();
  if (!asked) return asked.error();
  return all;
}

}  // namespace vrambudget
