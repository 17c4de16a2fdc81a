// Ollama's store: manifests/HOST/NAMESPACE/NAME/TAG is JSON whose layers name blobs by their digest.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "os/file_facts.hpp"
#include "vrambudget/hub/model_store.hpp"
#include "vrambudget/io/whole_file.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr bytes max_manifest{1u << 20};

bool is_component(std::string_view s) {
  return !s.empty() && s.size() <= 128 && s.front() != '.' &&
         std::all_of(s.begin(), s.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

/// Path of a manifest below manifests/; nothing for a name of another form.
std::optional<std::string> manifest_path(std::string_view name) {
  std::string tag = "latest";
  if (const auto colon = name.rfind(':');
      colon != name.npos && name.find('/', colon) == name.npos) {
    tag = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  std::vector<std::string> parts{"registry.ollama.ai", "library"};
  std::vector<std::string> given;
  for (std::size_t at = 0; at <= name.size();) {
    const auto slash = std::min(name.find('/', at), name.size());
    given.emplace_back(name.substr(at, slash - at));
    at = slash + 1;
  }
  if (given.size() > 3) return std::nullopt;
  if (given.size() == 3) parts.clear();
  if (given.size() == 2) parts.pop_back();
  parts.insert(parts.end(), given.begin(), given.end());
  parts.push_back(tag);
  std::string path;
  for (const std::string& p : parts) {
    if (!is_component(p)) return std::nullopt;
    path += (path.empty() ? "" : "/") + p;
  }
  return path;
}

/// "sha256:" and 64 hexadecimal digits name a blob and nothing outside of blobs/.
std::optional<std::string> blob_name(std::string_view digest) {
  constexpr std::string_view prefix = "sha256:";
  if (!digest.starts_with(prefix) || digest.size() != prefix.size() + 64) return std::nullopt;
  const std::string_view hex = digest.substr(prefix.size());
  if (hex.find_first_not_of("0123456789abcdef") != hex.npos) return std::nullopt;
  return "sha256-" + std::string(hex);
}

/// The blob of the first layer of a kind, if there is one.
result<std::optional<std::string>> layer_path(const json::array& layers,
                                              std::string_view media_type,
                                              const std::string& folder) {
  for (const json::value& layer : layers) {
    const json::object* o = layer.if_object();
    const json::value* type = o ? o->if_contains("mediaType") : nullptr;
    if (!type || !type->is_string() || type->get_string() != media_type) continue;
    const json::value* digest = o->if_contains("digest");
    const auto blob =
        digest && digest->is_string() ? blob_name(digest->get_string()) : std::nullopt;
    if (!blob)
      return error{errc::bad_format,
                   "found a layer's digest " +
                       (digest ? json::serialize(*digest).substr(0, 100) : "missing") +
                       ", expected sha256: and 64 hexadecimal digits"};
    return std::optional(folder + "/blobs/" + *blob);
  }
  return std::optional<std::string>();
}

}  // namespace

result<stored_model> ollama_model(const std::string& folder, std::string_view name) {
  const auto below = manifest_path(name);
  if (!below)
    return error{errc::invalid_argument,
                 fmt::format("'ollama:{}' is not a name of Ollama's", name.substr(0, 200))};
  const std::string path = folder + "/manifests/" + *below;
  const auto file = read_whole_file(path, max_manifest);
  if (!file && file.error().code == errc::limit) return file.error();
  if (!file)
    return error{errc::not_found, fmt::format("ollama:{}: there is no manifest {}", name, path)};
  boost::system::error_code failed;
  const json::value parsed = json::parse(*file, failed);
  const json::object* o = failed ? nullptr : parsed.if_object();
  const json::value* layers = o ? o->if_contains("layers") : nullptr;
  if (!layers || !layers->is_array())
    return error{errc::bad_format, path + ": found no \"layers\", expected a manifest"};

  const auto model = layer_path(layers->get_array(), "application/vnd.ollama.image.model", folder);
  const auto projector =
      layer_path(layers->get_array(), "application/vnd.ollama.image.projector", folder);
  if (!model) return in_context(path, model.error());
  if (!projector) return in_context(path, projector.error());
  if (!*model) return error{errc::not_found, path + ": none of its layers is a model"};
  const auto facts = detail::facts_of(**model);
  if (!facts || !facts->is_file())
    return error{errc::not_found, fmt::format("{}: its blob {} is missing", path, **model)};
  return stored_model{
      "ollama:" + std::string(name), {}, **model, bytes{facts->size}, projector->value_or("")};
}

}  // namespace vrambudget
