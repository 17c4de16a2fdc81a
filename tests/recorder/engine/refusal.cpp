#include "refusal.hpp"

#include <unistd.h>

#include <climits>
#include <cstdio>

namespace recorder {
namespace {

std::string log, errors;
void (*listener)(std::string_view) = nullptr;

}  // namespace

void keep_log(ggml_log_level level, const char* text, void*) {
  log += text;
  if (listener) listener(text);
  if (level != GGML_LOG_LEVEL_ERROR) return;
  if (!errors.empty() && errors.back() == '\n') errors.replace(errors.size() - 1, 1, " | ");
  errors += text;
}

const std::string& engine_log() { return log; }

void listen(void (*to)(std::string_view)) { listener = to; }

void capture_log() { llama_log_set(keep_log, nullptr); }

void refuse(const std::string& what) {
  std::string words = what + (errors.empty() ? "" : ": " + errors);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  const json j = {{"refusal", words}};
  std::puts(j.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  std::fflush(nullptr);
  _exit(0);
}

std::string program_folder() {
  char path[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string file(path, n > 0 ? static_cast<std::size_t>(n) : 0);
  return file.substr(0, file.rfind('/'));
}

}  // namespace recorder
