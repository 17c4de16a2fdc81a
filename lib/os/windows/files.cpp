#include "os/files.hpp"

#include <algorithm>
#include <cerrno>

#include "os/descriptor.hpp"
#include "os/file_facts.hpp"
#include "os/windows/wide.hpp"

namespace vrambudget::detail {

bool is_there(const std::string& path) {
  return ::GetFileAttributesW(wide_path(path).c_str()) != INVALID_FILE_ATTRIBUTES;
}

bool is_missing(const std::string& path) {
  if (is_there(path)) return false;
  failed();
  return errno == ENOENT || errno == ENOTDIR;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  WIN32_FIND_DATAW entry{};
  const HANDLE search = ::FindFirstFileW(wide_path(folder + "/*").c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) return names;
  do {
    if (const std::string name = narrow(entry.cFileName); name != "." && name != "..") names.push_back(name);
  } while (::FindNextFileW(search, &entry));
  ::FindClose(search);
  std::sort(names.begin(), names.end());
  return names;
}

std::string real_path(const std::string& path) {
  const descriptor file = open_to_read(path);
  if (!file.is_open()) return {};
  std::wstring real(::GetFinalPathNameByHandleW(handle_of(file.get()), nullptr, 0, 0), L'\0');
  real.resize(::GetFinalPathNameByHandleW(handle_of(file.get()), real.data(), static_cast<DWORD>(real.size()), 0));
  if (real.empty()) {
    failed();
    return {};
  }
  constexpr std::wstring_view local = L"\\\\?\\", network = L"\\\\?\\UNC\\";
  if (real.starts_with(network))
    real.replace(0, network.size(), L"\\\\");
  else if (real.starts_with(local))
    real.erase(0, local.size());
  return narrow(real);
}

bool remove_file(const std::string& path) { return ::DeleteFileW(wide_path(path).c_str()) || failed(); }

bool rename_file(const std::string& from, const std::string& to) {
  return ::MoveFileExW(wide_path(from).c_str(), wide_path(to).c_str(),
                       MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) ||
         failed();
}

// of this user's profile, where these folders lie, nobody else reads
bool make_folder(const std::string& path) { return ::CreateDirectoryW(wide_path(path).c_str(), nullptr) || failed(); }

void make_private(const std::string&) {}

void touch(const std::string& path) {
  const HANDLE h = ::CreateFileW(wide_path(path).c_str(), FILE_WRITE_ATTRIBUTES,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING, 0,
                                 nullptr);
  if (h == INVALID_HANDLE_VALUE) return;
  FILETIME now{};
  ::GetSystemTimeAsFileTime(&now);
  ::SetFileTime(h, nullptr, nullptr, &now);
  ::CloseHandle(h);
}

std::FILE* open_stream(const std::string& path) { return ::_wfopen(wide_path(path).c_str(), L"rb"); }

}  // namespace vrambudget::detail
