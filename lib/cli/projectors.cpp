#include "projectors.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "cli.hpp"
#include "vrambudget/io/model_file.hpp"

namespace vrambudget::cli {

projector load_projector(const std::string& path) {
  const model_file f = value_or_fail(open_model_file(path), bad_input);
  auto p = read_projector(f.headers.front());
  if (!p) throw failure{bad_input, path + ": " + p.error().message};
  p->path = path;
  if (p->name.empty()) p->name = std::filesystem::path(path).stem().string();
  return std::move(*p);
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

}  // namespace vrambudget::cli
