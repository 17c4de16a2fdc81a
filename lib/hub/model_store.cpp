// Walks the folders of other programs and compares names.
#include "vrambudget/hub/model_store.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "catalogue/names.hpp"
#include "os/file_facts.hpp"
#include "os/files.hpp"
#include "os/paths.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/io/whole_file.hpp"

namespace vrambudget {
namespace {

using path_parts = std::vector<std::string>;

/// Every file below a folder, links followed but no folder twice, so that circles end.
class walk {
 public:
  /// `below_root`: the names of the folders on the way and of the file.
  using visitor = std::function<void(const std::string& file, const path_parts& below_root)>;
  explicit walk(visitor visit) : visit_(std::move(visit)) {}

  void run(const std::string& root, int depth) { folder(root, {}, depth); }

 private:
  static constexpr int max_entries = 20000;

  void folder(const std::string& at, const path_parts& below, int depth) {
    const std::string real = detail::real_path(at);
    if (real.empty() || !seen_.insert(real).second) return;
    for (const std::string& name : detail::names_in(at)) {
      if (++n_entries_ > max_entries) return;
      const std::string path = at + "/" + name;
      const auto facts = detail::facts_of(path);
      path_parts to = below;
      to.push_back(name);
      if (facts && facts->is_file())
        visit_(path, to);
      else if (facts && facts->kind == detail::entry_kind::folder && depth > 0)
        folder(path, to, depth - 1);
    }
  }

  visitor visit_;
  std::set<std::string> seen_;
  int n_entries_ = 0;
};

/// Whether a file is a model, and not a further file of one.
bool is_model(const std::string& name) {
  if (!name.ends_with(".gguf") || is_sidecar(name)) return false;
  const auto of = name.rfind("-of-");
  return of == name.npos || of < 6 || name.substr(of - 6, 6) == "-00001" ||
         name.find_first_not_of("0123456789", of + 4) != of + 9;
}

/// Its name without ".gguf" and without its place in a split set.
std::string name_of(const std::string& file) {
  std::string name = detail::stem_of(file);
  if (const auto at = name.rfind("-00001-of-"); at != name.npos && at + 15 == name.size())
    name.resize(at);
  return name;
}

std::string projector_beside(const std::string& model) {
  const std::string folder = detail::folder_of(model);
  std::vector<std::string> found;
  for (const std::string& name : detail::names_in(folder))
    if (name.ends_with(".gguf") && name.find("mmproj") != name.npos)
      found.push_back(folder + "/" + name);
  return found.size() == 1 ? found.front() : "";
}

void add(std::vector<stored_model>& all, const std::string& file, const std::string& repo) {
  const auto facts = detail::facts_of(file);
  if (!facts) return;
  all.push_back({name_of(file), repo, file, bytes{facts->size}, projector_beside(file)});
}

/// models--org--repo/snapshots/COMMIT/...: of several commits the one that refs/main names is first.
void add_hub(std::vector<stored_model>& all, const std::string& hub) {
  for (std::string repo : detail::names_in(hub)) {
    if (!repo.starts_with("models--")) continue;
    const std::string folder = hub + "/" + repo;
    repo.erase(0, 8);
    if (const auto at = repo.find("--"); at != repo.npos) repo.replace(at, 2, "/");
    const auto head = read_whole_file(folder + "/refs/main", 4_KiB);
    std::string commit = head ? *head : std::string();
    commit.resize(std::min(commit.find_first_of(" \t\r\n"), commit.size()));
    const std::string snapshots = folder + "/snapshots";
    std::set<path_parts> seen;
    const auto visit = [&](const std::string& file, const path_parts& in_repo) {
      if (is_model(in_repo.back()) && seen.insert(in_repo).second) add(all, file, repo);
    };
    if (!commit.empty() && commit.find_first_of("/\\") == commit.npos && commit[0] != '.')
      walk(visit).run(snapshots + "/" + commit, 4);
    walk([&](const std::string& file, const path_parts& below) {
      if (below.size() > 1) visit(file, {below.begin() + 1, below.end()});
    }).run(snapshots, 5);
  }
}

void add_ollama(std::vector<stored_model>& all, const std::string& folder) {
  walk([&](const std::string&, const path_parts& parts) {
    if (parts.size() != 4) return;
    std::string name = parts[2] + ":" + parts[3];
    const bool is_default = parts[0] == "registry.ollama.ai";
    if (!is_default || parts[1] != "library") name = parts[1] + "/" + name;
    if (!is_default) name = parts[0] + "/" + name;
    if (const auto m = ollama_model(folder, name)) all.push_back(*m);
  }).run(folder + "/manifests", 3);
}

std::string shown(const stored_model& m) { return m.name + " (" + m.path + ")"; }

/// The one model of several, or those a person must choose from. Copies of one file are one.
result<stored_model> only_one(const std::vector<const stored_model*>& found,
                              std::string_view typed) {
  const bool same = std::all_of(found.begin(), found.end(), [&](const stored_model* m) {
    return m->size == found.front()->size && m->name == found.front()->name;
  });
  if (same) return *found.front();
  std::vector<std::string> names;
  for (const stored_model* m : found) names.push_back(shown(*m));
  if (names.size() > 8) {
    names.resize(8);
    names.push_back("others");
  }
  return error{errc::not_found, "model \"" + std::string(typed) + "\" can be " +
                                    detail::joined(names) + ": name one"};
}

std::string key_of(std::string_view typed) {
  std::string key = detail::folded(typed);
  if (key.ends_with("gguf")) key.resize(key.size() - 4);
  return key;
}

}  // namespace

std::vector<stored_model> stored_models(const store_folders& where) {
  std::vector<stored_model> all;
  if (!where.ollama.empty()) add_ollama(all, where.ollama);
  for (const std::string& hub : where.hubs) add_hub(all, hub);
  for (const std::string& folder : where.model_folders)
    walk([&](const std::string& file, const path_parts& below) {
      if (below.front().starts_with("models--") || !is_model(below.back())) return;
      add(all, file, below.size() == 3 ? below[0] + "/" + below[1] : "");
    }).run(folder, 4);
  std::stable_sort(all.begin(), all.end(),
                   [](const stored_model& a, const stored_model& b) { return a.name < b.name; });
  // one place may be found by two ways
  const auto same = [](const stored_model& a, const stored_model& b) {
    return a.path == b.path && a.name == b.name;
  };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

result<std::optional<stored_model>> find_whole_name(const std::vector<stored_model>& all,
                                                    std::string_view typed) {
  const std::string key = key_of(typed);
  std::vector<const stored_model*> found;
  for (const stored_model& m : all)
    if (key == detail::folded(m.name) || key == detail::folded(m.repo + m.name))
      found.push_back(&m);
  if (key.empty() || found.empty()) return std::optional<stored_model>();
  auto one = only_one(found, typed);
  if (!one) return one.error();
  return std::optional(std::move(*one));
}

result<stored_model> find_stored_model(const std::vector<stored_model>& all,
                                       std::string_view typed) {
  auto whole = find_whole_name(all, typed);
  if (!whole) return whole.error();
  if (*whole) return **whole;
  const std::string key = key_of(typed);
  std::vector<const stored_model*> found;
  for (const stored_model& m : all)
    if (!key.empty() && (detail::folded(m.name).starts_with(key) ||
                         detail::folded(m.repo + m.name).starts_with(key)))
      found.push_back(&m);
  if (found.empty())
    return error{errc::not_found, "model \"" + std::string(typed) + "\" is not on this disk"};
  return only_one(found, typed);
}

}  // namespace vrambudget
