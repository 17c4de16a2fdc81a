// A text as options in JSON: planned for a small model, told in JSON, and as a command line.
#include <string>

#include "planning.hpp"
#include "vrambudget/request/recipe_request.hpp"
#include "vrambudget/request/request_json.hpp"
#include "vrambudget/request/run_line.hpp"

using namespace vrambudget;
using fuzz::holds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)holds(request::read_recipe_request(text));
  const auto options = request::object_of(text, "the options");
  if (!holds(options)) return 0;
  auto q = request::request_of(*options);
  if (!holds(q)) return 0;
  for (const request::argument& a : request::arguments_of(q->r)) fuzz::require(!a.flag.empty());
  // nothing that is named is looked for: this is about the options
  if (!q->model.empty() || !q->draft.empty() || !q->mmproj.empty()) return 0;
  static const auto model = request::open_model("Qwen3-0.6B-Q8_0").value();
  request::plan_inputs in;
  in.main = model;
  in.devices = fuzz::devices_of(0);
  q->gpus.names.clear();
  (void)holds(request::plan_json(in, *q));
  return 0;
}
