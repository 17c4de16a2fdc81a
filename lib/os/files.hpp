// Files by their paths, which are UTF-8 here. What fails says why in errno, on every system.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace vrambudget::detail {

/// Whether there is anything at a path, as far as this process may see it.
[[nodiscard]] bool is_there(const std::string& path);

/// Whether there surely is nothing: one that may not be looked at is not missing.
[[nodiscard]] bool is_missing(const std::string& path);

/// The names in a folder, sorted, "." and ".." not among them; none where it cannot be read.
[[nodiscard]] std::vector<std::string> names_in(const std::string& folder);

/// The path with links followed; empty: there is none such.
[[nodiscard]] std::string real_path(const std::string& path);

/// Removes a file.
bool remove_file(const std::string& path);

/// Gives a file another name, which may be another file's until then.
[[nodiscard]] bool rename_file(const std::string& from, const std::string& to);

/// Makes a folder that nobody else may look into.
[[nodiscard]] bool make_folder(const std::string& path);

/// Nobody else may look into it any more.
void make_private(const std::string& folder);

/// Says that a file was used now.
void touch(const std::string& path);

/// For reading, as C has it; null: it cannot be opened. A pipe is waited at.
[[nodiscard]] std::FILE* open_stream(const std::string& path);

}  // namespace vrambudget::detail
