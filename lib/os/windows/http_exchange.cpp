// By WinHTTP, which every Windows has, with the system's proxies and certificates.
#include "os/http_exchange.hpp"

#include <algorithm>
#include <array>

#include "os/windows/wide.hpp"

// after what it is made of
#include <winhttp.h>
#include <winsock2.h>

namespace vrambudget::detail {

/// A handle of WinHTTP's that closes itself.
class http_handle {
 public:
  http_handle() = default;
  http_handle(const http_handle&) = delete;
  http_handle& operator=(const http_handle&) = delete;
  ~http_handle() { reset(nullptr); }
  void reset(HINTERNET h) {
    if (h_ != nullptr) ::WinHttpCloseHandle(h_);
    h_ = h;
  }
  [[nodiscard]] HINTERNET get() const { return h_; }

 private:
  HINTERNET h_ = nullptr;
};

namespace {

http_trouble trouble_of(DWORD code) {
  switch (code) {
    case ERROR_WINHTTP_TIMEOUT:
    case WSAETIMEDOUT:
      return {.why = "nothing came in time", .may_pass = true, .has_stalled = true};
    case ERROR_WINHTTP_NAME_NOT_RESOLVED:
      return {.why = "its host has no address", .may_pass = true};
    case ERROR_WINHTTP_CANNOT_CONNECT:
      return {.why = "its host does not answer", .may_pass = true};
    case ERROR_WINHTTP_CONNECTION_ERROR:
    case ERROR_WINHTTP_RESEND_REQUEST:
    case WSAECONNRESET:
    case WSAECONNABORTED:
      return {.why = "the connection was cut", .may_pass = true};
    case ERROR_WINHTTP_INVALID_SERVER_RESPONSE:
      return {.why = "the answer is none of HTTP", .may_pass = true};
    case ERROR_WINHTTP_HEADER_SIZE_OVERFLOW:
    case ERROR_WINHTTP_HEADER_COUNT_EXCEEDED:
      return {.why = "the answer has too many lines"};
    case ERROR_WINHTTP_SECURE_FAILURE:
    case ERROR_WINHTTP_SECURE_CHANNEL_ERROR:
    case ERROR_WINHTTP_SECURE_INVALID_CERT:
    case ERROR_WINHTTP_SECURE_INVALID_CA:
    case ERROR_WINHTTP_SECURE_CERT_CN_INVALID:
    case ERROR_WINHTTP_SECURE_CERT_DATE_INVALID:
    case ERROR_WINHTTP_SECURE_CERT_REVOKED:
      return {.why = "its certificate is not trusted on this machine"};
    case ERROR_WINHTTP_UNRECOGNIZED_SCHEME:
    case ERROR_WINHTTP_INVALID_URL:
      return {.why = "no address", .is_no_address = true};
    default:
      return {.why = "WinHTTP failed with error " + std::to_string(code)};
  }
}

http_trouble trouble() { return trouble_of(::GetLastError()); }

/// Turns off what is done here or by nobody: a redirect would take the token along.
bool turn_off_features(HINTERNET request) {
  DWORD off = WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_AUTHENTICATION;
  return ::WinHttpSetOption(request, WINHTTP_OPTION_DISABLE_FEATURE, &off, sizeof off) != 0;
}

}  // namespace

struct http_session::handles {
  http_handle session, connection, request;
};

http_session::http_session() : handles_(std::make_unique<handles>()) {}
http_session::~http_session() = default;

std::optional<http_trouble> http_session::ask(const http_question& q, const std::string& program) {
  const auto to = address_of(q.url);
  if (!to) return trouble_of(ERROR_WINHTTP_INVALID_URL);
  handles& h = *handles_;
  h.request.reset(nullptr);
  if (h.session.get() == nullptr)
    h.session.reset(::WinHttpOpen(wide(program).c_str(), WINHTTP_ACCESS_TYPE_DEFAULT_PROXY, WINHTTP_NO_PROXY_NAME,
                                  WINHTTP_NO_PROXY_BYPASS, 0));
  if (h.session.get() == nullptr) return trouble();
  const auto ms = [](std::uint32_t seconds) { return static_cast<int>(std::min(seconds, 3600u) * 1000); };
  ::WinHttpSetTimeouts(h.session.get(), ms(q.connect_seconds), ms(q.connect_seconds), ms(q.stall_seconds),
                       ms(q.stall_seconds));
  h.connection.reset(::WinHttpConnect(h.session.get(), wide(to->host).c_str(), to->port, 0));
  if (h.connection.get() == nullptr) return trouble();
  h.request.reset(::WinHttpOpenRequest(h.connection.get(), L"GET", wide(to->path + to->query).c_str(), nullptr,
                                       WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES,
                                       WINHTTP_FLAG_ESCAPE_DISABLE |
                                           (to->scheme == "https" ? WINHTTP_FLAG_SECURE : 0)));
  if (h.request.get() == nullptr || !turn_off_features(h.request.get())) return trouble();
  for (const std::string& line : q.lines)
    if (!::WinHttpAddRequestHeaders(h.request.get(), wide(line).c_str(), static_cast<DWORD>(-1),
                                    WINHTTP_ADDREQ_FLAG_ADD))
      return trouble();
  if (!::WinHttpSendRequest(h.request.get(), WINHTTP_NO_ADDITIONAL_HEADERS, 0, WINHTTP_NO_REQUEST_DATA, 0, 0, 0) ||
      !::WinHttpReceiveResponse(h.request.get(), nullptr))
    return trouble();
  return std::nullopt;
}

std::vector<std::string> http_session::lines() const {
  DWORD n_bytes = 0;
  ::WinHttpQueryHeaders(handles_->request.get(), WINHTTP_QUERY_RAW_HEADERS_CRLF, WINHTTP_HEADER_NAME_BY_INDEX, nullptr,
                        &n_bytes, WINHTTP_NO_HEADER_INDEX);
  std::wstring all(n_bytes / sizeof(wchar_t), L'\0');
  std::vector<std::string> each;
  if (all.empty() ||
      !::WinHttpQueryHeaders(handles_->request.get(), WINHTTP_QUERY_RAW_HEADERS_CRLF, WINHTTP_HEADER_NAME_BY_INDEX,
                             all.data(), &n_bytes, WINHTTP_NO_HEADER_INDEX))
    return each;
  all.resize(n_bytes / sizeof(wchar_t));
  for (std::wstring_view rest = all; !rest.empty();) {
    const std::size_t end = std::min(rest.find(L"\r\n"), rest.size());
    if (end > 0) each.push_back(narrow(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return each;
}

std::optional<http_trouble> http_session::read(std::span<std::byte> to, std::size_t& n) {
  DWORD there = 0, got = 0;
  n = 0;
  if (!::WinHttpQueryDataAvailable(handles_->request.get(), &there)) return trouble();
  if (there == 0) return std::nullopt;
  const DWORD most = std::min(there, static_cast<DWORD>(to.size()));
  if (!::WinHttpReadData(handles_->request.get(), to.data(), most, &got)) return trouble();
  n = got;
  return std::nullopt;
}

std::optional<http_address> address_of(const std::string& url) {
  const std::wstring text = wide(url);
  URL_COMPONENTS parts{};
  parts.dwStructSize = sizeof parts;
  parts.dwSchemeLength = parts.dwHostNameLength = parts.dwUrlPathLength = parts.dwExtraInfoLength =
      static_cast<DWORD>(-1);
  if (!::WinHttpCrackUrl(text.c_str(), static_cast<DWORD>(text.size()), 0, &parts)) return std::nullopt;
  const auto part = [](const wchar_t* at, DWORD n) { return at ? narrow({at, n}) : std::string(); };
  http_address a{.scheme = part(parts.lpszScheme, parts.dwSchemeLength),
                 .host = part(parts.lpszHostName, parts.dwHostNameLength),
                 .path = part(parts.lpszUrlPath, parts.dwUrlPathLength),
                 .query = part(parts.lpszExtraInfo, parts.dwExtraInfoLength),
                 .port = parts.nPort};
  for (std::string* s : {&a.scheme, &a.host})
    for (char& c : *s) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  a.query.resize(std::min(a.query.find('#'), a.query.size()));
  if (a.path.empty()) a.path = "/";
  if ((a.scheme != "http" && a.scheme != "https") || a.host.empty()) return std::nullopt;
  return a;
}

std::string address_from(const std::string& url, const std::string& location) {
  if (address_of(location)) return location;
  const auto from = address_of(url);
  if (!from || location.empty() || location.find("://") < location.find_first_of("/?#")) return {};
  if (location.starts_with("//")) return from->scheme + ":" + location;
  const std::string origin = from->scheme + "://" + from->host + ":" + std::to_string(from->port);
  if (location.starts_with('/')) return origin + location;
  if (location.starts_with('?')) return origin + from->path + location;
  return origin + from->path.substr(0, from->path.rfind('/') + 1) + location;
}

}  // namespace vrambudget::detail
