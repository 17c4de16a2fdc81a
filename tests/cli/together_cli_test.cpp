// `vrambudget together` as a user runs it.
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "program.hpp"

namespace {

namespace json = boost::json;

const std::string two = "Qwen3-8B-Q4_K_M Gemma-3-4B-Q4_0 ";

std::uint64_t number(const json::value& v, const char* key) {
  return v.at(key).to_number<std::uint64_t>();
}

}  // namespace

TEST_SUITE("together") {
  TEST_CASE("models that fit together are named, with what each takes") {
    const outcome o = run("together " + two + "--gpu 3060-12gb -c 8192");
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    CHECK(contains(o.out, "fits together: 2 models"));
    CHECK(contains(o.out, "Qwen3-8B-Q4_K_M"));
    CHECK(contains(o.out, "Gemma-3-4B-Q4_0"));
    CHECK(contains(o.out, "Largest context that all can have together: "));
    check_width(o.out);
  }

  TEST_CASE("the sums are those of the plans of each alone") {
    const std::string how = " --gpu 3060-12gb -c 8192 --ram 32GiB --json";
    const json::value v = json::parse(run("together " + two + how).out);
    CHECK(number(v, "schema") == 1);
    std::uint64_t used = 0, host = 0;
    for (const char* name : {"Qwen3-8B-Q4_K_M", "Gemma-3-4B-Q4_0"}) {
      const json::value one = json::parse(run(name + how).out);
      used += number(one.at("devices").at(0), "used_bytes");
      host += number(one.at("host"), "resident_bytes") + number(one.at("host"), "mapped_bytes");
    }
    CHECK(number(v.at("devices").at(0), "used_bytes") == used);
    CHECK(number(v.at("host"), "needed_bytes") == host);
    CHECK(number(v.at("devices").at(0), "spare_bytes") ==
          number(v.at("devices").at(0), "usable_bytes") - used);
    CHECK(v.at("fits").as_bool());
    CHECK(number(v.at("max_context"), "n_ctx") >= 8192);
    CHECK(v.at("models").as_array().size() == 2);
  }

  TEST_CASE("what does not fit exits with 1 and says what does") {
    const std::string args = "together " + two + "gpt-oss-20b --gpu 3060-12gb --os linux -c 8192";
    const outcome o = run(args);
    CHECK(o.status == 1);
    CHECK(contains(o.out, "does not fit together: CUDA0 lacks "));
    CHECK(contains(o.out, "Qwen3-8B-Q4_K_M, Gemma-3-4B-Q4_0 fit together without gpt-oss-20b"));
    CHECK(contains(o.out, "One after the other they fit"));
    check_width(o.out);
    const outcome j = run(args + " --json");
    CHECK(j.status == 1);
    const json::value v = json::parse(j.out);
    CHECK(v.at("subsets").at(0).at("models").as_array().size() == 2);
    CHECK(v.at("subsets").at(0).at("without").as_array().size() == 1);
    CHECK(v.at("swap").at("fits").as_bool());
    CHECK(number(v.at("devices").at(0), "missing_bytes") > 0);
  }

  TEST_CASE("a context that is too long for both has a shorter one that is not") {
    const outcome o = run("together " + two + "--gpu 3060-12gb -c 40960");
    CHECK(o.status == 1);
    CHECK_FALSE(contains(o.out, "No context is short enough"));
    const outcome same = run("together Qwen3-8B-Q4_K_M Qwen3-8B-Q4_K_M --gpu 3090 -c 8192");
    CHECK(same.status == 0);
    CHECK(contains(same.out, "Qwen3-8B-Q4_K_M (2)"));
    CHECK(contains(same.out, "shared file\n"));
    check_width(same.out);
  }

  TEST_CASE("wrong use has one line that says what works") {
    for (const auto& [args, status, message] :
         {std::tuple("together --gpu 3060", 2, "two models or more"),
          std::tuple("together Qwen3-8B-Q8_0 --gpu 3060", 2, "vrambudget Qwen3-8B-Q8_0"),
          std::tuple("together Qwen3-8B-Q8_0 Qwen3-9B-Q8_0 --gpu 3060", 3, "Qwen3-8B"),
          std::tuple("together Qwen3-8B-Q8_0 Gemma-3-4B-Q4_0", 2, "--gpu 3090"),
          std::tuple("together Qwen3-8B-Q8_0 Gemma-3-4B-Q4_0 --gpu 3061", 2, "3060"),
          std::tuple("together Qwen3-8B-Q8_0 Gemma-3-4B-Q4_0 --gpu 3060-12gb --fit on", 2,
                     "--fit on")}) {
      CAPTURE(std::string(args));
      const outcome o = run(args);
      CHECK(o.status == status);
      CHECK(o.out.empty());
      CHECK(contains(o.err, message));
      CHECK(o.err.find('\n') == o.err.size() - 1);
    }
  }
}
