#include "vrambudget/request/named_adapters.hpp"

#include <string>
#include <utility>
#include <variant>

#include "os/files.hpp"
#include "os/paths.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request {
namespace {

/// Reads the header of a file that stands alone.
template <class T>
result<T> read_file(const adapter_file& f, result<T> (*read)(const gguf::header&)) {
  const auto file = open_model_file(f.path);
  if (!file) return file.error();
  auto one = read(file->headers.front());
  if (!one) return in_context(f.path, one.error());
  one->path = f.path;
  one->scale = f.scale;
  return one;
}

}  // namespace

result<std::shared_ptr<const adapters>> load_adapters(const plan_request& q) {
  if (q.loras.empty() && q.control_vectors.empty()) return std::shared_ptr<const adapters>();
  adapters all;
  for (const adapter_file& f : q.loras) {
    auto one = read_file(f, read_lora);
    if (!one) return one.error();
    if (one->name.empty()) one->name = detail::stem_of(f.path);
    all.loras.push_back(std::move(*one));
  }
  for (const adapter_file& f : q.control_vectors) {
    auto one = read_file(f, read_control_vector);
    if (!one) return one.error();
    all.control_vectors.push_back(std::move(*one));
  }
  return std::make_shared<const adapters>(std::move(all));
}

std::shared_ptr<const model> adapted(const model& m, std::shared_ptr<const adapters> by) {
  auto with = std::make_shared<model>(m);
  with->adapted_by = std::move(by);
  return with;
}

plan_request adapters_of_line(const std::vector<std::string>& args) {
  plan_request q;
  for (std::size_t i = 0; i + 1 < args.size(); ++i) {
    const option* o = find_option(args[i]);
    if (o != nullptr && std::holds_alternative<kind::adapters>(o->value))
      static_cast<void>(set(*o, q, args[i + 1]));
  }
  const auto is_gone = [](const adapter_file& f) {
    return !detail::is_there(f.path);
  };
  std::erase_if(q.loras, is_gone);
  std::erase_if(q.control_vectors, is_gone);
  return q;
}

result<void> refuse_adapters(const plan_request& q, std::string_view why) {
  if (q.loras.empty() && q.control_vectors.empty()) return {};
  return error{errc::invalid_argument,
               std::string(q.loras.empty() ? "--control-vector: " : "--lora: ") +
                   std::string(why)};
}

}  // namespace vrambudget::request
