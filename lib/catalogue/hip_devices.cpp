#include "vrambudget/catalogue/hip_devices.hpp"

#include <charconv>
#include <string_view>

#include "catalogue/chip_device.hpp"

namespace vrambudget {

std::optional<hip::gfx> gfx_of(const other_gpu& gpu) {
  std::string_view number = gpu.architecture;
  if (!number.starts_with("gfx")) return std::nullopt;
  number.remove_prefix(3);
  hip::gfx n = 0;
  const auto [rest, failed] = std::from_chars(number.data(), number.data() + number.size(), n, 16);
  if (failed != std::errc{} || rest != number.data() + number.size()) return std::nullopt;
  return n;
}

device hip_device(const other_gpu& gpu, bytes memory, const surroundings& around) {
  device d = detail::chip_device(gpu, memory, gpu.hip_totals, around.system);
  d.backend = backend_kind::hip;
  d.gfx = gfx_of(gpu).value_or(0);
  d.n_sm = gpu.n_unit.value_or(0);
  d.driver_context = {bytes{}, 253_MiB, 450_MiB, basis::assumed,
                      "what ROCm's cards had in use besides the engine's buffers: 253 MiB on three, "
                      "313 and 353 on others"};
  return d;
}

}  // namespace vrambudget
