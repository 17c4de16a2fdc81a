// A number of the C runtime's for a handle of the system's.
#include "os/descriptor.hpp"

#include <fcntl.h>
#include <io.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "os/windows/wide.hpp"

namespace vrambudget::detail {
namespace {

constexpr DWORD with_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
// a folder is opened, too, and then told from a file; no service takes this user's rights from a pipe
constexpr DWORD flags = FILE_FLAG_BACKUP_SEMANTICS | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;

descriptor opened(const std::string& path, DWORD access, DWORD shared, DWORD how, DWORD more = 0) {
  const HANDLE h = ::CreateFileW(wide_path(path).c_str(), access, shared, nullptr, how,
                                 FILE_ATTRIBUTE_NORMAL | flags | more, nullptr);
  if (h == INVALID_HANDLE_VALUE) {
    failed();
    return descriptor(-1);
  }
  const int fd = ::_open_osfhandle(reinterpret_cast<intptr_t>(h), _O_BINARY | _O_NOINHERIT);
  if (fd < 0) ::CloseHandle(h);
  return descriptor(fd);
}

DWORD piece_of(std::size_t n) { return static_cast<DWORD>(std::min<std::size_t>(n, 1u << 30)); }

OVERLAPPED place_of(std::uint64_t offset) {
  OVERLAPPED at{};
  at.Offset = static_cast<DWORD>(offset);
  at.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return at;
}

}  // namespace

void descriptor::close() {
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::_close(fd);
}

descriptor open_to_read(const std::string& path) {
  return opened(path, GENERIC_READ, with_all, OPEN_EXISTING);
}

descriptor open_to_write(const std::string& path) {
  return opened(path, GENERIC_WRITE, with_all, OPEN_EXISTING);
}

descriptor open_to_change(const std::string& path) {
  return opened(path, GENERIC_READ | GENERIC_WRITE, 0, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT);
}

descriptor open_new(const std::string& path, unsigned) {
  return opened(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, CREATE_NEW);
}

descriptor open_or_make(const std::string& path, unsigned) {
  return opened(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, OPEN_ALWAYS,
                FILE_FLAG_OPEN_REPARSE_POINT);
}

std::int64_t read_some(int fd, std::span<std::byte> to) {
  DWORD got = 0;
  if (::ReadFile(handle_of(fd), to.data(), piece_of(to.size()), &got, nullptr)) return got;
  if (::GetLastError() == ERROR_BROKEN_PIPE) return 0;  // as pipes end
  failed();
  return -1;
}

std::int64_t read_at(int fd, std::span<std::byte> to, std::uint64_t offset) {
  std::size_t n = 0;
  while (n < to.size()) {
    OVERLAPPED at = place_of(offset + n);
    DWORD got = 0;
    if (!::ReadFile(handle_of(fd), to.data() + n, piece_of(to.size() - n), &got, &at)) {
      if (::GetLastError() == ERROR_HANDLE_EOF) break;
      failed();
      return -1;
    }
    if (got == 0) break;
    n += got;
  }
  return static_cast<std::int64_t>(n);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    DWORD done = 0;
    if (!::WriteFile(handle_of(fd), text.data(), piece_of(text.size()), &done, nullptr)) return failed();
    text.remove_prefix(done);
  }
  return true;
}

bool write_at(int fd, std::span<const std::byte> from, std::uint64_t offset) {
  while (!from.empty()) {
    OVERLAPPED at = place_of(offset);
    DWORD done = 0;
    if (!::WriteFile(handle_of(fd), from.data(), piece_of(from.size()), &done, &at)) return failed();
    from = from.subspan(done);
    offset += done;
  }
  return true;
}

bool resize(int fd, std::uint64_t size) {
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(size);
  return ::SetFileInformationByHandle(handle_of(fd), FileEndOfFileInfo, &end, sizeof end) || failed();
}

bool flush(int fd) { return ::FlushFileBuffers(handle_of(fd)) || failed(); }

bool lock(int fd) {
  // a byte that no file has: who reads or writes meets no lock
  OVERLAPPED at = place_of(std::uint64_t{std::numeric_limits<std::int64_t>::max()} - 1);
  if (::LockFileEx(handle_of(fd), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)) return true;
  failed();
  if (errno == EBUSY) errno = EWOULDBLOCK;
  return false;
}

}  // namespace vrambudget::detail
