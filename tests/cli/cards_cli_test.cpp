// `vrambudget cards` as a user runs it.
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "program.hpp"

namespace {

namespace json = boost::json;

const std::string qwen = "Qwen3.6-27B-UD-Q4_K_XL -c 262144 -ctk q4_0 -ctv q4_0 -np 1 --os linux ";

/// The row of a card, alone or two of it; null: it is not there.
const json::object* row(const json::value& v, std::string_view id, int count = 1) {
  for (const json::value& c : v.at("cards").as_array())
    if (c.at("id").as_string() == id && c.at("count").to_number<int>() == count)
      return &c.as_object();
  return nullptr;
}

}  // namespace

TEST_SUITE("cards") {
  TEST_CASE("cards that hold a run are listed, and no line is over 80 columns") {
    const outcome o = run("cards " + qwen);
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    CHECK(contains(o.out, "\nRTX 3090  "));
    CHECK_FALSE(contains(o.out, "\nRTX 3060 12 GB  "));
    CHECK(contains(o.out, "\n2 x RTX 3060 12 GB  "));
    CHECK(contains(o.out, "nearest of the others: "));
    std::size_t begin = 0;
    for (std::size_t end; (end = o.out.find('\n', begin)) != std::string::npos; begin = end + 1) {
      CAPTURE(o.out.substr(begin, end - begin));
      CHECK(end - begin <= 80);
    }
  }

  TEST_CASE("its numbers are those of the plan on the card") {
    const json::value v = json::parse(run("cards " + qwen + "--json").out);
    CHECK(v.at("schema").to_number<int>() == 1);
    CHECK(v.at("fits").as_bool());
    CHECK(v.at("n_ctx").to_number<int>() == 262144);
    std::uint64_t before = 0;
    for (const json::value& c : v.at("cards").as_array()) {
      if (c.at("count").to_number<int>() != 1) break;
      const auto memory = c.at("memory_bytes").to_number<std::uint64_t>();
      CHECK(memory >= before);
      before = memory;
    }
    for (const auto& [id, gpu, count] :
         {std::tuple("rtx-3090", "3090", 1), std::tuple("rtx-3060", "3060", 1),
          std::tuple("rtx-3060", "2x3060", 2)}) {
      CAPTURE(std::string(gpu));
      const outcome o = run(qwen + "--json --gpu " + gpu);
      const json::value plan = json::parse(o.out);
      const json::object* r = row(v, id, count);
      REQUIRE(r != nullptr);
      std::uint64_t used = 0;
      for (const json::value& d : plan.at("devices").as_array())
        used += d.at("used_bytes").to_number<std::uint64_t>();
      CHECK(r->at("used_bytes").to_number<std::uint64_t>() == used);
      CHECK(r->at("fits") == plan.at("fits"));
      CHECK(o.status == (r->at("fits").as_bool() ? 0 : 1));
    }
    CHECK(row(v, "rtx-3090", 2) == nullptr);  // one is enough
    CHECK(v.at("nearest").as_object().contains("suggestion"));
  }

  TEST_CASE("if none holds it the status is 1") {
    const outcome o = run("cards gpt-oss-120b -c 131072 -np 1 --reserve 300GiB");
    CHECK(o.status == 1);
    CHECK(contains(o.out, "held by none"));
    CHECK_FALSE(contains(o.out, "in pairs"));
  }

  TEST_CASE("wrong use has one line that says what works") {
    for (const auto& [args, status, message] :
         {std::tuple("cards -c 8192", 2, "name a model"),
          std::tuple("cards Qwen3-8B-Q8_0 --gpu 3090", 2, "vrambudget MODEL --gpu 3090"),
          std::tuple("cards Qwen3-8B-Q8_0 --free 8GiB", 2, "leave --gpu and --free out"),
          std::tuple("cards Qwen3-8B-Q8_0 --fit on", 2, "--fit on"),
          std::tuple("cards Qwen3-8B-Q8_0 --parallel", 2, "--parallel"),
          std::tuple("cards Qwen3-8B-Q8_0 -ot ffn=nowhere", 2, "nowhere"),
          std::tuple("cards Qwen3-9B-Q8_0", 3, "Qwen3-8B"),
          std::tuple("Qwen3-8B-Q8_0 -c 8192", 2, "vrambudget cards MODEL")}) {
      CAPTURE(std::string(args));
      const outcome o = run(args);
      CHECK(o.status == status);
      CHECK(o.out.empty());
      CHECK(contains(o.err, message));
      CHECK(o.err.find('\n') == o.err.size() - 1);
    }
  }
}
