// The GPUs that a log names.
#include <string>
#include <string_view>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

/// "Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24124 MiB" and
/// "using device CUDA0 (NVIDIA GeForce RTX 3090) (0000:01:00.0) - 23800 MiB free".
bool log_line_reader::read_device(std::string_view text) {
  if (const std::size_t at = text.find("using device "); at != text.npos)
    return read_used_device(text.substr(at + 13));
  const std::size_t at = text.find("Device ");
  return at != text.npos && read_found_device(text.substr(at + 7));
}

bool log_line_reader::read_used_device(std::string_view rest) {
  const std::string_view id = take_word(rest);
  if (id.empty()) return false;
  log_device& d = device(id);
  d.used = true;
  if (const auto name = between(rest, "(", ")"); name && d.name.empty()) d.name = *name;
  if (const std::size_t dash = rest.rfind(" - "); dash != rest.npos) {
    std::string_view size = rest.substr(dash + 3);
    if (const auto mib = take_number(size); mib && *mib < (1u << 30) && skip(size, "MiB free"))
      d.free = bytes{*mib << 20};
  }
  return true;
}

bool log_line_reader::read_found_device(std::string_view rest) {
  const auto n = take_u32(rest);
  if (!n || *n > 63 || !skip(rest, ":")) return false;
  const std::size_t cc = rest.find(", compute capability ");
  if (cc == rest.npos) return false;
  log_device& d = device("CUDA" + std::to_string(*n));
  d.name = trimmed(rest.substr(0, cc));
  rest.remove_prefix(cc + 21);
  const auto major = take_u32(rest);
  if (major && *major < 100 && skip(rest, ".")) {
    const auto minor = take_u32(rest);
    d.cc = *major * 100 + (minor && *minor < 10 ? *minor * 10 : 0);
  }
  if (const std::size_t vram = rest.find("VRAM: "); vram != rest.npos) {
    rest.remove_prefix(vram + 6);
    if (const auto mib = take_number(rest); mib && *mib < (1u << 30)) d.total = bytes{*mib << 20};
  }
  return true;
}

}  // namespace vrambudget
