// A kept calibration: what can be read is written the same again.
#include "planning.hpp"
#include "vrambudget/io/calibration_json.hpp"

using namespace vrambudget;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto all = read_calibration({reinterpret_cast<const char*>(data), size});
  if (!fuzz::holds(all)) return 0;
  const std::string written = calibration_json(*all);
  const auto again = read_calibration(written);
  fuzz::require(again && calibration_json(*again) == written);
  return 0;
}
