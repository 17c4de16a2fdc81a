// A device's primary context, kept while something is asked or taken in it.
#pragma once

#include <cstdint>
#include <string>

#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/gpu/driver_api.hpp"
#include "vrambudget/gpu/probe.hpp"

namespace vrambudget::detail {

/// One device by its number. What open() took is given back at the end; errors name the device.
class primary_context {
 public:
  primary_context(const driver_api& cuda, int index)
      : cuda_(cuda),
        name_(vrambudget::name({.index = static_cast<std::uint32_t>(index)})),
        index_(index) {}
  primary_context(const primary_context&) = delete;
  primary_context& operator=(const primary_context&) = delete;
  ~primary_context() {
    if (!is_open_) return;
    cuda_.cuCtxSetCurrent(nullptr);
    cuda_.cuDevicePrimaryCtxRelease(device_);
  }

  /// Finds the device; it has no context yet.
  /// Errors: io  the driver refuses
  [[nodiscard]] result<void> find() {
    return ok("cuDeviceGet", cuda_.cuDeviceGet(&device_, index_));
  }
  /// Makes the context of the device that was found current.
  /// Errors: io  the driver refuses
  [[nodiscard]] result<void> open() {
    driver_api::context context = nullptr;
    if (auto r = ok("cuDevicePrimaryCtxRetain", cuda_.cuDevicePrimaryCtxRetain(&context, device_));
        !r)
      return r;
    is_open_ = true;
    return ok("cuCtxSetCurrent", cuda_.cuCtxSetCurrent(context));
  }

  /// What a call of the driver gave, as a result.
  [[nodiscard]] result<void> ok(const std::string& function, int status) const {
    if (status == driver_api::success) return {};
    return driver_error(cuda_, name_ + ": " + function, status);
  }

  [[nodiscard]] const std::string& name() const { return name_; }  ///< "CUDA0"
  [[nodiscard]] int device() const { return device_; }             ///< the driver's number

 private:
  const driver_api& cuda_;
  std::string name_;
  int index_, device_ = 0;
  bool is_open_ = false;
};

}  // namespace vrambudget::detail
