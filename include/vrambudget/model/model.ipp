// Reading a model with what the table of architectures says of it; see model.hpp.
#pragma once

#include <algorithm>

#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/model/architectures.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/read_hparams.hpp"
#include "vrambudget/model/tensor_extra.hpp"

namespace vrambudget {

const architecture_traits& find_architecture(std::string_view name) {
  const auto* it =
      std::lower_bound(std::begin(architectures), std::end(architectures), name,
                       [](const architecture_traits& a, std::string_view n) { return a.name < n; });
  return it != std::end(architectures) && it->name == name ? *it : unknown_architecture;
}

result<model> read_model(std::span<const gguf::header> headers) {
  if (headers.empty()) return error{errc::invalid_argument, "a model needs at least one header"};
  const gguf::header& first = headers.front();
  const gguf::value* arch = first.find("general.architecture");
  if (!arch) return error{errc::not_found, "key 'general.architecture' is missing: not a model"};
  if (!arch->string())
    return error{errc::bad_format, "key 'general.architecture' has type " +
                                       std::string(gguf::type_name(arch->type())) +
                                       ", expected str"};
  model m;
  m.architecture = *arch->string();
  if (m.architecture == projector_architecture)
    return error{errc::unsupported, "architecture '" + m.architecture +
                                        "' is a projector, not a model that can run alone"};
  m.traits = &find_architecture(m.architecture);
  if (const gguf::value* type = first.find("general.file_type"); type && !type->u32())
    return error{errc::bad_format, "key 'general.file_type' has type " +
                                       std::string(gguf::type_name(type->type())) +
                                       ", expected u32"};
  const gguf::value* name = first.find("general.name");
  if (name && !name->string())
    return error{errc::bad_format, "key 'general.name' has type " +
                                       std::string(gguf::type_name(name->type())) +
                                       ", expected str"};
  if (name) m.name = gguf::printable(*name->string());
  auto hp = read_hparams(first, m.architecture, *m.traits);
  if (!hp) return hp.error();
  m.hp = std::move(*hp);
  std::uint32_t file = 0;
  for (const gguf::header& h : headers) {
    for (const gguf::tensor_info& t : h.tensors()) {
      if (const auto ok = gguf::require_elements(t); !ok) return ok.error();
      m.tensors.push_back({.name = std::string(t.name),
                           .type = t.type,
                           .ne = t.ne,
                           .size = t.size,
                           .file = file,
                           .offset = h.data_offset() + t.offset});
      m.n_params += static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
    }
    ++file;
  }
  if (auto extra = detail::read_tensor_extra(first, m.tensors); !extra) return extra.error();
  return m;
}

}  // namespace vrambudget
