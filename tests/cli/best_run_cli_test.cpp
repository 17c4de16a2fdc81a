// `--prefer` as a user runs it.
#include <boost/json.hpp>
#include <string>
#include <tuple>

#include "program.hpp"

namespace {

namespace json = boost::json;

json::value planned(const std::string& args) {
  const outcome o = run(args + " --json");
  CAPTURE(o.err);
  REQUIRE(o.status == 0);
  return json::parse(o.out);
}

std::string flags(const json::value& v) {
  return std::string(v.at("best").at("flags").as_string());
}

}  // namespace

TEST_SUITE("best run") {
  TEST_CASE("it is told first, and planned") {
    const outcome o =
        run("Qwen3-235B-A22B-Q3_K_M --gpu 3090 -c 131072 --ram 192GiB --prefer balance");
    CHECK(o.status == 0);
    CHECK(o.out.starts_with("Best run (--prefer balance):\n  -ctk q8_0 -ctv q8_0 "));
    CHECK(contains(o.out, "fits: 131,072 tokens"));
    CHECK(contains(o.out, "on the host"));
  }

  TEST_CASE("what it finds, flags alone give again") {
    for (const char* asked :
         {"Qwen3-235B-A22B-Q3_K_M --gpu 3090 -c 131072 --ram 192GiB --prefer balance",
          "Gemma-4-26B-A4B-Q4_K_M --gpu 4070 -c 100000 -np 2 --prefer speed",
          "Qwen3.6-27B-Q8_0 --gpu 3090,4060ti -c 131072 --prefer context",
          "Llama-3.3-70B-Q4_K_M --gpu 3090 -c 8192 --prefer quality"}) {
      const json::value best = planned(asked);
      std::string again(asked);
      again = again.substr(0, again.find(" --prefer")) + " " + flags(best);
      CAPTURE(again);
      const json::value told = planned(again);
      CHECK(told.at("devices") == best.at("devices"));
      CHECK(told.at("host") == best.at("host"));
      CHECK_FALSE(told.as_object().contains("best"));
    }
  }

  TEST_CASE("arguments are words of a command line that is the same run") {
    const json::value best = planned("Qwen3-235B-A22B-Q3_K_M --gpu 3090 -c 131072 --prefer speed");
    std::string again = "Qwen3-235B-A22B-Q3_K_M --gpu 3090";
    for (const json::value& word : best.at("best").at("arguments").as_array())
      again += " '" + std::string(word.as_string()) + "'";
    CAPTURE(again);
    CHECK(planned(again).at("devices") == best.at("devices"));
  }

  TEST_CASE("all wishes side by side are those of each") {
    const std::string asked = "Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --os linux";
    const json::value all = planned("best " + asked);
    std::string wishes;
    for (const json::value& r : all.at("runs").as_array()) {
      wishes += std::string(r.at("prefer").as_string()) + " ";
      const json::value one =
          planned(asked + " --prefer " + std::string(r.at("prefer").as_string()));
      CHECK(r.at("best") == one.at("best"));
      CHECK(r.at("n_ctx") == one.at("run").at("n_ctx"));
      CHECK(r.at("speed") == one.at("speed"));
    }
    CHECK(wishes == "quality speed context balance ");
    const outcome text = run("best " + asked);
    CHECK(text.status == 0);
    CHECK(contains(text.out, "context: -ctk q4_0 -ctv q4_0 -c 262144"));
    for (std::size_t at = 0, end; (end = text.out.find('\n', at)) != text.out.npos; at = end + 1)
      CHECK(end - at <= 80);
    const outcome none = run("best Qwen3-235B-A22B-Q3_K_M --gpu 3090 -c 131072 --ram 16GiB");
    CHECK(none.status == 1);
    CHECK(contains(none.out, "no run fits"));
  }

  TEST_CASE("one card, three wishes") {
    const std::string model = "Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --os linux --prefer ";
    const json::value context = planned(model + "context");
    CHECK(context.at("run").at("n_ctx").to_number<int>() == 262144);  // its training
    CHECK(flags(context) == "-ctk q4_0 -ctv q4_0 -c 262144");
    const json::value quality = planned(model + "quality");
    CHECK(contains(flags(quality), "-np 1"));
    CHECK_FALSE(contains(flags(quality), "-ctk"));
    for (const json::value& v : {context, quality})
      CHECK(v.at("best").at("on_host").as_string() == "nothing");
  }

  TEST_CASE("experts go before layers, a window that is held whole before both") {
    const json::value gemma =
        planned("Gemma-4-26B-A4B-Q4_K_M --gpu 4070 -c 100000 -np 2 --swa-full --prefer balance");
    CHECK(flags(gemma).starts_with("without --swa-full "));
    CHECK(contains(flags(gemma), "-ncmoe"));
    CHECK(gemma.at("best").at("on_host").as_string() == "feed_forward");
    CHECK(contains(flags(planned("GLM-4.5-Air-Q4_K_M --gpu 4060ti --os linux -c 32768 --prefer balance")),
                   "-ctk q4_0 -ctv q4_0 "));
    const json::value llama =
        planned("Llama-3.3-70B-Q4_K_M --gpu 6GiB -c 8192 --prefer balance");
    CHECK(llama.at("best").at("on_host").as_string() == "layers");
  }

  TEST_CASE("--emit writes it") {
    const outcome o = run("Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --prefer context --emit llama-server");
    CHECK(o.status == 0);
    CHECK(contains(o.out, "262144"));
    CHECK(contains(o.out, "q4_0"));
  }

  TEST_CASE("a name without a quantization is the file whose best run is best") {
    const std::string model = "Qwen3-8B --gpu 4060ti-8gb --json --prefer ";
    const auto file = [&](const char* most) {
      return std::string(json::parse(run(model + most).out).at("model").at("name").as_string());
    };
    const auto bits = [&](const char* most) {
      return json::parse(run(model + most).out)
          .at("model")
          .at("bits_per_weight")
          .to_number<double>();
    };
    CAPTURE(file("quality"));
    CHECK(bits("quality") > bits("speed"));
    CHECK(bits("speed") >= 4);
  }

  TEST_CASE("where none fits the told run is planned, and that is said") {
    const outcome o =
        run("Qwen3-235B-A22B-Q3_K_M --gpu 3090 -c 131072 --ram 16GiB --prefer balance");
    CHECK(o.status == 1);
    CHECK(contains(o.out, "none fits with what is told"));
    CHECK(contains(o.out, "does not"));
  }

  TEST_CASE("wrong use has one line that says what works") {
    for (const auto& [args, message] :
         {std::tuple("Qwen3-8B-Q8_0 --gpu 3090 --prefer size", "quality"),
          std::tuple("Qwen3-8B-Q8_0 --gpu 3090 --prefer speed --fit on", "leave one out"),
          std::tuple("best Qwen3-8B-Q8_0 --gpu 3090 --prefer speed", "--prefer"),
          std::tuple("best --gpu 3090", "name a model"),
          std::tuple("cards Qwen3-8B-Q8_0 --prefer speed", "--prefer"),
          std::tuple("trade Qwen3-8B-Q8_0 --gpu 3090 --prefer speed", "--prefer"),
          std::tuple("compare Qwen3-8B-Q8_0 Qwen3-8B-Q4_K_M --gpu 3090 --prefer speed", "--prefer"),
          std::tuple("together Qwen3-8B-Q8_0 Qwen3-8B-Q4_K_M --gpu 3090 --prefer speed",
                     "--prefer")}) {
      CAPTURE(std::string(args));
      const outcome o = run(args);
      CHECK(o.status == 2);
      CHECK(o.out.empty());
      CHECK(contains(o.err, message));
      CHECK(o.err.find('\n') == o.err.size() - 1);
    }
  }
}
