// sparse_model MODEL FILE: a catalogued model as a GGUF file that engines load: weights of zeros, which
// take no room on the disk, and a vocabulary of made-up tokens with as many merges.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  text += static_cast<char>(0xC0 | code >> 6);
  text += static_cast<char>(0x80 | (code & 0x3F));
}

/// The 256 bytes as GPT-2 spells them: printable ones as themselves, the others from U+0100 on.
std::vector<std::string> byte_tokens() {
  std::vector<std::string> all;
  unsigned next = 0x100;
  for (unsigned b = 0; b < 256; ++b) {
    const bool shown = (b > 32 && b < 127) || (b > 160 && b != 173);
    append_utf8(all.emplace_back(), shown ? b : next++);
  }
  return all;
}

std::vector<std::string> merges(std::uint64_t n) {
  std::vector<std::string> all(n);
  for (std::uint64_t i = 0; i < n; ++i) all[i] = "t" + std::to_string(i) + " t";
  return all;
}

void add_vocabulary(gguf::writer& out, std::uint64_t n) {
  std::vector<std::string> tokens = byte_tokens();
  for (std::uint64_t i = tokens.size(); i < n; ++i) tokens.push_back("t" + std::to_string(i));
  tokens.resize(n);
  out.add("tokenizer.ggml.model", "gpt2").add("tokenizer.ggml.pre", "default");
  out.add("tokenizer.ggml.tokens", tokens);
  out.add("tokenizer.ggml.token_type", std::vector<std::int32_t>(n, 1));
  out.add("tokenizer.ggml.merges", merges(n));
  out.add("tokenizer.ggml.bos_token_id", std::uint32_t{0});
  out.add("tokenizer.ggml.eos_token_id", std::uint32_t{1});
}

int failed(const std::string& why) {
  std::fprintf(stderr, "sparse_model: %s\n", why.c_str());
  return 3;
}

bool write_file(const char* path, const std::vector<std::byte>& header, bytes data) {
  std::FILE* f = std::fopen(path, "wb");
  if (f == nullptr) return false;
  bool good = std::fwrite(header.data(), 1, header.size(), f) == header.size();
  good = std::fflush(f) == 0 && good;
  good = good && ::ftruncate(::fileno(f), static_cast<off_t>(header.size() + data.count)) == 0;
  return std::fclose(f) == 0 && good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "sparse_model MODEL FILE\n");
    return 2;
  }
  const auto known = find_model(argv[1]);
  if (!known) return failed(known.error().message);
  const auto header = header_from_shape(known->shape);
  if (!header) return failed(header.error().message);
  const auto h = gguf::parse(*header, {.check_data = false});
  if (!h) return failed(h.error().message);

  gguf::writer out;
  std::uint64_t n_vocab = 0;
  for (const gguf::tensor_info& t : h->tensors())
    if (t.name == "token_embd.weight") n_vocab = static_cast<std::uint64_t>(t.ne[1]);
  for (const gguf::entry& e : h->metadata())
    if (!e.key.starts_with("tokenizer.")) out.add(e.key, e.v);
  add_vocabulary(out, n_vocab);
  for (const gguf::tensor_info& t : h->tensors())
    out.add_tensor(t.name, t.type, std::span(t.ne).first(t.n_dims));
  return write_file(argv[2], out.finish(), known->data)
             ? 0
             : failed(std::string(argv[2]) + ": cannot be written");
}
