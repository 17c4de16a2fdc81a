// What stands in folders, without opening it.
#pragma once

#include <string>
#include <vector>

namespace vrambudget::detail {

/// Whether there is anything at a path, as far as this process may see it.
[[nodiscard]] bool is_there(const std::string& path);

/// Whether there surely is nothing: one that may not be looked at is not missing.
[[nodiscard]] bool is_missing(const std::string& path);

/// The names in a folder, sorted, "." and ".." not among them; none where it cannot be read.
[[nodiscard]] std::vector<std::string> names_in(const std::string& folder);

/// "Qwen3-8B-Q4_K_M" of "models/Qwen3-8B-Q4_K_M.gguf".
[[nodiscard]] std::string stem_of(const std::string& path);

}  // namespace vrambudget::detail
