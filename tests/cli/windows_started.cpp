// Programs on Windows, whose headers have macros that others' names clash with: nothing but this file sees them.
#include "started.hpp"

#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <map>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

/// Words of a shell's line: blanks part them unless they stand in quotes.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> all;
  bool is_in = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0 ? c == quote : c == '\'' || c == '"') {
      quote = quote != 0 ? 0 : c;
      if (!is_in) all.emplace_back();
      is_in = true;
    } else if (quote == 0 && (c == ' ' || c == '\n')) {
      is_in = false;
    } else {
      if (!is_in) all.emplace_back();
      is_in = true;
      all.back() += c;
    }
  }
  return all;
}

std::wstring wide(const std::string& s) {
  std::wstring w(static_cast<std::size_t>(
                     ::MultiByteToWideChar(CP_UTF8, 0, s.data(), static_cast<int>(s.size()), nullptr, 0)),
                 L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, s.data(), static_cast<int>(s.size()), w.data(), static_cast<int>(w.size()));
  return w;
}

/// As CommandLineToArgvW() reads it back.
std::string quoted(const std::string& word) {
  std::string q = "\"";
  std::size_t n_slash = 0;
  for (const char c : word) {
    if (c == '"') q.append(n_slash + 1, '\\');
    n_slash = c == '\\' ? n_slash + 1 : 0;
    q += c;
  }
  return q.append(n_slash, '\\') + "\"";
}

/// This process' variables with others: of what POSIX calls HOME and XDG_..._HOME by Windows' names.
std::wstring environment_with(const std::vector<std::string>& assigned) {
  const std::map<std::string, std::string> windows_names = {
      {"HOME", "USERPROFILE"}, {"XDG_CONFIG_HOME", "APPDATA"}, {"XDG_CACHE_HOME", "LOCALAPPDATA"}};
  std::map<std::wstring, std::wstring> all;
  wchar_t* const own = ::GetEnvironmentStringsW();
  for (const wchar_t* at = own; *at != 0; at += std::wstring_view(at).size() + 1) {
    const std::wstring_view one(at);
    const std::size_t equal = one.find(L'=', 1);
    if (equal != one.npos) all.insert_or_assign(std::wstring(one.substr(0, equal)), std::wstring(one.substr(equal + 1)));
  }
  ::FreeEnvironmentStringsW(own);
  for (const std::string& a : assigned) {
    const std::size_t equal = a.find('=');
    const auto other = windows_names.find(a.substr(0, equal));
    all.insert_or_assign(wide(other == windows_names.end() ? a.substr(0, equal) : other->second),
                         wide(a.substr(equal + 1)));
  }
  std::wstring block;
  for (const auto& [name, value] : all) block += name + L'=' + value + L'\0';
  return block + L'\0';
}

struct pipe {
  HANDLE read = nullptr, write = nullptr;
  pipe() {
    SECURITY_ATTRIBUTES inherited{sizeof(SECURITY_ATTRIBUTES), nullptr, TRUE};
    if (!::CreatePipe(&read, &write, &inherited, 0)) throw std::runtime_error("no pipe");
    ::SetHandleInformation(read, HANDLE_FLAG_INHERIT, 0);
  }
  ~pipe() {
    ::CloseHandle(read);
    if (write != nullptr) ::CloseHandle(write);
  }
  void close_write() {
    ::CloseHandle(write);
    write = nullptr;
  }
  [[nodiscard]] std::string all() const {
    std::string text;
    char part[4096];
    for (DWORD n = 0; ::ReadFile(read, part, sizeof part, &n, nullptr) && n > 0;) text.append(part, n);
    return text;
  }
};

}  // namespace

outcome start(const std::string& program, const std::string& args, const std::string& environment) {
  std::string line = quoted(program);
  for (const std::string& word : words_of(args)) line += " " + quoted(word);
  std::wstring command = wide(line), variables = environment_with(words_of(environment));
  pipe out, err;
  STARTUPINFOW how{};
  how.cb = sizeof how;
  how.dwFlags = STARTF_USESTDHANDLES;
  how.hStdOutput = out.write;
  how.hStdError = err.write;
  PROCESS_INFORMATION p{};
  if (!::CreateProcessW(wide(program).c_str(), command.data(), nullptr, nullptr, TRUE,
                        CREATE_UNICODE_ENVIRONMENT, variables.data(), nullptr, &how, &p))
    throw std::runtime_error(program + " cannot be started: " + std::to_string(::GetLastError()));
  out.close_write();
  err.close_write();
  outcome o;
  std::thread other([&] { o.err = err.all(); });
  o.out = out.all();
  other.join();
  ::WaitForSingleObject(p.hProcess, INFINITE);
  DWORD status = 0;
  ::GetExitCodeProcess(p.hProcess, &status);
  o.status = static_cast<int>(status);
  ::CloseHandle(p.hProcess);
  ::CloseHandle(p.hThread);
  return o;
}
