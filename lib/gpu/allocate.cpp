// Takes buffers on a device and gives them back.
#include "vrambudget/gpu/allocate.hpp"

#include <string>

#include "vrambudget/gpu/probe.hpp"

namespace vrambudget {
namespace {

/// A context on one device and what is taken in it; both are given back.
class holder {
 public:
  holder(const driver_api& cuda, int index)
      : cuda_(cuda), name_("CUDA" + std::to_string(index) + ": ") {
    driver_api::context context = nullptr;
    if (!ok("cuDeviceGet", cuda_.cuDeviceGet(&device_, index))) return;
    has_context_ =
        ok("cuDevicePrimaryCtxRetain", cuda_.cuDevicePrimaryCtxRetain(&context, device_));
    if (has_context_) ok("cuCtxSetCurrent", cuda_.cuCtxSetCurrent(context));
  }
  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;
  ~holder() {
    for (const driver_api::address a : taken_) cuda_.cuMemFree(a);
    if (!has_context_) return;
    cuda_.cuCtxSetCurrent(nullptr);
    cuda_.cuDevicePrimaryCtxRelease(device_);
  }

  [[nodiscard]] const std::optional<error>& failed() const { return failed_; }

  /// Takes a buffer and writes to all of it; what it gives means nothing once it failed().
  taken_buffer take(const wanted_buffer& b) {
    const std::string what = b.name + " of " + std::to_string(b.size.count) + " bytes: ";
    const bytes before = free_memory();
    if (!failed_ && before < b.size + allocation_margin)
      failed_ = error{errc::limit, name_ + what + std::to_string(before.count) +
                                       " bytes are free, of which " +
                                       std::to_string(allocation_margin.count) + " are left alone"};
    driver_api::address address = 0;
    if (failed_ || !ok(what + "cuMemAlloc", cuda_.cuMemAlloc(&address, b.size.count))) return {};
    taken_.push_back(address);
    if (!ok(what + "cuMemsetD8", cuda_.cuMemsetD8(address, 0xA5, b.size.count)) ||
        !ok(what + "cuCtxSynchronize", cuda_.cuCtxSynchronize()))
      return {};
    return {before, free_memory()};
  }

 private:
  bool ok(const std::string& function, int status) {
    if (status != driver_api::success && !failed_)
      failed_ = driver_error(cuda_, name_ + function, status);
    return status == driver_api::success;
  }

  bytes free_memory() {
    std::size_t free = 0, total = 0;
    ok("cuMemGetInfo", cuda_.cuMemGetInfo(&free, &total));
    return {free};
  }

  const driver_api& cuda_;
  std::string name_;
  int device_ = 0;
  bool has_context_ = false;
  std::vector<driver_api::address> taken_;
  std::optional<error> failed_;
};

}  // namespace

result<std::vector<taken_buffer>> take_buffers(const driver_api& cuda, int index,
                                               std::span<const wanted_buffer> buffers,
                                               const std::function<bool()>& interrupted) {
  holder held(cuda, index);
  std::vector<taken_buffer> taken;
  for (const wanted_buffer& b : buffers) {
    if (held.failed()) break;
    if (interrupted()) return error{errc::io, "interrupted"};
    taken.push_back(held.take(b));
  }
  if (held.failed()) return *held.failed();
  return taken;
}

}  // namespace vrambudget
