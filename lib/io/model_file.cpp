// Opens single and split models; the rules of split sets are in gguf/split.hpp.
#include "vrambudget/io/model_file.hpp"

#include <fmt/format.h>

#include <utility>

#include "vrambudget/gguf/split.hpp"

namespace vrambudget {
namespace {

struct opened {
  mapped_file file;
  gguf::header header;
};

result<opened> open_one(const std::string& path) {
  auto file = mapped_file::open(path);
  if (!file) return file.error();
  if (file->size() == bytes{})
    return error{errc::truncated, path + ": is empty: found 0 bytes, expected a GGUF file"};
  auto header = gguf::parse(file->data());
  if (!header) return in_context(path, header.error());
  return opened{std::move(*file), std::move(*header)};
}

void append(model_file& model, const std::string& path, opened one) {
  model.paths.push_back(path);
  model.total_size += one.file.size();
  model.files.push_back(std::move(one.file));
  model.headers.push_back(std::move(one.header));
}

}  // namespace

result<model_file> open_model_file(const std::string& path) {
  auto given = open_one(path);
  if (!given) return given.error();
  const auto split = gguf::split_of(given->header);
  if (!split) return in_context(path, split.error());

  model_file model;
  if (split->count == 1) {
    append(model, path, std::move(*given));
    return model;
  }
  const auto paths = gguf::split_paths(path, *split);
  if (!paths) return paths.error();
  for (std::uint32_t no = 0; no < split->count; ++no) {
    const std::string& name = (*paths)[no];
    auto one = no == split->no ? std::move(given) : open_one(name);
    if (!one) return in_context(fmt::format("file {} of {}", no + 1, split->count), one.error());
    append(model, name, std::move(*one));
  }
  if (const auto ok = gguf::check_split(model.headers, model.paths); !ok) return ok.error();
  return model;
}

}  // namespace vrambudget
