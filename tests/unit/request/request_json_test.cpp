#include "vrambudget/request/request_json.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>

#include "option_samples.hpp"
#include "vrambudget/request/run_line.hpp"

using namespace vrambudget;
using namespace vrambudget::request;
namespace json = boost::json;

namespace {

plan_request of(const char* text) {
  const auto o = object_of(text, "the options");
  REQUIRE(o.has_value());
  const auto q = request_of(*o);
  CAPTURE(text);
  REQUIRE(q.has_value());
  return *q;
}

std::string refusal_of(const char* text) {
  const auto q = request_of(object_of(text, "the options").value());
  return q ? "" : q.error().message;
}

}  // namespace

TEST_CASE("a key means what its option means, by all names") {
  for (const option& o : options()) {
    if (!is_of_run(o.topic)) continue;
    for (const std::string& value : samples(o))
      for_each_name(o.names, [&](std::string_view name) {
        const json::value v = o.has_value() ? json::value(value) : json::value(true);
        const auto q = request_of({{key_of(name), v}});
        CAPTURE(name);
        REQUIRE(q.has_value());
        const std::string flag(o.flag());
        CHECK(q->r == (o.has_value() ? parse_run({flag, value}) : parse_run({flag})).value());
      });
  }
}

TEST_CASE("numbers, lists and switches are taken as they are") {
  CHECK(of(R"({"n_ctx": 8192})").r.n_ctx == 8192);
  CHECK(of(R"({"n_ctx": 8192.0})").r.n_ctx == 8192);
  CHECK(of(R"({"n_ctx": "8k"})").r.n_ctx == 8192);
  CHECK(of(R"({"n_ctx": null})").r == run{});
  CHECK(of(R"({"n_parallel": -1})").r.n_parallel == 0);
  CHECK(of(R"({"ngl": -1})").r.n_gpu_layers == -1);
  CHECK(of(R"({"n_gpu_layers": 20})").r.n_gpu_layers == 20);
  CHECK(of(R"({"tensor_split": [3, 0.5]})").r.tensor_split == std::vector<float>{3, 0.5});
  CHECK(of(R"({"overrides": ["a=CPU", "b=CUDA0"]})").r.overrides.size() == 2);
  CHECK(of(R"({"spec_types": ["draft-mtp"]})").r.spec_types.size() == 1);
  CHECK(of(R"({"gpu": ["3090", "2x4090"]})").gpus.names ==
        std::vector<std::string>{"3090", "2x4090"});
  CHECK(of(R"({"free": [1048576, "1MiB"]})").gpus.free == std::vector<bytes>{1_MiB, 1_MiB});
  CHECK(of(R"({"reserve": 4096})").reserve == bytes{4096});
  CHECK(of(R"({"system": "wsl2"})").gpus.system == operating_system::wsl2);
  CHECK(of(R"({"timeout": 5, "retries": 0, "offline": true})").sources.timeout == 5);
  CHECK(of(R"({"flash_attn": true})").r.flash_attn == flash_attn::on);
  CHECK(of(R"({"fa": false})").r.flash_attn == flash_attn::off);
  CHECK(of(R"({"model": "m", "draft": "d", "mmproj": "p"})").draft == "d");
  CHECK(of(R"({"engine": "2026-08"})").r.profile.name == "2026-08");
  CHECK(of(R"({"engine": "2026-08"})").engine_note.empty());
  CHECK(of(R"({"engine": "b11500"})").engine_note ==
        "engine b11500 is 242 builds after llama.cpp 2026-10, the nearest that is known: its rules "
        "are "
        "taken");
  CHECK(of(R"({"fit": true, "fit_target": [1024, "512MiB"], "n_ctx": 0})").tells_ctx);
  CHECK(of(R"({"fit": false})").fit == false);
}

