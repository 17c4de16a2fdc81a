// What the value of an option can be, and where in a request it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "vrambudget/advise/preference.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/request/plan_request.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::request {

/// Where a value lies in a request.
template <class T>
using place = T& (*)(plan_request&);

/// A member, a member of it, and so on: `at<&plan_request::r, &run::n_ctx>`.
template <auto... path>
constexpr auto& at(plan_request& q) {
  return (q.*....*path);
}

namespace kind {

/// A number of tokens, layers or seconds: "262144", "256k".
struct count {
  place<std::uint32_t> at;
  std::uint32_t least = 0, most = INT32_MAX;
  bool is_auto_at_0 = false;   ///< "auto" and "-1" are 0
  bool keeps_largest = false;  ///< of several, as the engine's list of patterns has it
  place<bool> told = nullptr;  ///< becomes true when it is given, whatever it is
};
struct optional_count {
  place<std::optional<std::uint32_t>> at;
};
/// A number of MiB; -1: no limit.
struct limit {
  place<std::int32_t> at;
};
/// The number of a GPU.
struct index {
  place<std::int32_t> at;
};
/// Layers on GPUs: a number, or "all".
struct layers {
  place<std::int32_t> at;
};
/// One of some words; the first of each value is how it is written.
template <class Enum>
struct choice {
  place<Enum> at;
  std::span<const std::pair<std::string_view, Enum>> words;
};
struct cache_type {
  place<ggml_type> at;
};
/// Has no value of its own: sets one to true or false.
struct on_off {
  place<bool> at;
  bool sets = true;
  void (*act)(plan_request&) = nullptr;  ///< instead of setting it to true
};
struct optional_on_off {
  place<std::optional<bool>> at;
  bool sets = true;
};
/// "3,1" or "3/1": parts of a whole.
struct shares {
  place<std::vector<float>> at;
};
/// "PATTERN=BUFFER,...", added to what was given before.
struct overrides {
  place<std::vector<tensor_override>> at;
  bool after_others = false;  ///< each remembers which of `-cmoe`, `-ncmoe` and `-ncffn` came first
};
/// "vulkan,hip", added to what was given before.
struct backends {
  place<std::vector<asked_backend>> at;
};
/// "draft-mtp,ngram-mod", added to what was given before.
struct spec_types {
  place<std::vector<spec_type>> at;
};
/// "CUDA1", or "none" for the host.
struct projector_device {
  place<projector_run> at;
};
/// A release, build or day: whose rules hold.
struct engine_version {
  place<plan_request> at;
};
/// A desktop of some weight, or what it holds: "light", "800MiB". The option may stand alone.
struct display {
  static constexpr std::string_view alone = "typical";
  place<std::optional<drawn_on_card>> at;
};
/// "FILE,FILE:0.5": files with what they are scaled by, added to what was given before.
struct adapters {
  place<std::vector<adapter_file>> at;
  bool scaled = false;  ///< each says by how much
};
struct text {
  place<std::string> at;
};
/// Texts, one at a time.
struct texts {
  place<std::vector<std::string>> at;
};
/// "23GiB", or bytes.
struct size {
  place<bytes> at;
};
struct optional_size {
  place<std::optional<bytes>> at;
};
/// "23GiB,8GiB", added to what was given before.
struct sizes {
  place<std::vector<bytes>> at;
};

using any =
    std::variant<count, optional_count, index, layers, choice<flash_attn>, choice<split_mode>,
                 choice<pooling>, choice<std::optional<operating_system>>,
                 choice<std::optional<bool>>, choice<std::optional<preference>>,
                 choice<std::optional<cpu_variant>>, cache_type, on_off, optional_on_off, shares,
                 overrides, spec_types, backends, projector_device, engine_version,
                 display, text, texts, size, sizes, optional_size, limit, adapters>;

}  // namespace kind
}  // namespace vrambudget::request
