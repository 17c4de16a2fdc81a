// Small and large GGUF files whose chat template is replaced, for tests.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/writer.hpp"
#include "vrambudget/io/header_change.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/template/chat_facts.hpp"

namespace vrambudget::testing {

/// What a header has besides its template.
struct patched_header {
  std::uint32_t alignment = 32;
  int n_tokens = 500;
  std::int64_t rows = 64;       ///< of 1,024 elements in F32 each, in one tensor of two
  std::size_t description = 0;  ///< bytes of it
};

inline std::vector<std::byte> header_of(const std::string& source, const patched_header& h = {}) {
  gguf::writer w;
  w.add("general.architecture", "qwen35").add("general.alignment", h.alignment);
  w.add("tokenizer.chat_template", std::string_view(source));
  std::vector<std::string> tokens;
  for (int i = 0; i < h.n_tokens; ++i) tokens.push_back("token" + std::to_string(i));
  w.add("tokenizer.ggml.tokens", tokens);
  if (h.description)
    w.add("general.description", std::string_view(std::string(h.description, 'd')));
  w.add_tensor("one.weight", ggml_type::f32, {1024, h.rows});
  w.add_tensor("two.weight", ggml_type::f32, {7});
  return w.finish();
}

/// Writes a file whose data are a pattern, or holes but for a few marks where there are more than 16 MiB of them.
inline void write_file(const std::string& path, const std::vector<std::byte>& header) {
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  const std::uint64_t n = parsed.data_size().count;
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(header.data()),
            static_cast<std::streamsize>(header.size()));
  std::string block(4096, '\0');
  const std::uint64_t step = n > (16u << 20) ? n / 64 / 4096 * 4096 : 4096;
  for (std::uint64_t at = 0; at + block.size() <= n; at += step) {
    for (std::size_t i = 0; i < block.size(); ++i)
      block[i] = static_cast<char>((at / 4096 * 31 + i * 7) % 251);
    out.seekp(static_cast<std::streamoff>(header.size() + at));
    out.write(block.data(), static_cast<std::streamsize>(block.size()));
  }
  out.close();
  std::filesystem::resize_file(path, header.size() + n);
}

inline std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The template of a file that opens as the engine would, else why it does not.
inline std::string template_of(const std::string& path) {
  const auto f = open_model_file(path);
  return f ? chat_facts_of(f->headers.front()).source : f.error().message;
}

/// Whether this folder's file system puts blocks into files.
inline bool moves_blocks(const std::string& folder) {
  const std::string path = folder + "/probe";
  write_file(path, header_of("x"));
  const auto r = set_chat_template(path, std::string(9000, 'y'), {.only = header_method::blocks});
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".header-backup");
  return r.has_value();
}

}  // namespace vrambudget::testing
