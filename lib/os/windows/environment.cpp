#include "vrambudget/os/environment.hpp"

#include <initializer_list>

#include "os/windows/wide.hpp"

namespace vrambudget {
namespace {

/// The first of some variables that is set and not empty.
std::string variable(std::initializer_list<const wchar_t*> names) {
  for (const wchar_t* name : names) {
    std::wstring value(::GetEnvironmentVariableW(name, nullptr, 0), L'\0');
    if (value.empty()) continue;
    value.resize(::GetEnvironmentVariableW(name, value.data(), static_cast<DWORD>(value.size())));
    if (!value.empty()) return detail::narrow(value);
  }
  return {};
}

}  // namespace

environment environment_of_process() {
  environment e;
  e.home = variable({L"USERPROFILE"});
  e.config_folder = variable({L"APPDATA"});
  e.cache_folder = variable({L"LOCALAPPDATA"});
  e.ollama_models = variable({L"OLLAMA_MODELS"});
  e.hf_hub_cache = variable({L"HF_HUB_CACHE", L"HUGGINGFACE_HUB_CACHE"});
  e.hf_home = variable({L"HF_HOME"});
  // huggingface_hub, constants.py: below "~/.cache" on every system
  if (std::string caches = variable({L"XDG_CACHE_HOME"}); e.hf_home.empty()) {
    if (caches.empty() && !e.home.empty()) caches = e.home + "\\.cache";
    if (!caches.empty()) e.hf_home = caches + "\\huggingface";
  }
  e.llama_cache = variable({L"LLAMA_CACHE"});
  e.hf_endpoint = variable({L"HF_ENDPOINT", L"MODEL_ENDPOINT"});
  while (e.hf_endpoint.ends_with('/')) e.hf_endpoint.pop_back();
  if (e.hf_endpoint.empty()) e.hf_endpoint = "https://huggingface.co";
  e.hf_token = variable({L"HF_TOKEN", L"HUGGING_FACE_HUB_TOKEN"});
  e.ca_file = variable({L"CURL_CA_BUNDLE", L"SSL_CERT_FILE"});
  return e;
}

}  // namespace vrambudget
