// Paths as texts, in UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace vrambudget::detail {

#ifdef _WIN32
inline constexpr std::string_view separators = "/\\";
#else
inline constexpr std::string_view separators = "/";
#endif

/// "model.gguf" of "models/model.gguf".
[[nodiscard]] inline std::string name_in(std::string_view path) {
  return std::string(path.substr(path.find_last_of(separators) + 1));  // npos + 1 is 0
}

/// "Qwen3-8B-Q4_K_M" of "models/Qwen3-8B-Q4_K_M.gguf".
[[nodiscard]] inline std::string stem_of(std::string_view path) {
  const std::string name = name_in(path);
  const std::size_t dot = name.rfind('.');
  return dot == name.npos || dot == 0 ? name : name.substr(0, dot);
}

/// "models" of "models/model.gguf", "/" of "/model.gguf"; empty: the folder this process is in.
[[nodiscard]] inline std::string folder_of(std::string_view path) {
  const std::size_t end = path.find_last_of(separators);
  if (end == path.npos) return {};
  const std::size_t last = path.find_last_not_of(separators, end);
  return std::string(path.substr(0, last == path.npos ? end + 1 : last + 1));
}

/// Whether it says where it is without the folder this process is in.
[[nodiscard]] inline bool is_absolute(std::string_view path) {
#ifdef _WIN32
  return path.starts_with("\\\\") || (path.size() > 2 && path[1] == ':' && separators.find(path[2]) != separators.npos);
#else
  return path.starts_with('/');
#endif
}

}  // namespace vrambudget::detail
