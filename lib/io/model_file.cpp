// Opens single and split models; the rules of split sets are in gguf/split.hpp.
#include "vrambudget/io/model_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "os/files.hpp"
#include "vrambudget/gguf/split.hpp"

namespace vrambudget {
namespace {

struct one_file {
  header_file file;
  gguf::header header;
};

result<one_file> open_one(const std::string& path) {
  auto file = header_file::open(path);
  if (!file) return file.error();
  gguf::header header = file->take_header();
  return one_file{std::move(*file), std::move(header)};
}

void append(model_file& model, const std::string& path, one_file one) {
  model.paths.push_back(path);
  model.total_size += one.file.size();
  model.files.push_back(std::move(one.file));
  model.headers.push_back(std::move(one.header));
}

/// Whether no file of a set is missing; the first that is, is told, and the numbers of the others.
result<void> check_all_there(const std::vector<std::string>& paths) {
  constexpr std::size_t most = 8;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (detail::is_missing(paths[i])) missing.push_back(i);
  if (missing.empty()) return {};
  std::string message =
      fmt::format("file {} of {}: {}: cannot open: {}", missing[0] + 1, paths.size(),
                  paths[missing[0]], std::generic_category().message(ENOENT));
  for (std::size_t i = 1; i < std::min(missing.size(), most); ++i)
    message += fmt::format("{} {}", i == 1 ? "; also missing: file" : ",", missing[i] + 1);
  if (missing.size() > most) message += fmt::format(" and {} more", missing.size() - most);
  return error{errc::io, message};
}

}  // namespace

result<void> model_file::check_unchanged() const {
  for (std::size_t i = 0; i < files.size(); ++i)
    if (auto same = files[i].check_unchanged(paths[i]); !same) return same;
  return {};
}

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
  if (const auto ok = check_all_there(*paths); !ok) return ok.error();
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
