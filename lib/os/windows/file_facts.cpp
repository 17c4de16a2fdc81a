#include "os/file_facts.hpp"

#include <cerrno>

#include "os/descriptor.hpp"
#include "os/windows/wide.hpp"

namespace vrambudget::detail {
namespace {

constexpr std::int64_t ticks_a_second = 10'000'000;
constexpr std::int64_t seconds_before_1970 = 11'644'473'600;  // since 1601

std::uint64_t whole(DWORD high, DWORD low) { return std::uint64_t{high} << 32 | low; }

/// Pipes and consoles have no more than their kind.
std::optional<file_facts> facts_of(HANDLE h) {
  file_facts f;
  switch (::GetFileType(h)) {
    case FILE_TYPE_DISK:
      break;
    case FILE_TYPE_PIPE:
      f.kind = entry_kind::pipe;
      return f;
    default:
      f.kind = entry_kind::device;
      return f;
  }
  BY_HANDLE_FILE_INFORMATION info{};
  if (!::GetFileInformationByHandle(h, &info)) {
    failed();
    return std::nullopt;
  }
  if (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) f.kind = entry_kind::folder;
  f.device = info.dwVolumeSerialNumber;
  f.inode = whole(info.nFileIndexHigh, info.nFileIndexLow);
  f.size = f.on_disk = whole(info.nFileSizeHigh, info.nFileSizeLow);
  const auto ticks = static_cast<std::int64_t>(
      whole(info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime));
  f.seconds = ticks / ticks_a_second - seconds_before_1970;
  f.nanoseconds = ticks % ticks_a_second * 100;
  f.mode = info.dwFileAttributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0666;
  return f;
}

std::optional<file_facts> facts_at(const std::string& path, DWORD flags) {
  const HANDLE h = ::CreateFileW(wide_path(path).c_str(), FILE_READ_ATTRIBUTES,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                                 FILE_FLAG_BACKUP_SEMANTICS | flags, nullptr);
  if (h == INVALID_HANDLE_VALUE) {
    failed();
    return std::nullopt;
  }
  auto f = facts_of(h);
  ::CloseHandle(h);
  return f;
}

}  // namespace

std::optional<file_facts> facts_of(int fd) { return facts_of(handle_of(fd)); }

std::optional<file_facts> facts_of(const std::string& path) { return facts_at(path, 0); }

std::optional<file_facts> facts_of_link(const std::string& path) {
  return facts_at(path, FILE_FLAG_OPEN_REPARSE_POINT);
}

}  // namespace vrambudget::detail
