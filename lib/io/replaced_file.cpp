#include "io/replaced_file.hpp"

#include <cerrno>

#include "os/descriptor.hpp"
#include "os/file_facts.hpp"
#include "os/files.hpp"
#include "os/paths.hpp"
#include "os/refused.hpp"
#include "os/replacing.hpp"

namespace vrambudget::detail {
namespace {

/// The file that a link leads to.
std::string target_of(const std::string& path) {
  std::string target = real_path(path);
  return target.empty() ? path : target;
}

result<void> write_as_it_is(const std::string& path, std::string_view text) {
  const descriptor file = open_to_write(path);
  if (!file.is_open() || !write_all(file.get(), text))
    return refused_by_system(path, "be written", errno);
  return {};
}

}  // namespace

result<void> replace_file(const std::string& given, std::string_view text, unsigned mode,
                          durability d) {
  if (const auto there = facts_of(given); there && !there->is_file())
    return write_as_it_is(given, text);
  const std::string path = target_of(given), beside = path + ".new";
  auto file = open_beside(path, beside, mode);
  if (!file) return file.error();
  const bool lasts = d == durability::lasting;
  if (!write_all(file->get(), text) || (lasts && !flush(file->get())) ||
      !take_name(*file, beside, path)) {
    const int code = errno;
    remove_file(beside);
    return refused_by_system(path, "be written", code);
  }
  if (lasts) sync_folder_of(path);
  return {};
}

result<void> make_private_folder(const std::string& path) {
  if (const auto there = facts_of(path); there && there->kind == entry_kind::folder) return {};
  const std::string above = folder_of(path);
  if (!above.empty() && above != path)
    if (const auto ok = make_private_folder(above); !ok) return ok;
  if (!make_folder(path) && errno != EEXIST) return refused_by_system(path, "be made", errno);
  return {};
}

}  // namespace vrambudget::detail
