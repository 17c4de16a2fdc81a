// Compute buffers that llama.cpp reserved on cards of somebody else's, of models that the catalogue has. Source:
// github.com/gpustack/gguf-parser-go@71c933d, testdata/llamacpp_compute_buffer_sweep.json and
// file_estimate__llamacpp_test.go: llama.cpp c841aeeb8 of August 2026, `llama-server -c N -fa on -ctk q8_0 -ctv q8_0
// -b 2048 -ub 512 -np 1`, all layers and 4; a GTX 1070 Ti and an A40 are named.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "rows.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/model_reader.hpp"

using namespace vrambudget;

namespace {

namespace json = boost::json;

/// As the engine prints it.
std::string printed(double mib) { return fmt::format("{:.2f} MiB", mib); }

std::string planned(planner& p, const json::object& row, std::uint32_t n_gpu_layers) {
  const run r{.n_ctx = row.at("n_ctx").to_number<std::uint32_t>(),
              .n_parallel = 1,
              .flash_attn = flash_attn::on,
              .type_k = ggml_type::q8_0,
              .type_v = ggml_type::q8_0,
              .n_gpu_layers = static_cast<std::int32_t>(n_gpu_layers),
              .profile = find_profile("2026-08").value().profile};
  const auto b = p.budget_for(r);
  REQUIRE(b.has_value());
  return printed(static_cast<double>(b->devices[0].of(term_kind::compute_buffer).count) / 0x1p20);
}

bool differs(const json::object& row, std::string_view key) {
  const json::value* keys = row.if_contains("differs");
  return keys && std::any_of(keys->as_array().begin(), keys->as_array().end(),
                             [&](const json::value& k) { return k.as_string() == key; });
}

}  // namespace

TEST_CASE("compute buffers of gguf-parser-go's sweep are those that were printed") {
  int n = 0, equal = 0;
  for (const json::object& row :
       accuracy::read_lines(VRAMBUDGET_SOURCE "/tests/accuracy/compute_buffers.jsonl")) {
    const std::string name(row.at("model").as_string());
    const model m = request::model_reader().read(name).value();
    planner p(m, {to_device(find_gpu("a40").value())});
    const auto all = row.at("n_gpu_layers").to_number<std::uint32_t>();
    for (const auto& [key, n_layers] : {std::pair{"mib", all}, {"mib_at_4_layers", 4U}}) {
      const std::string what = name + " " + key;
      CAPTURE(what);
      const std::string measured = printed(row.at(key).to_number<double>()),
                        ours = planned(p, row, n_layers);
      CAPTURE(measured);
      CAPTURE(ours);
      CHECK((ours == measured) != differs(row, key));
      ++n;
      equal += ours == measured;
    }
  }
  CHECK(n == 102);
  CHECK(equal == 91);
}
