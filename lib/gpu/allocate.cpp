// Takes buffers on a device and gives them back.
#include "vrambudget/gpu/allocate.hpp"

#include <string>

#include "primary_context.hpp"

namespace vrambudget {
namespace {

/// A context on one device and what is taken in it; both are given back.
class holder {
 public:
  holder(const driver_api& cuda, int index) : cuda_(cuda), on_(cuda, index) {}
  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;
  ~holder() {
    for (const driver_api::address a : taken_) cuda_.cuMemFree(a);
  }

  result<void> open() {
    if (auto r = on_.find(); !r) return r;
    return on_.open();
  }

  /// Takes a buffer and writes to all of it.
  result<taken_buffer> take(const wanted_buffer& b) {
    const std::string what = b.name + " of " + std::to_string(b.size.count) + " bytes: ";
    const auto before = free_memory();
    if (!before) return before.error();
    if (*before < b.size + allocation_margin)
      return error{errc::limit, on_.name() + ": " + what + std::to_string(before->count) +
                                    " bytes are free, of which " +
                                    std::to_string(allocation_margin.count) + " are left alone"};
    driver_api::address address = 0;
    if (auto r = on_.ok(what + "cuMemAlloc", cuda_.cuMemAlloc(&address, b.size.count)); !r)
      return r.error();
    taken_.push_back(address);
    if (auto r = on_.ok(what + "cuMemsetD8", cuda_.cuMemsetD8(address, 0xA5, b.size.count)); !r)
      return r.error();
    if (auto r = on_.ok(what + "cuCtxSynchronize", cuda_.cuCtxSynchronize()); !r) return r.error();
    const auto after = free_memory();
    if (!after) return after.error();
    return taken_buffer{*before, *after};
  }

 private:
  [[nodiscard]] result<bytes> free_memory() const {
    std::size_t free = 0, total = 0;
    if (auto r = on_.ok("cuMemGetInfo", cuda_.cuMemGetInfo(&free, &total)); !r) return r.error();
    return bytes{free};
  }

  const driver_api& cuda_;
  detail::primary_context on_;
  std::vector<driver_api::address> taken_;
};

}  // namespace

result<std::vector<taken_buffer>> take_buffers(const driver_api& cuda, int index,
                                               std::span<const wanted_buffer> buffers,
                                               const std::function<bool()>& interrupted) {
  holder held(cuda, index);
  if (auto r = held.open(); !r) return r.error();
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
