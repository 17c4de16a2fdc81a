// Another chat template in a GGUF file on this disk, and the old header back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// How a header comes to be another.
enum class header_method : std::uint8_t {
  unchanged,  ///< it is as wanted already
  in_place,   ///< it takes no more room
  blocks,     ///< the file system puts blocks before the data, or takes them out
  copy        ///< a new file is written and takes the name
};

/// "unchanged", "in place", "blocks", "copy".
[[nodiscard]] std::string_view text_of(header_method m);

/// What is done to the file when a step is over. A process that ends at any of them leaves what is said.
enum class header_step : std::uint8_t {
  staged,   ///< the old header lies in FILE.header-change; the file is as before
  resized,  ///< blocks were put in or taken out; the other of two processes goes on
  half,     ///< half of the new header is written; the same
  written,  ///< the file is as after
  copying,  ///< part of the data is in FILE.header-new; the file is as before
  renamed,  ///< the file is as after
  kept      ///< the old header lies in FILE.header-backup
};

struct header_change_options {
  bool force = false;                      ///< also a file whose name is the hash of its content
  std::optional<header_method> only = {};  ///< no other way than this one
  std::function<void(bytes done, bytes all)> progress = {};  ///< of a copy
  std::function<void(header_step)> after =
      {};  ///< called in the process that took the step; for tests
};

struct header_change {
  header_method how = header_method::unchanged;
  bytes header_before, header_after;  ///< where the data begin
  std::string path;                   ///< the file, with symbolic links followed
  std::string backup = {};            ///< where the old header lies; empty: nowhere
  bool undid_another = false;         ///< a change that was interrupted was undone first
};

/// Replaces `tokenizer.chat_template` of a file, or of the first file of a set, and keeps all else as it is. The header
/// of before is kept as FILE.header-backup unless there is one already, so that it is the first one's. While the header
/// is written two processes see to it: if one is ended, the other ends the work. If both are, or the machine stops,
/// FILE.header-change has what the next call here, or restore_header(), undoes it with.
///
/// Errors: bad_format        a template that is no UTF-8; no GGUF file
///         limit             a header that would be larger than gguf::max_header
///         invalid_argument  another file of a set than its first; a file in a cache whose names are hashes, without `force`
///         io                it cannot be opened for writing, is open elsewhere or locked, changes meanwhile, the disk is
///                           full; the file is then as it was
[[nodiscard]] result<header_change> set_chat_template(const std::string& path,
                                                      std::string_view source,
                                                      const header_change_options& options = {});

/// Undoes a change that was interrupted, and writes the header of FILE.header-backup back.
///
/// Errors: not_found  there is neither;  bad_format  the backup is damaged, or another file's
///         those of set_chat_template()
[[nodiscard]] result<header_change> restore_header(const std::string& path,
                                                   const header_change_options& options = {});

}  // namespace vrambudget
