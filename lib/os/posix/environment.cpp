#include "vrambudget/os/environment.hpp"

#include <cstdlib>
#include <initializer_list>

namespace vrambudget {
namespace {

/// The first of some variables that is set and not empty.
std::string variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value && *value) return value;
  return {};
}

}  // namespace

environment environment_of_process() {
  environment e;
  e.home = variable({"HOME"});
  // the XDG base directory specification: relative paths do not count
  e.config_folder = variable({"XDG_CONFIG_HOME"});
  if (!e.config_folder.starts_with('/'))
    e.config_folder = e.home.empty() ? "" : e.home + "/.config";
  e.cache_folder = variable({"XDG_CACHE_HOME"});
  if (e.cache_folder.empty() && !e.home.empty()) e.cache_folder = e.home + "/.cache";
  e.ollama_models = variable({"OLLAMA_MODELS"});
  e.hf_hub_cache = variable({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"});
  e.hf_home = variable({"HF_HOME"});
  e.llama_cache = variable({"LLAMA_CACHE"});
  e.hf_endpoint = variable({"HF_ENDPOINT", "MODEL_ENDPOINT"});
  while (e.hf_endpoint.ends_with('/')) e.hf_endpoint.pop_back();
  if (e.hf_endpoint.empty()) e.hf_endpoint = "https://huggingface.co";
  e.hf_token = variable({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
  e.ca_file = variable({"CURL_CA_BUNDLE", "SSL_CERT_FILE"});
  return e;
}

}  // namespace vrambudget
