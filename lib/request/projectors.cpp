#include "vrambudget/request/projectors.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/io/model_file.hpp"

namespace vrambudget::request {
namespace {

result<projector> from_file(const std::string& path) {
  const auto f = open_model_file(path);
  if (!f) return f.error();
  auto p = read_projector(f->headers.front());
  if (!p) return in_context(path, p.error());
  p->path = path;
  if (p->name.empty()) p->name = std::filesystem::path(path).stem().string();
  return p;
}

result<projector> from_catalogue(const catalogued_model& c) {
  const auto header = header_from_shape(c.shape);
  if (!header) return header.error();
  const auto parsed = gguf::parse(*header, {.check_data = false});
  if (!parsed) return parsed.error();
  auto p = read_projector(*parsed);
  if (p) p->name = c.name;
  return p;
}

}  // namespace

result<projector> load_projector(const std::string& typed) {
  std::error_code ignored;
  if (std::filesystem::exists(typed, ignored) || typed.find('/') != std::string::npos ||
      typed.ends_with(".gguf"))
    return from_file(typed);
  const auto known = find_projector(typed);
  if (!known)
    return error{errc::not_found, "no file '" + typed + "', and " + known.error().message};
  return from_catalogue(*known);
}

std::string projector_beside(const model& m) {
  namespace fs = std::filesystem;
  if (m.path.empty()) return {};
  std::error_code failed;
  std::vector<std::string> found;
  for (fs::directory_iterator it(
           fs::path(m.path).parent_path().empty() ? fs::path(".") : fs::path(m.path).parent_path(),
           failed),
       end;
       !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(".gguf") && name.find("mmproj") != std::string::npos)
      found.push_back(it->path().string());
  }
  return found.empty() ? "" : *std::min_element(found.begin(), found.end());
}

}  // namespace vrambudget::request
