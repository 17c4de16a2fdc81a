// The GPUs that a log names.
#include <string>
#include <string_view>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

/// "Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24124 MiB" and
/// "using device CUDA0 (NVIDIA GeForce RTX 3090) (0000:01:00.0) - 23800 MiB free" and
/// "0 = AMD Radeon RX 7900 XTX (RADV NAVI31) (radv) | uma: 0 | fp16: 1 | ...".
bool log_line_reader::read_device(std::string_view text) {
  if (text.find(" | uma: ") != text.npos) return read_vulkan_device(text);
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

bool log_line_reader::read_vulkan_device(std::string_view text) {
  const std::size_t equals = text.find(" = "), bar = text.find(" | uma: ");
  if (equals == text.npos || equals > bar) return false;
  std::size_t start = equals;
  while (start > 0 && text[start - 1] >= '0' && text[start - 1] <= '9') --start;
  std::string_view number = text.substr(start, equals - start);
  const auto n = take_u32(number);
  if (!n || *n > 63) return false;
  log_device& d = device("Vulkan" + std::to_string(*n));
  const std::string_view name = text.substr(equals + 3, bar - equals - 3);
  d.name = trimmed(name.substr(0, name.rfind(" (")));  // without the driver's
  const auto has = [&](std::string_view what) -> std::optional<bool> {
    const std::size_t at = text.find(what, bar);
    if (at == text.npos || at + what.size() >= text.size()) return std::nullopt;
    return text[at + what.size()] == '1';
  };
  d.unified = has(" uma: ");
  d.has_fp16 = has(" fp16: ");
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
  d.maps_pool = rest.find("VMM: no") == rest.npos;
  if (const std::size_t vram = rest.find("VRAM: "); vram != rest.npos) {
    rest.remove_prefix(vram + 6);
    if (const auto mib = take_number(rest); mib && *mib < (1u << 30)) d.total = bytes{*mib << 20};
  }
  return true;
}

}  // namespace vrambudget
