// The table itself: every row is reached by all its names, and a run survives its own command line.
#include "vrambudget/request/option.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "option_samples.hpp"
#include "vrambudget/request/run_line.hpp"

using namespace vrambudget;
using namespace vrambudget::request;

namespace {

using words = std::vector<std::string>;

words words_of(const arguments& line) {
  words all;
  for (const argument& a : line) {
    all.push_back(a.flag);
    if (!a.value.empty()) all.push_back(a.value);
  }
  return all;
}

std::vector<const option*> rows_of_runs() {
  std::vector<const option*> all;
  for (const option& o : options())
    if (is_of_run(o.topic)) all.push_back(&o);
  return all;
}

words given(const option& o, const std::string& value, std::string_view name) {
  words w{std::string(name)};
  if (o.has_value()) w.push_back(value);
  return w;
}

/// What a line sets, as a line of the defaults' names.
run parsed(const words& w) {
  const auto r = parse_run(w);
  REQUIRE(r.has_value());
  return *r;
}

}  // namespace

TEST_CASE("each row goes through llama-server's line and back") {
  std::size_t n_changed = 0;
  for (const option* o : rows_of_runs())
    for (const std::string& value : samples(*o)) {
      CAPTURE(o->names);
      CAPTURE(value);
      const run r = parsed(given(*o, value, o->flag()));
      const words line = words_of(arguments_of(r));
      CHECK(parsed(line) == r);
      CHECK(line.empty() == (r == run{}));
      n_changed += r != run{};
    }
  CHECK(n_changed > rows_of_runs().size());
}

// A device and --no-mmproj-offload together are a device that is not used: they do not come back.
TEST_CASE("several rows in any order go through llama-server's line and back") {
  const std::vector<const option*> rows = rows_of_runs();
  std::mt19937 random(1);
  const auto any = [&](std::size_t n) { return random() % n; };
  for (int i = 0; i < 2000; ++i) {
    words line;
    for (std::size_t n = 2 + any(6); n > 0; --n) {
      // every second one is of those whose order counts
      const option& o = any(2) ? *rows[any(rows.size())]
                               : *find_option(words{"-ot", "-cmoe", "-ncmoe", "-ncffn"}[any(4)]);
      if (std::holds_alternative<kind::projector_device>(o.value)) continue;
      const words values = samples(o);
      for (const std::string& w : given(o, values[any(values.size())], o.flag())) line.push_back(w);
    }
    std::string shown;
    for (const std::string& w : line) shown += w + " ";
    CAPTURE(shown);
    const run r = parsed(line);
    CHECK(parsed(words_of(arguments_of(r))) == r);
  }
}

TEST_CASE("all names of a row mean the same") {
  for (const option* o : rows_of_runs())
    for_each_name(o->names, [&](std::string_view name) {
      CAPTURE(name);
      const std::string value = samples(*o).back();
      CHECK(parsed(given(*o, value, name)) == parsed(given(*o, value, o->flag())));
      if (name.starts_with("--") && o->has_value())
        CHECK(parsed({std::string(name) + "=" + value}) == parsed(given(*o, value, o->flag())));
    });
}

