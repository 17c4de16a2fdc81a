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
      : cuda_(cuda), name_("CUDA" + std::to_string(index) + ": ") {}
  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;
  ~holder() {
    for (const driver_api::address a : taken_) cuda_.cuMemFree(a);
    if (!has_context_) return;
    cuda_.cuCtxSetCurrent(nullptr);
    cuda_.cuDevicePrimaryCtxRelease(device_);
  }

  result<void> open(int index) {
    if (auto r = ok("cuDeviceGet", cuda_.cuDeviceGet(&device_, index)); !r) return r;
    driver_api::context context = nullptr;
    if (auto r = ok("cuDevicePrimaryCtxRetain", cuda_.cuDevicePrimaryCtxRetain(&context, device_));
        !r)
      return r;
    has_context_ = true;
    return ok("cuCtxSetCurrent", cuda_.cuCtxSetCurrent(context));
  }

  /// Takes a buffer and writes to all of it.
  result<taken_buffer> take(const wanted_buffer& b) {
    const std::string what = b.name + " of " + std::to_string(b.size.count) + " bytes: ";
    const auto before = free_memory();
    if (!before) return before.error();
    if (*before < b.size + allocation_margin)
      return error{errc::limit, name_ + what + std::to_string(before->count) +
                                    " bytes are free, of which " +
                                    std::to_string(allocation_margin.count) + " are left alone"};
    driver_api::address address = 0;
    if (auto r = ok(what + "cuMemAlloc", cuda_.cuMemAlloc(&address, b.size.count)); !r)
      return r.error();
    taken_.push_back(address);
    if (auto r = ok(what + "cuMemsetD8", cuda_.cuMemsetD8(address, 0xA5, b.size.count)); !r)
      return r.error();
    if (auto r = ok(what + "cuCtxSynchronize", cuda_.cuCtxSynchronize()); !r) return r.error();
    const auto after = free_memory();
    if (!after) return after.error();
    return taken_buffer{*before, *after};
  }

 private:
  [[nodiscard]] result<void> ok(const std::string& function, int status) const {
    if (status == driver_api::success) return {};
    return driver_error(cuda_, name_ + function, status);
  }

  [[nodiscard]] result<bytes> free_memory() const {
    std::size_t free = 0, total = 0;
    if (auto r = ok("cuMemGetInfo", cuda_.cuMemGetInfo(&free, &total)); !r) return r.error();
    return bytes{free};
  }

  const driver_api& cuda_;
  std::string name_;
  int device_ = 0;
  bool has_context_ = false;
  std::vector<driver_api::address> taken_;
};

}  // namespace

result<std::vector<taken_buffer>> take_buffers(const driver_api& cuda, int index,
                                               std::span<const wanted_buffer> buffers,
                                               const std::function<bool()>& interrupted) {
  holder held(cuda, index);
  if (auto r = held.open(index); !r) return r.error();
  std::vector<taken_buffer> taken;
  for (const wanted_buffer& b : buffers) {
    if (interrupted()) return error{errc::io, "interrupted"};
    auto t = held.take(b);
    if (!t) return t.error();
    taken.push_back(*t);
  }
  return taken;
}

}  // namespace vrambudget
