#include "vrambudget/request/named_models.hpp"

#include <string>

#include "vrambudget/os/environment.hpp"
#include "vrambudget/request/file_choice.hpp"
#include "vrambudget/request/named_adapters.hpp"
#include "vrambudget/request/projectors.hpp"

namespace vrambudget::request {
namespace {

/// Reads a model or a projector that is named and not given.
template <class T, class Read>
result<void> read_if_absent(std::shared_ptr<const T>& to, const std::string& name, Read read) {
  if (to || name.empty()) return {};
  auto one = read(name);
  if (!one) return one.error();
  to = std::make_shared<const T>(std::move(*one));
  return {};
}

/// The name that a model was read by before; empty: it says to be of Ollama's store, and is not.
std::string name_of(const model& m, const environment& around) {
  if (!is_ollamas(m.name)) return m.name;
  const auto stored = find_ollamas(around, m.name);
  return stored && stored->path == m.path ? m.name : std::string();
}

/// The request with all that its model's name brings along, also of one that was read before.
result<plan_request> with_meant(const named_models& given, const plan_request& q) {
  if (!given.main && q.model.empty()) return error{errc::invalid_argument, "no model is named"};
  if (given.mmproj) return q;
  const environment around = environment_of_process();
  plan_request named = q;
  if (given.main) named.model = name_of(*given.main, around);
  named = with_meant_projector(std::move(named), around);
  named.model = q.model;
  return named;
}

/// The model, with the adapters that the request names.
result<void> read_main(named_models& given, const plan_request& q, model_reader& reader) {
  const auto ok = read_if_absent(given.main, q.model, [&](const std::string& name) {
    auto m = reader.read(name);
    if (m || !q.file_size || m.error().code != errc::unsupported) return m;
    // of a label whose size nobody knows the shape is enough
    const auto known = find_catalogued_file(name);
    auto shape = known ? read_shape(*known->shape) : result<model>(known.error());
    if (!shape) return m;
    shape->name = known->name;
    return shape;
  });
  if (!ok) return ok.error();
  if (q.file_size) {
    auto sized = of_size(*given.main, *q.file_size);
    if (!sized) return in_context("--file-size", sized.error());
    given.main = std::make_shared<const model>(std::move(*sized));
  }
  auto by = load_adapters(q);
  if (!by) return by.error();
  if (*by) given.main = adapted(*given.main, std::move(*by));
  return {};
}

/// A draft and a projector, if they are named and not given.
result<void> read_beside(named_models& given, const plan_request& q, model_reader& reader) {
  const auto draft = [&](const std::string& name) { return reader.read(name); };
  if (const auto ok = read_if_absent(given.draft, q.draft, draft); !ok) return ok.error();
  return read_if_absent(given.mmproj, q.mmproj, load_projector);
}

}  // namespace

result<void> read_companions(named_models& given, const plan_request& q, model_reader& reader) {
  return read_beside(given, q, reader);
}

result<named_models> read_models(named_models given, const plan_request& q, model_reader& reader) {
  const auto meant = with_meant(given, q);
  if (!meant) return meant.error();
  if (const auto ok = read_beside(given, *meant, reader); !ok) return ok.error();
  if (const auto ok = read_main(given, q, reader); !ok) return ok.error();
  return given;
}

result<named_models> read_best_models(named_models given, plan_request& q,
                                      const std::vector<device>& devices, limits l,
                                      model_reader& reader) {
  auto meant = with_meant(given, q);
  if (!meant) return meant.error();
  if (const auto ok = read_beside(given, *meant, reader); !ok) return ok.error();
  if (!given.main)
    meant = with_best_file(std::move(*meant), reader, devices, l, given.draft.get(),
                           given.mmproj.get());
  if (!meant) return meant.error();
  q = std::move(*meant);
  const bool is_named = !given.main;
  if (const auto ok = read_main(given, q, reader); !ok) return ok.error();
  if (is_named && !q.file_size && !reader.size_note().empty())
    q.file_note += (q.file_note.empty() ? "" : "; ") + reader.size_note();
  return given;
}

}  // namespace vrambudget::request