// A flag that is false is one that is not given; what it turns off may be said to be on.
TEST_CASE("switches have two directions") {
  CHECK(of(R"({"offload_kqv": false})").r.offload_kqv == false);
  CHECK(of(R"({"kv_offload": 0})").r.offload_kqv == false);
  CHECK(of(R"({"nkvo": true})").r.offload_kqv == false);
  CHECK(of(R"({"nkvo": false, "op_offload": true})").r == run{});
  CHECK(of(R"({"warmup": false})").r.mmproj.warmup == false);
  CHECK(of(R"({"mmproj_offload": false})").r.mmproj.offload == false);
  CHECK(of(R"({"kv_unified": false})").r.kv_unified == false);
  CHECK(of(R"({"no_kv_unified": true})").r.kv_unified == false);
  CHECK(of(R"({"no_kv_unified": false})").r == run{});
  CHECK(of(R"({"cpu_moe": 1})").r.cpu_moe);
  CHECK(of(R"({"rerank": true})").r.pooling == pooling::rank);
  CHECK(of(R"({"ncmoe": 5, "ot": "b=CPU"})").r.overrides.at(0).after_cpu_moe);
}

TEST_CASE("what is wrong is told, with names like it") {
  CHECK(
      refusal_of(R"({"n_cxt": 1})").starts_with("'n_cxt' is no option of a plan; nearest: n_ctx"));
  CHECK(refusal_of(R"({"n_ctx": 1, "c": 2})") == "'n_ctx' and 'c' are the same option");
  CHECK(refusal_of(R"({"n_ctx": -1})") == "'-1' is not a number of tokens");
  CHECK(refusal_of(R"({"n_ctx": 1.5})") == "'1.5' is not a number of tokens");
  CHECK(refusal_of(R"({"n_ctx": 18446744073709551615})") ==
        "18446744073709551615 tokens are more than 2147483647");
  CHECK(refusal_of(R"({"n_ctx": ""})") == "n_ctx: nothing is no value");
  CHECK(refusal_of(R"({"n_ctx": {}})") == "n_ctx: a value of this type has no meaning here");
  CHECK(refusal_of(R"({"n_ctx": [1, 2]})") == "n_ctx: one value");
  CHECK(refusal_of(R"({"nkvo": "yes"})") == "nkvo: true or false");
  CHECK(refusal_of(R"({"nkvo": 2})") == "nkvo: true or false");
  CHECK(refusal_of(R"({"tensor_split": [1, -1]})") == "tensor_split: -1 is not a proportion");
  CHECK(refusal_of(R"({"timeout": 0})") == "0 is not between 1 and 3600");
  CHECK(refusal_of(R"({"emit": "ollama"})").starts_with("'emit' is no option of a plan"));
  CHECK(refusal_of(R"({"MODEL": "m"})").starts_with("'MODEL' is no option"));
  CHECK_FALSE(object_of("[1]", "the options").has_value());
  CHECK(object_of("", "the options").value().empty());
}

TEST_CASE("memory is typed as tools print it") {
  const auto free = [](const char* text) { return of(text).gpus.free.at(0); };
  CHECK(free(R"({"free": "23GiB"})") == 23_GiB);
  CHECK(free(R"({"free": "22.5GB"})") == bytes{22'500'000'000});
  CHECK(free(R"({"free": "23000MB"})") == bytes{23'000'000'000});
  CHECK(free(R"({"free": 24696061952})") == 23552_MiB);
  CHECK(of(R"({"free": 24696061952})").value_notes.empty());
  // nvidia-smi's 23000 is no 23,000 bytes
  for (const char* text : {R"({"free": 23000})", R"({"free": "23000"})"}) {
    CHECK(free(text) == 23000_MiB);
    REQUIRE(of(text).value_notes.size() == 1);
    CHECK(of(text).value_notes[0].starts_with("23000 is taken as 23000 MiB"));
  }
  CHECK(of(R"({"reserve": 0})").reserve == bytes{});
}

TEST_CASE("a display is a switch, a weight or a size") {
  const auto shown = [](const char* text) { return of(text).gpus.display; };
  CHECK_FALSE(shown("{}"));
  CHECK(shown(R"({"display": true})") == drawn_on_card(desktop::typical));
  CHECK(shown(R"({"display": false})") == drawn_on_card(desktop::none));
  CHECK(shown(R"({"display": "heavy"})") == drawn_on_card(desktop::heavy));
  CHECK(shown(R"({"display": "1.5GiB"})") == drawn_on_card(1536_MiB));
  CHECK(shown(R"({"display": 800})") == drawn_on_card(800_MiB));
}
