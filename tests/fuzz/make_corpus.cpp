// Files to begin with for the fuzzers of headers, made of recorded models and projectors, and for that of words names.
// Usage: make_corpus FOLDER SHAPES... (folders); writes FOLDER/plan_fuzz, kept_model_fuzz, projector_fuzz, split_fuzz, shape_fuzz,
// words_fuzz
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace fs = std::filesystem;
using namespace vrambudget;

namespace {

using content = std::vector<std::byte>;

void write(const fs::path& file, std::span<const std::byte> bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// The first layers alone: small enough to be planned thousands of times a second.
content shortened(const gguf::header& h, std::uint32_t n_layer) {
  gguf::writer out(h.version());
  for (const gguf::entry& e : h.metadata())
    e.key.ends_with(".block_count") ? out.add(e.key, n_layer) : out.add(e.key, e.v);
  for (const gguf::tensor_info& t : h.tensors()) {
    std::uint32_t il = 0;
    if (const auto at = t.name.find("blk."); at != t.name.npos)
      il = static_cast<std::uint32_t>(std::atoi(std::string(t.name.substr(at + 4)).c_str()));
    if (il < n_layer) out.add_tensor(t.name, t.type, std::span(t.ne).first(t.n_dims));
  }
  return out.finish();
}

/// One of two parts, each behind its length.
void append_part(content& to, const gguf::header& h, std::uint16_t no) {
  gguf::writer out(h.version());
  if (no == 0)
    for (const gguf::entry& e : h.metadata()) out.add(e.key, e.v);
  out.add("split.no", no);
  out.add("split.count", std::uint16_t{2});
  const std::size_t half = h.tensors().size() / 2;
  for (std::size_t i = 0; i < h.tensors().size(); ++i)
    if (const gguf::tensor_info& t = h.tensors()[i]; (i < half) == (no == 0))
      out.add_tensor(t.name, t.type, std::span(t.ne).first(t.n_dims));
  const content part = out.finish();
  const auto n = static_cast<std::uint32_t>(part.size());
  const auto* const length = reinterpret_cast<const std::byte*>(&n);
  to.insert(to.end(), length, length + sizeof n);
  to.insert(to.end(), part.begin(), part.end());
}

/// The names of all files of a model, a file of lines each.
void write_names(const fs::path& folder) {
  for (const catalogued_files& model : all_catalogued_files()) {
    std::string lines = model.name + "\n";
    for (const catalogued_file& f : model.files) lines += f.name + "\n";
    write(folder / model.name, std::as_bytes(std::span(lines)));
  }
  std::string cards;
  for (const gpu_entry& g : gpus()) cards += g.id + "\n";
  write(folder / "gpus", std::as_bytes(std::span(cards)));
}

std::string read_text(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: make_corpus FOLDER SHAPES...\n";
    return 2;
  }
  constexpr std::uint32_t few_layers = 5;
  const fs::path to = argv[1];
  std::set<std::string> seen;
  std::size_t n = 0;
  for (int i = 2; i < argc; ++i)
    for (const auto& file : fs::directory_iterator(argv[i])) {
      if (file.path().extension() != ".json") continue;
      const std::string text = read_text(file.path()), name = file.path().stem().string();
      const auto bytes = header_from_shape(text);
      if (!bytes) continue;
      const gguf::header h = gguf::parse(*bytes, {.check_data = false}).value();
      const std::string architecture(h.find("general.architecture")->string().value_or(""));
      if (architecture == "clip") {
        write(to / "projector_fuzz" / name, *bytes);
        continue;
      }
      if (!seen.insert(architecture).second) continue;
      ++n;
      constexpr std::array<std::byte, 8> usual{std::byte{2}, {}, {}, {}, std::byte{255}, {}, {}, {}};
      content small = shortened(h, few_layers);
      write(to / "kept_model_fuzz" / name, small);
      small.insert(small.end(), usual.begin(), usual.end());
      write(to / "plan_fuzz" / name, small);
      if (n % 10 != 0) continue;
      content parts;
      append_part(parts, h, 0);
      append_part(parts, h, 1);
      write(to / "split_fuzz" / name, parts);
      write(to / "shape_fuzz" / name, std::as_bytes(std::span(text)));
    }
  write_names(to / "words_fuzz");
  std::cout << n << " architectures\n";
  return n == 0;
}
