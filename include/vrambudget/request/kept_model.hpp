// A model as bytes: what other processes plan it by, without its file.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::request {

/// A model, and the bytes that it is made again of: the header of a GGUF file of version 3 without its vocabulary and
/// texts, and with what else is known of the model under keys "vrambudget.*".
struct kept_model {
  std::shared_ptr<const model> is;
  std::vector<std::byte> header;
};

/// As model_reader::read().
[[nodiscard]] result<kept_model> open_kept_model(const std::string& name,
                                                 const source_options& sources = {});

/// The model of a kept header, or of any GGUF file's beginning that has its whole header; `name`: what one without a
/// name of its own is called.
/// Errors: those of gguf::parse() and read_model(); bad_format  what is kept of its tensors is not one value for each;
///         unsupported  a projector, or another file that is no model
[[nodiscard]] result<kept_model> kept_model_of(std::span<const std::byte> header,
                                               const std::string& name);

/// Whether two models are planned alike is whether these are equal: the kept header without what the model is called and
/// where it lies. They are a kept header themselves, of a model that is planned the same. A device that maps the file, as
/// Metal's do, depends on where the data begins in it, too; without `is_mapped` that is left out, so that models trained
/// further from one are equal to it.
[[nodiscard]] result<std::vector<std::byte>> shape_bytes(const kept_model& m, bool is_mapped);

}  // namespace vrambudget::request
