// quantize FILE: which types llama-quantize gives the tensors of a model, for each file type. Prints one JSON
// object, a line of tests/truth/quantized.jsonl without its model.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "file_types.hpp"
#include "ggml-backend.h"
#include "refusal.hpp"

namespace {

using namespace recorder;

/// "f32:253 q4_0:347 q6_K:1 14253dde2a027477": how many tensors get each type, and FNV-1a (64 bits) of the
/// types, joined by commas. The log has a line for each tensor: "[ 1/ 10] name - [dimensions], type = bf16,
/// size = ..."; then "-> ... MiB (q4_K)" or "converting to q4_K" if it gets another one.
std::string summary(const std::string& log) {
  static const std::regex tensor(R"(\[ *\d+/ *\d+\] \S+ +- \[[^\]]*\], type = +(\S+), (.*))");
  static const std::regex changed(R"((?:-> .* MiB \(|converting to )(\w+))");
  std::map<std::string, int> counts;
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](const std::string& text) {
    for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  };
  std::istringstream lines(log);
  std::smatch m, to;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_search(line, m, tensor)) continue;
    const std::string rest = m[2];
    const std::string type = std::regex_search(rest, to, changed) ? to[1] : m[1];
    if (!counts.empty()) add(",");
    add(type);
    ++counts[type];
  }
  std::string out;
  for (const auto& [type, n] : counts) out += type + ":" + std::to_string(n) + " ";
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return out + digits;
}

std::string types_of(const char* file, llama_ftype id, bool with_imatrix) {
  static const float one = 1;
  static const llama_model_imatrix_data imatrix[] = {{"none", &one, 1}, {nullptr, nullptr, 0}};
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = id;
  params.dry_run = true;
  params.nthread = 1;
  if (with_imatrix) params.imatrix = imatrix;
  const std::size_t before = engine_log().size();
  const bool refused = llama_model_quantize(file, "", &params) != 0;
  return refused ? "refused" : summary(engine_log().substr(before));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) refuse("usage: quantize FILE");
  capture_log();
  ggml_backend_load_all_from_path((program_folder() + "/engine").c_str());
  llama_backend_init();
  json types;
  for (const file_type& t : file_types) {
    types[std::string(t.name)] = types_of(argv[1], t.id, false);
    if (t.heeds_imatrix) types[std::string(t.name) + "+imatrix"] = types_of(argv[1], t.id, true);
  }
  std::puts(json{{"types", types}}.dump().c_str());
  std::fflush(nullptr);
  _exit(0);
}
