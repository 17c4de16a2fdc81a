// Models split over several GGUF files: their names, and whether a set of headers belongs together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/name_index.hpp"

namespace vrambudget::gguf {

/// A file's place in its set.
struct split {
  std::uint32_t no = 0;     ///< `split.no`, from 0
  std::uint32_t count = 1;  ///< `split.count`; 1: not split
};

/// The end of a split file's name, "-00002-of-00003.gguf" for no = 1 and count = 3.
/// Source: llama.cpp, src/llama.cpp: llama_split_path
[[nodiscard]] inline std::string split_suffix(split s) {
  const auto five_digits = [](std::uint32_t n) {
    const std::string text = std::to_string(n);
    return text.size() < 5 ? std::string(5 - text.size(), '0') + text : text;
  };
  return "-" + five_digits(s.no + 1) + "-of-" + five_digits(s.count) + ".gguf";
}

/// A header's place in its set.
/// Errors: bad_format  `split.count` or `split.no` is not a u16, or the number is not below the
///                     count
///         not_found   `split.count` says there are several files but `split.no` is missing
/// Source: llama.cpp, src/llama-model-loader.cpp: constructor of llama_model_loader
[[nodiscard]] inline result<split> split_of(const header& h) {
  split s;
  const value* const count = h.find("split.count");
  if (count == nullptr) return s;
  const auto wrong = [](std::string_view key, const value& v) {
    return error{errc::bad_format, "key " + quoted(key) + ": found type " +
                                       std::string(type_name(v.type())) + ", expected type u16"};
  };
  if (!count->u16()) return wrong("split.count", *count);
  if (*count->u16() <= 1) return s;
  s.count = *count->u16();

  const value* const no = h.find("split.no");
  if (no == nullptr)
    return error{errc::not_found,
                 "key 'split.no': missing though 'split.count' is " + std::to_string(s.count)};
  if (!no->u16()) return wrong("split.no", *no);
  s.no = *no->u16();
  if (s.no >= s.count)
    return error{errc::bad_format, "key 'split.no': found " + std::to_string(s.no) +
                                       ", expected less than 'split.count', " +
                                       std::to_string(s.count)};
  return s;
}

/// Paths of all files of a set in order, given the path of any one and its place.
/// Errors: invalid_argument  the path does not end as its place demands
/// Source: llama.cpp, src/llama-model-loader.cpp: llama_get_list_splits
[[nodiscard]] inline result<std::vector<std::string>> split_paths(std::string_view path, split s) {
  const std::string suffix = split_suffix(s);
  if (path.size() <= suffix.size() || !path.ends_with(suffix))
    return error{errc::invalid_argument, std::string(path) + ": found file " +
                                             std::to_string(s.no + 1) + " of " +
                                             std::to_string(s.count) +
                                             " under this name, expected one ending in " + suffix};
  const std::string prefix(path.substr(0, path.size() - suffix.size()));
  std::vector<std::string> paths;
  for (std::uint32_t no = 0; no < s.count; ++no)
    paths.push_back(prefix + split_suffix({no, s.count}));
  return paths;
}

namespace detail {

// Every file says which one it is; the first also says how many tensors there are in all.
[[nodiscard]] inline result<void> check_places(std::span<const header> files,
                                               std::span<const std::string> paths) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const value* const no = files[i].find("split.no");
    if (no == nullptr) return error{errc::not_found, paths[i] + ": key 'split.no': missing"};
    if (no->u16() != i)
      return error{errc::bad_format,
                   paths[i] + ": key 'split.no': found " +
                       (no->u16() ? std::to_string(*no->u16())
                                  : "type " + std::string(type_name(no->type()))) +
                       ", expected " + std::to_string(i) + " of type u16"};
  }
  return {};
}

[[nodiscard]] inline result<void> check_tensor_count(const header& first, std::size_t found,
                                                     const std::string& path) {
  const value* const count = first.find("split.tensors.count");
  if (count == nullptr)
    return error{errc::not_found, path + ": key 'split.tensors.count': missing"};
  const auto expected = count->i32();
  if (!expected)
    return error{errc::bad_format, path + ": key 'split.tensors.count': found type " +
                                       std::string(type_name(count->type())) +
                                       ", expected type i32"};
  if (*expected < 0 || static_cast<std::size_t>(*expected) != found)
    return error{errc::bad_format, path + ": key 'split.tensors.count': found " +
                                       std::to_string(*expected) + ", expected " +
                                       std::to_string(found) + ", the tensors in all files"};
  return {};
}

}  // namespace detail

/// Checks that headers, one per file in order, make up one model. A single file that is not split
/// passes. `paths`, as many, name the files in messages.
///
/// Errors: invalid_argument  as many headers as the first's `split.count` are not given, or the
///                           first is another file of the set
///         bad_format        a wrong `split.no` or `split.tensors.count`, a tensor in two files
///         not_found         one of these keys is missing
/// Source: llama.cpp, src/llama-model-loader.cpp: constructor of llama_model_loader
[[nodiscard]] inline result<void> check_split(std::span<const header> files,
                                              std::span<const std::string> paths) {
  if (files.empty() || files.size() != paths.size())
    return error{errc::invalid_argument, "found " + std::to_string(files.size()) +
                                             " headers with " + std::to_string(paths.size()) +
                                             " paths, expected one path each"};
  const auto first = split_of(files[0]);
  if (!first) return in_context(paths[0], first.error());
  if (first->count != files.size())
    return error{errc::invalid_argument, paths[0] + ": found " + std::to_string(files.size()) +
                                             " files, expected " + std::to_string(first->count)};
  if (first->count == 1) return {};
  if (const auto ok = detail::check_places(files, paths); !ok) return ok.error();

  struct place {
    std::string_view name;
    std::size_t file;
  };
  std::vector<place> all;
  for (std::size_t i = 0; i < files.size(); ++i)
    for (const tensor_info& t : files[i].tensors()) all.push_back({t.name, i});
  const auto name_of = [&](std::size_t i) { return all[i].name; };
  if (const auto twice = name_index(all.size(), name_of).duplicate(name_of))
    return error{errc::bad_format, paths[all[twice->second].file] + ": tensor " +
                                       quoted(name_of(twice->second)) + ": found in " +
                                       paths[all[twice->first].file] + " too, expected once"};
  return detail::check_tensor_count(files[0], all.size(), paths[0]);
}

}  // namespace vrambudget::gguf
