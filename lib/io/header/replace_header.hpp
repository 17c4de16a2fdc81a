// A file's header replaced by another, in the way that the file system allows, and undone where it fails.
#pragma once

#include <functional>
#include <vector>

#include "io/header/target_file.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/io/header_change.hpp"

namespace vrambudget::detail {

/// What blocks before the data are made of: the file system's, and the data's alignment. 0: none can be.
[[nodiscard]] std::uint64_t block_size_of(const target_file& f);

/// Undoes what FILE.header-change tells of, or lets it be where it was over. Whether there was something to undo; the
/// header is then to be read anew.
/// Errors: bad_format  it is another file's;  io
[[nodiscard]] result<bool> undo_interrupted(target_file& f, const header_change_options& options);

/// The file then begins with `header`, at whose end the data are; FILE.header-change has the old one.
/// Errors: io; the file is as it was, and nothing lies beside it
[[nodiscard]] result<header_method> replace_header(target_file& f,
                                                   const std::vector<std::byte>& header,
                                                   const header_change_options& options);

}  // namespace vrambudget::detail
