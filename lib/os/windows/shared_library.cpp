#include "os/shared_library.hpp"

#include <iterator>

#include "os/windows/wide.hpp"

namespace vrambudget::detail {
namespace {

/// The system's words about a library on one line, without the full stop.
std::string words_for(DWORD code, const char* name) {
  wchar_t text[512];
  std::wstring library = wide(name);
  DWORD_PTR inserts[] = {reinterpret_cast<DWORD_PTR>(library.data())};
  const DWORD n = ::FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_ARGUMENT_ARRAY, nullptr, code, 0, text,
                                   static_cast<DWORD>(std::size(text)), reinterpret_cast<va_list*>(inserts));
  std::string words = narrow({text, n});
  while (!words.empty() && (words.back() == '\n' || words.back() == '\r' || words.back() == '.' || words.back() == ' '))
    words.pop_back();
  return words.empty() ? "error " + std::to_string(code) : words;
}

}  // namespace

// of the system and of the program alone: whatever lies in the folder where somebody calls it is not run
shared_library::shared_library(const char* name)
    : name_(name),
      handle_(::LoadLibraryExW(wide(name).c_str(), nullptr,
                               LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32)) {
  if (handle_ == nullptr) problem_ = name_ + ": " + words_for(::GetLastError(), name);
}

void* shared_library::address_of(const char* symbol) const {
  if (handle_ == nullptr) return nullptr;
  return reinterpret_cast<void*>(::GetProcAddress(static_cast<HMODULE>(handle_), symbol));
}

result<void> shared_library::check() const {
  if (!problem_.empty()) return error{errc::io, problem_};
  return {};
}

}  // namespace vrambudget::detail
