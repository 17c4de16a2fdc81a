#include "vrambudget/request/projectors.hpp"

#include <algorithm>
#include <vector>

#include "catalogue/names.hpp"
#include "os/files.hpp"
#include "os/paths.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/model/projector_inside.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::request {
namespace {

result<projector> from_file(const std::string& path,
                            result<projector> (*read)(const gguf::header&) = read_projector) {
  const auto f = open_model_file(path);
  if (!f) return f.error();
  auto p = read(f->headers.front());
  if (!p) return in_context(path, p.error());
  p->path = path;
  if (p->name.empty()) p->name = detail::stem_of(path);
  return p;
}

result<projector> from_ollamas_store(const std::string& typed, const environment& around) {
  const auto m = find_ollamas(around, typed);
  if (!m) return m.error();
  auto p =
      m->projector.empty() ? from_file(m->path, read_projector_inside) : from_file(m->projector);
  if (p) p->name = "projector of " + m->name;  // a blob's own name is its digest
  return p;
}

bool has_projector(const stored_model& m) {
  if (!m.projector.empty()) return true;
  const auto f = open_model_file(m.path);
  return f && has_projector_inside(f->headers.front());
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

std::string base_name(const std::string& path) {
  return path.substr(path.find_last_of("/\\") + 1);  // npos + 1 is 0
}

bool is_here_or_known(const std::string& typed) {
  return is_ollamas(typed) || detail::is_there(typed) || find_projector(typed);
}

/// What the catalogue has in the place of a projector's file that is not here; empty: it is here, or nothing is.
std::string known_projector(const std::string& typed, const std::string& model) {
  if (!typed.ends_with(".gguf") || is_ollamas(typed) || detail::is_there(typed))
    return {};
  const std::string file = base_name(typed);
  const auto exactly = [](const std::string& name) {
    const auto p = find_projector(name);
    return p && p->is_called(name) ? p->name : std::string();
  };
  if (std::string own = exactly(file.substr(0, file.size() - 5)); !own.empty()) return own;
  const auto meant = catalogued_files_meant(base_name(model));
  if (!meant) return {};
  const catalogued_file& first = meant->files.front();
  const std::string folded = detail::folded(file);
  const char* type = folded.find("bf16") != folded.npos  ? "BF16"
                     : folded.find("q80") != folded.npos ? "Q8_0"
                                                         : "F16";
  const auto of = [&](const std::string& name) { return exactly("mmproj-" + name + "-" + type); };
  // a model with the shape of another can have a projector of its own
  std::string own = first.alias ? of(first.alias->name) : std::string();
  return own.empty() ? of(family_of(first)->name) : own;
}

}  // namespace

result<projector> load_projector(const std::string& typed) {
  if (is_ollamas(typed)) return from_ollamas_store(typed, environment_of_process());
  if (detail::is_there(typed) || typed.find('/') != std::string::npos ||
      typed.ends_with(".gguf"))
    return from_file(typed);
  const auto known = find_projector(typed);
  if (!known)
    return error{errc::not_found, "no file '" + typed + "', and " + known.error().message};
  return from_catalogue(*known);
}

plan_request with_meant_projector(plan_request q, const environment& around) {
  if (std::string known = known_projector(q.mmproj, q.model); !known.empty()) {
    q.value_notes.push_back(q.mmproj + ": no such file; " + known +
                            " of the catalogue stands for it");
    q.mmproj = std::move(known);
  }
  if (q.is_pasted && !q.mmproj.empty() && !is_here_or_known(q.mmproj)) {
    q.value_notes.push_back("--mmproj " + q.mmproj +
                            ": no such file here, and no known projector: it is not counted");
    q.mmproj.clear();
    return q;
  }
  if (!is_ollamas(q.model) || !q.mmproj.empty() || q.no_mmproj) return q;
  const auto m = find_ollamas(around, q.model);
  if (!m || !has_projector(*m)) return q;
  q.mmproj = q.model;
  q.value_notes.push_back(
      "Ollama loads its projector as well, which is counted: --no-mmproj plans without");
  return q;
}

std::string projector_beside(const model& m) {
  if (m.path.empty()) return {};
  const std::size_t slash = m.path.find_last_of(detail::separators);
  const std::string folder = slash == m.path.npos ? "./" : m.path.substr(0, slash + 1);
  for (const std::string& name : detail::names_in(folder))
    if (name.ends_with(".gguf") && name.find("mmproj") != std::string::npos) return folder + name;
  return {};
}

}  // namespace vrambudget::request
