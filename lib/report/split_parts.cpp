#include "vrambudget/report/split_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "vrambudget/gguf/split.hpp"
#include "vrambudget/gguf/utf8.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

split_part part_of(const gguf::header& h, const std::string& path) {
  split_part p;
  p.path = path;
  p.file_size = bytes{h.data_offset()} + h.data_size();
  p.n_tensors = h.tensors().size();
  for (const gguf::entry& e : h.metadata()) p.n_keys += !e.key.starts_with("split.");
  for (const gguf::tensor_info& t : h.tensors()) {
    p.tensor_bytes += t.size;
    const int il = layer_of(t.name).first;
    if (il < 0)
      ++p.n_of_no_layer;
    else
      p.layers = p.layers ? std::pair{std::min(p.layers->first, il), std::max(p.layers->second, il)}
                          : std::pair{il, il};
  }
  return p;
}

/// "layers 0 to 21, 3 of no layer, 38 keys".
std::string contents_of(const split_part& p) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  if (p.layers && p.layers->first == p.layers->second)
    add(fmt::format("layer {}", p.layers->first));
  else if (p.layers)
    add(fmt::format("layers {} to {}", p.layers->first, p.layers->second));
  if (p.n_of_no_layer) add(fmt::format("{} of no layer", grouped(p.n_of_no_layer)));
  if (p.n_keys) add(fmt::format("{} {}", grouped(p.n_keys), p.n_keys == 1 ? "key" : "keys"));
  return text;
}

}  // namespace

result<std::vector<split_part>> split_parts(std::span<const gguf::header> files,
                                            const std::string& path) {
  std::vector<split_part> parts;
  if (files.size() < 2) return parts;
  const auto first = gguf::split_of(files.front());
  if (!first) return first.error();
  // an address may have a query behind its path
  const std::size_t query = std::min(path.find('?'), path.size());
  const auto paths = gguf::split_paths(path.substr(0, query), *first);
  if (!paths) return paths.error();
  for (std::size_t i = 0; i < std::min(files.size(), paths->size()); ++i)
    parts.push_back(part_of(files[i], (*paths)[i]));
  return parts;
}

std::string split_parts_text(std::span<const split_part> parts) {
  if (parts.empty()) return {};
  std::string text = "\nfiles\n";
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += fmt::format("  {:<22}{:>6}{:>16}  {}\n", fmt::format("{} of {}", i + 1, parts.size()),
                        parts[i].n_tensors, in_mib(parts[i].file_size), contents_of(parts[i]));
  return text;
}

std::string split_parts_json(std::span<const split_part> parts) {
  namespace json = boost::json;
  json::array all;
  for (const split_part& p : parts) {
    json::object o{{"path", gguf::valid_utf8(p.path)},
                   {"file_bytes", p.file_size.count},
                   {"tensor_count", p.n_tensors},
                   {"tensor_bytes", p.tensor_bytes.count},
                   {"metadata_keys", p.n_keys}};
    if (p.layers) o["layers"] = {p.layers->first, p.layers->second};
    all.push_back(std::move(o));
  }
  return json_text(all);
}

}  // namespace vrambudget
