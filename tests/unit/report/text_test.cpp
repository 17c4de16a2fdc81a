#include "vrambudget/report/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../contains.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;
using testing::contains;

namespace {

model read(const char* name) {
  const auto header = header_from_shape(find_model(name).value().shape).value();
  const gguf::header parsed = gguf::parse(header, {.check_data = false}).value();
  return read_model({&parsed, 1}).value();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text)
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  return lines;
}

/// A run on a 4060 Ti, as text.
std::string planned(const model& m, const run& r, const text_style& s) {
  planner p(m, {to_device(find_gpu("4060ti").value())});
  const budget b = p.budget_for(r).value();
  return budget_text(m, r, b, judge(p, r, b).value(), "", s);
}

}  // namespace

TEST_CASE("a budget is as wide as there is room") {
  const model m = read("Qwen3-30B-A3B");
  for (const bool fits : {true, false})
    for (const std::size_t width : {60, 80, 132}) {
      CAPTURE(fits);
      CAPTURE(width);
      run r{.n_ctx = 32768};
      r.cpu_moe = fits;
      std::size_t widest = 0;
      for (const std::string& line : lines_of(planned(m, r, {.width = width}))) {
        if (contains(line, " B parameters") || contains(line, "flash attention"))
          continue;  // sentences, which a terminal breaks
        CAPTURE(line);
        CHECK(line.size() <= width);
        widest = std::max(widest, line.size());
      }
      CHECK(widest == width);  // the line above the bar, whose verdict ends it
      CHECK(contains(planned(m, r, {.width = width}), "host (main memory)"));
    }
}

TEST_CASE("a bar takes all columns but two on each side") {
  const model m = read("Qwen3-30B-A3B");
  for (const std::size_t width : {60, 80, 132}) {
    run r{.n_ctx = 8192};
    r.cpu_moe = true;
    for (const std::string& line : lines_of(planned(m, r, {.width = width})))
      if (line.starts_with("  ww")) CHECK(line.size() == width - 2);
  }
}

TEST_CASE("suggestions that have no room on a line are below each other") {
  suggestion s{.changes = {change_kind::cache_types, change_kind::n_cpu_moe}};
  s.changed.type_k = s.changed.type_v = ggml_type::q8_0;
  s.changed.n_cpu_moe = 24;
  s.n_on_host = 24;
  s.spare = 100_MiB;
  s.host = 8_GiB;
  // amounts take the last 20 columns, of which the text leaves 80 - 48 blank
  CHECK(suggestions_text({s}, {}, 100) == "What would fit:" + std::string(71, ' ') +
                                              "spare host GiB\n" +
                                              "  -ctk q8_0 -ctv q8_0 -ncmoe 24\n"
                                              "    KV in q8_0, experts of 24 layers on the host" +
                                              std::string(34, ' ') + "100.0 MiB     8.00\n");
  CHECK(suggestions_text({s}, {}, 60) ==
        "What would fit:                               spare host GiB\n"
        "  -ctk q8_0 -ctv q8_0 -ncmoe 24\n"
        "    KV in q8_0, experts of 24 layers on\n"
        "    the host                              100.0 MiB     8.00\n");
  // 8 to 12.04 tokens a second, outwards, and not more than the bound
  s.decodes.emplace();
  s.decodes->most = 12.04;
  s.decodes->expected.emplace();
  s.decodes->expected->low = 8.01;
  s.decodes->expected->high = 30;
  CHECK(suggestions_text({s}, {}, 70) ==
        "What would fit:                               spare host GiB  tokens/s\n"
        "  -ctk q8_0 -ctv q8_0 -ncmoe 24\n"
        "    KV in q8_0, experts of 24 layers on\n"
        "    the host                              100.0 MiB     8.00    8.0-13\n");
  s.decodes.reset();
  s.changes = {change_kind::cache_types};
  CHECK(suggestions_text({s}, {}, 80) ==
        "What would fit:                                                   spare host GiB\n"
        "  -ctk q8_0 -ctv q8_0 the same context, KV in q8_0            100.0 MiB     8.00\n");
}

TEST_CASE("--explain ends with the words that the plan has, and no others") {
  const std::string dense = planned(read("Qwen3-8B-Q8_0"), {.n_ctx = 256}, {.explain = true});
  const std::string words = dense.substr(dense.find("What the words mean:\n"));
  for (const char* word :
       {"\n  weights ", "\n  kv_cache ", "\n  driver_context ", "\n  pool ", "\n  page_rounding ",
        "\n  held by others ", "\n  host ", "\n  process ", "\n  mapped ", "\n  pinned ",
        "\n  exact ", "\n  bound ", "\n  fitted ", "\n  assumed "}) {
    CAPTURE(word);
    CHECK(contains(words, word));
  }
  for (const char* word :
       {"recurrent_state", "draft_", "projector_", "anonymous", "locked", "all_reduce"}) {
    CAPTURE(word);
    CHECK_FALSE(contains(words, word));
  }
  CHECK_FALSE(contains(planned(read("Qwen3-8B-Q8_0"), {.n_ctx = 256}, {}), "What the words mean"));
  run locked{.n_ctx = 256};
  locked.mlock = true;
  const std::string hybrid = planned(read("Qwen3.6-27B-UD-Q4_K_XL"), locked, {.explain = true});
  CHECK(contains(hybrid, "\n  recurrent_state  what layers without such a cache"));
  CHECK(contains(hybrid, "\n  locked "));
}
