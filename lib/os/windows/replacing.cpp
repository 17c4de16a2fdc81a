#include "os/replacing.hpp"

#include <cerrno>

#include "os/files.hpp"
#include "os/refused.hpp"
#include "os/windows/wide.hpp"

namespace vrambudget::detail {
namespace {

constexpr int n_tries = 100, wait_ms = 10;

/// Scanners of viruses and readers of the old file hold a name for moments.
bool rename_patiently(const std::string& from, const std::string& to) {
  for (int i = 0; !rename_file(from, to); ++i) {
    if (i == n_tries || (errno != EBUSY && errno != EACCES)) return false;
    ::Sleep(wait_ms);
  }
  return true;
}

}  // namespace

result<descriptor> open_beside(const std::string& path, const std::string& beside, unsigned mode) {
  descriptor file = open_or_make(beside, mode);
  if (!file.is_open()) return refused_by_system(path, "be written", errno);
  if (!lock(file.get()) && errno == EWOULDBLOCK)
    return error{errc::io, path + ": is being written by another process"};
  if (!resize(file.get(), 0)) return refused_by_system(path, "be written", errno);
  return file;
}

// nothing that is open can be renamed, nor a name be given away that an open file has
bool take_name(descriptor& written, const std::string& beside, const std::string& path) {
  written.close();
  return rename_patiently(beside, path);
}

bool take_name_of(descriptor& old, descriptor& written, const std::string& beside, const std::string& path) {
  old.close();
  return take_name(written, beside, path);
}

void sync_folder_of(const std::string&) {}  // MoveFileExW() has seen to it

// what is open cannot be removed
void remove_unless_written(const std::string& beside) { remove_file(beside); }

}  // namespace vrambudget::detail
