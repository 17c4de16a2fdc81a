// What the environment of this process says of where things are.
#pragma once

#include <string>

namespace vrambudget {

/// The variables that requests heed, each empty where it is not set.
struct environment {
  std::string home;           ///< HOME
  std::string config_folder;  ///< XDG_CONFIG_HOME, or else .config of HOME
  std::string cache_folder;   ///< XDG_CACHE_HOME, or else .cache of HOME
  std::string ollama_models;  ///< OLLAMA_MODELS
  std::string hf_hub_cache;   ///< HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE
  std::string hf_home;        ///< HF_HOME
  std::string llama_cache;    ///< LLAMA_CACHE
  std::string hf_endpoint;    ///< HF_ENDPOINT, MODEL_ENDPOINT, or else https://huggingface.co
  std::string hf_token;       ///< HF_TOKEN, HUGGING_FACE_HUB_TOKEN
  std::string ca_file;        ///< CURL_CA_BUNDLE, SSL_CERT_FILE
};

/// That of this process, now: the only function of the library that reads it.
[[nodiscard]] environment environment_of_process();

}  // namespace vrambudget
