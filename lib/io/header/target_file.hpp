// A GGUF file that is to get another header: open for nobody else, with the header that it has.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "io/regular_file.hpp"
#include "os/descriptor.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"

namespace vrambudget::detail {

/// The file. Its header, where one was read, is a view into `data`.
struct target_file {
  std::string path;  ///< with symbolic links followed
  descriptor file;
  file_facts facts = {};
  std::vector<std::byte> data = {};  ///< up to where the tensors' data begin
  std::optional<gguf::header> header = {};

  [[nodiscard]] std::uint64_t size() const { return facts.size; }
  [[nodiscard]] bool has_tensors() const { return !header->tensors().empty(); }
};

/// Opens a file for writing, locked and with a lease: whoever opens it meanwhile waits.
/// Errors: io  it cannot be, or somebody has it open;  invalid_argument  it lies among files named by their hashes
[[nodiscard]] result<target_file> open_target(const std::string& path, bool force);

/// Reads the header anew.
/// Errors: what gguf::header_extent() and gguf::parse() give;  limit  the data begin after gguf::max_header
[[nodiscard]] result<void> read_header(target_file& f);

/// Whether nothing was written to it since it was looked at.
[[nodiscard]] bool is_as_it_was(const target_file& f);

/// `size` bytes at `offset`; fewer at the end of the file.
[[nodiscard]] result<std::vector<std::byte>> read_at(const target_file& f, std::uint64_t offset,
                                                     std::uint64_t size);

/// Blocks of the data from all over it, to see whether they stay the same.
[[nodiscard]] result<std::vector<std::byte>> data_samples(const target_file& f, int fd,
                                                          std::uint64_t data_offset,
                                                          std::uint64_t size);

}  // namespace vrambudget::detail