// common/arg.cpp, and the fields' comments in run.hpp
TEST_CASE("each option sets its own field") {
  const auto differs_in = [](const words& line, auto field, auto value) {
    run r = parsed(line);
    const bool is_set = r.*field == value;
    r.*field = run{}.*field;
    return is_set && r == run{};
  };
  CHECK(differs_in({"-c", "256k"}, &run::n_ctx, 262144u));
  CHECK(differs_in({"-b", "1024"}, &run::n_batch, 1024u));
  CHECK(differs_in({"-ub", "256"}, &run::n_ubatch, 256u));
  CHECK(differs_in({"-np", "3"}, &run::n_parallel, 3u));
  CHECK(differs_in({"-kvu"}, &run::kv_unified, true));
  CHECK(differs_in({"-no-kvu"}, &run::kv_unified, false));
  CHECK(differs_in({"-fa", "off"}, &run::flash_attn, flash_attn::off));
  CHECK(differs_in({"-fa", "1"}, &run::flash_attn, flash_attn::on));
  CHECK(differs_in({"-ctk", "q8_0"}, &run::type_k, ggml_type::q8_0));
  CHECK(differs_in({"-ctv", "q4_0"}, &run::type_v, ggml_type::q4_0));
  CHECK(differs_in({"--swa-full"}, &run::swa_full, true));
  CHECK(differs_in({"--embeddings"}, &run::embeddings, true));
  CHECK(differs_in({"--pooling", "cls"}, &run::pooling, pooling::cls));
  CHECK(differs_in({"-ngl", "7"}, &run::n_gpu_layers, 7));
  CHECK(differs_in({"-sm", "row"}, &run::split_mode, split_mode::row));
  CHECK(differs_in({"-mg", "1"}, &run::main_gpu, 1));
  CHECK(differs_in({"-ts", "3/1"}, &run::tensor_split, std::vector<float>{3, 1}));
  CHECK(differs_in({"-ot", "x=CPU"}, &run::overrides, std::vector<tensor_override>{{"x", "CPU"}}));
  CHECK(differs_in({"-cmoe"}, &run::cpu_moe, true));
  CHECK(differs_in({"-ncmoe", "5", "-ncmoe", "2"}, &run::n_cpu_moe, 5u));
  CHECK(differs_in({"-ncffn", "2"}, &run::n_cpu_ffn, 2u));
  CHECK(differs_in({"-nkvo"}, &run::offload_kqv, false));
  CHECK(differs_in({"--no-op-offload"}, &run::op_offload, false));
  CHECK(differs_in({"--spec-type", "draft-mtp", "--spec-type", "ngram-mod"}, &run::spec_types,
                   std::vector{spec_type::draft_mtp, spec_type::ngram_mod}));
  CHECK(differs_in({"--spec-draft-n-max", "5"}, &run::spec_draft_n_max, 5u));
  CHECK(differs_in({"-ctkd", "q8_0"}, &run::draft_type_k, ggml_type::q8_0));
  CHECK(differs_in({"-ctvd", "q8_0"}, &run::draft_type_v, ggml_type::q8_0));
  CHECK(differs_in({"-ngld", "0"}, &run::draft_n_gpu_layers, 0));
  CHECK(differs_in({"-otd", "x=CPU"}, &run::draft_overrides,
                   std::vector<tensor_override>{{"x", "CPU"}}));
  CHECK(differs_in({"-cmoed"}, &run::draft_cpu_moe, true));
  CHECK(differs_in({"-ncmoed", "4"}, &run::draft_n_cpu_moe, 4u));
  CHECK(differs_in({"--no-mmproj-offload"}, &run::mmproj, projector_run{.offload = false}));
  CHECK(differs_in({"-mmdev", "none"}, &run::mmproj, projector_run{.offload = false}));
  CHECK(differs_in({"-mmdev", "CUDA1"}, &run::mmproj,
                   projector_run{.device = device_id{backend_kind::cuda, 1}}));
  CHECK(differs_in({"-mmdev", "vulkan1"}, &run::mmproj,
                   projector_run{.device = device_id{backend_kind::vulkan, 1}}));
  CHECK(differs_in({"-mmdev", "MTL0"}, &run::mmproj,
                   projector_run{.device = device_id{backend_kind::metal, 0}}));
  CHECK(differs_in({"-mmdev", "ROCm2"}, &run::mmproj,
                   projector_run{.device = device_id{backend_kind::hip, 2}}));
  CHECK(
      differs_in({"--image-min-tokens", "8"}, &run::mmproj, projector_run{.image_min_tokens = 8}));
  CHECK(
      differs_in({"--image-max-tokens", "9"}, &run::mmproj, projector_run{.image_max_tokens = 9}));
  CHECK(differs_in({"--no-warmup"}, &run::mmproj, projector_run{.warmup = false}));
  CHECK(parsed({"--rerank"}) == parsed({"--embeddings", "--pooling", "rank"}));
  CHECK(parsed({"-c", "1", "-c", "2"}).n_ctx == 2);  // the last one counts
}

TEST_CASE("what is said to hold without an option does") {
  for (const option& o : options()) {
    if (o.usual.empty() || o.usual.find(' ') != o.usual.npos || !o.has_value()) continue;
    CAPTURE(o.names);
    plan_request q;
    CHECK(set(o, q, o.usual).has_value());
    CHECK_FALSE(told(o, q).has_value());
  }
}

TEST_CASE("a number that is none of tokens is told by its range") {
  plan_request q;
  for (const char* wrong : {"x", "0", "3601"}) {
    CAPTURE(wrong);
    const auto done = set(*find_option("--timeout"), q, wrong);
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().message.find("not between 1 and 3600") != std::string::npos);
  }
}

TEST_CASE("wrong values and options of something else are refused in a line") {
  for (const words& wrong : {words{"-c", "x"},
                             {"-c", "4294967296"},
                             {"-c", "3000000k"},
                             {"-c"},
                             {"-fa", "maybe"},
                             {"-ctk", "q6_K"},
                             {"-ts", "1,x"},
                             {"-ts", "-1"},
                             {"-ot", "x"},
                             {"-ot", "x="},
                             {"-mmdev", "GPU0"},
                             {"--spec-type", "draft"},
                             {"--gpu", "3090"},
                             {"-m", "a"},
                             {"--nope"},
                             {"word"}}) {
    CAPTURE(wrong.front());
    const auto r = parse_run(wrong);
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().code == errc::invalid_argument);
    CHECK_FALSE(r.error().message.empty());
  }
  const auto r =
      parse_known_run({"-m", "a.gguf", "--port", "80", "-c", "4096", "-t", "8", "-fa", "on"});
  REQUIRE(r.has_value());
  CHECK((r->n_ctx == 4096 && r->flash_attn == flash_attn::on));
}
