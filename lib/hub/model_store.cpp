// Walks the folders of other programs and compares names.
#include "vrambudget/hub/model_store.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "catalogue/names.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/io/whole_file.hpp"

namespace vrambudget {
namespace {

namespace fs = std::filesystem;

/// Every file below a folder, links followed but no folder twice, so that circles end.
class walk {
 public:
  using visitor = std::function<void(const fs::path& file, const fs::path& below_root)>;
  explicit walk(visitor visit) : visit_(std::move(visit)) {}

  void run(const fs::path& root, int depth) { folder(root, {}, depth); }

 private:
  static constexpr int max_entries = 20000;

  void folder(const fs::path& at, const fs::path& below, int depth) {
    std::error_code code;
    const fs::path real = fs::canonical(at, code);
    if (code || !seen_.insert(real).second) return;
    std::vector<fs::path> names;
    for (fs::directory_iterator i(at, code), end; !code && i != end; i.increment(code)) {
      if (++n_entries_ > max_entries) return;
      names.push_back(i->path().filename());
    }
    std::sort(names.begin(), names.end());
    for (const fs::path& name : names) {
      std::error_code unreadable;
      const fs::file_status s = fs::status(at / name, unreadable);
      if (fs::is_regular_file(s))
        visit_(at / name, below / name);
      else if (fs::is_directory(s) && depth > 0)
        folder(at / name, below / name, depth - 1);
    }
  }

  visitor visit_;
  std::set<fs::path> seen_;
  int n_entries_ = 0;
};

/// Whether a file is a model, and not a further file of one.
bool is_model(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.ends_with(".gguf") || is_sidecar(name)) return false;
  const auto of = name.rfind("-of-");
  return of == name.npos || of < 6 || name.substr(of - 6, 6) == "-00001" ||
         name.find_first_not_of("0123456789", of + 4) != of + 9;
}

/// Its name without ".gguf" and without its place in a split set.
std::string name_of(const fs::path& file) {
  std::string name = file.stem().string();
  if (const auto at = name.rfind("-00001-of-"); at != name.npos && at + 15 == name.size())
    name.resize(at);
  return name;
}

std::string projector_beside(const fs::path& model) {
  std::error_code code;
  std::vector<std::string> found;
  for (fs::directory_iterator i(model.parent_path(), code), end; !code && i != end;
       i.increment(code)) {
    const std::string name = i->path().filename().string();
    if (name.ends_with(".gguf") && name.find("mmproj") != name.npos)
      found.push_back(i->path().string());
  }
  return found.size() == 1 ? found.front() : "";
}

void add(std::vector<stored_model>& all, const fs::path& file, const std::string& repo) {
  std::error_code code;
  const auto size = fs::file_size(file, code);
  if (code) return;
  all.push_back({name_of(file), repo, file.string(), bytes{size}, projector_beside(file)});
}

/// models--org--repo/snapshots/COMMIT/...: of several commits the one that refs/main names is first.
void add_hub(std::vector<stored_model>& all, const fs::path& hub) {
  std::error_code code;
  for (fs::directory_iterator i(hub, code), end; !code && i != end; i.increment(code)) {
    std::string repo = i->path().filename().string();
    if (!repo.starts_with("models--")) continue;
    repo.erase(0, 8);
    if (const auto at = repo.find("--"); at != repo.npos) repo.replace(at, 2, "/");
    const auto head = read_whole_file((i->path() / "refs" / "main").string(), 4_KiB);
    std::string commit = head ? *head : std::string();
    commit.resize(std::min(commit.find_first_of(" \t\r\n"), commit.size()));
    const fs::path snapshots = i->path() / "snapshots";
    std::set<fs::path> seen;
    const auto visit = [&](const fs::path& file, const fs::path& below) {
      const fs::path in_repo = below.lexically_relative(*below.begin());
      if (is_model(file) && seen.insert(in_repo).second) add(all, file, repo);
    };
    if (!commit.empty() && commit.find('/') == commit.npos && commit[0] != '.')
      walk([&](const fs::path& f, const fs::path& b) {
        visit(f, commit / b);
      }).run(snapshots / commit, 4);
    walk(visit).run(snapshots, 5);
  }
}

void add_ollama(std::vector<stored_model>& all, const std::string& folder) {
  walk([&](const fs::path&, const fs::path& below) {
    std::vector<std::string> parts;
    for (const fs::path& p : below) parts.push_back(p.string());
    if (parts.size() != 4) return;
    std::string name = parts[2] + ":" + parts[3];
    const bool is_default = parts[0] == "registry.ollama.ai";
    if (!is_default || parts[1] != "library") name = parts[1] + "/" + name;
    if (!is_default) name = parts[0] + "/" + name;
    if (const auto m = ollama_model(folder, name)) all.push_back(*m);
  }).run(fs::path(folder) / "manifests", 3);
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
    walk([&](const fs::path& file, const fs::path& below) {
      if (below.begin()->string().starts_with("models--") || !is_model(file)) return;
      std::vector<std::string> parts;
      for (const fs::path& p : below.parent_path()) parts.push_back(p.string());
      add(all, file, parts.size() == 2 ? parts[0] + "/" + parts[1] : "");
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
