// Compares verdicts and largest contexts with what llama.cpp did under enforced memory: which allocation was
// refused, on which device, of what size, whether it retried, up to which context it was created and ran.
// Usage: limits_test CASES DEVICES SHAPES... (cases of one run each, or of searches)
#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

#include "../recorded_cases.hpp"
#include "../recorded_devices.hpp"
#include "../recorded_shapes.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/verdict.hpp"
#include "vrambudget/request/run_line.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;

using testing::number;
using testing::text;

class runner {
 public:
  runner(const std::string& devices, std::vector<std::string> shapes)
      : models_(std::move(shapes)), devices_(testing::recorded_devices(devices)) {}

  /// How the case differs; empty: in nothing.
  std::string run_case(const json::object& c) {
    std::vector<device> cards;
    for (const json::value& g : c.at("gpus").as_array()) {
      device d = devices_.at(text(g.at("card")));
      d.free = {static_cast<std::uint64_t>(number(g.at("free_bytes")))};
      if (const json::value* vmm = g.as_object().if_contains("vmm")) d.maps_pool = vmm->as_bool();
      cards.push_back(std::move(d));
    }
    std::vector<std::string> args;
    for (const json::value& a : c.at("args").as_array()) args.push_back(text(a));
    const run r = request::parse_run(args).value();
    const json::value* draft = c.if_contains("draft_model");
    planner p(models_[text(c.at("model"))], std::move(cards), {.reserve = {}, .buffers_only = true},
              draft ? &models_[text(*draft)] : nullptr);
    return c.contains("n_ctx_loads") ? search(c, p, r) : judged(c, p, r);
  }

 private:
  static std::string search(const json::object& c, planner& p, const run& r) {
    const context_limit most = max_context(p, r).value();
    const json::value* runs = c.if_contains("n_ctx_runs");  // absent: nothing was decoded
    const std::int64_t loads = number(c.at("n_ctx_loads"));
    if (most.n_ctx_loads == loads && (!runs || most.n_ctx == number(*runs))) return "";
    return fmt::format("runs to {} and loads to {}, the engine to {} and {}", most.n_ctx,
                       most.n_ctx_loads, runs ? number(*runs) : 0, loads);
  }

  static std::string judged(const json::object& c, planner& p, const run& r) {
    const budget b = p.budget_for(r).value();
    const auto refused = b.first_refused(estimate::high);
    const bool retried = b.gave_up_pipelining();
    const std::string outcome = text(c.at("outcome"));
    if (outcome == "runs" || outcome == "loads") {
      if (refused && !(outcome == "loads" && is_in_use(refused->stage)))
        return fmt::format("{} of {} refused, but it {}", name(refused->stage), refused->size.count,
                           outcome);
      if (retried != c.contains("retried")) return retried ? "retried" : "did not retry";
      return "";
    }
    if (!refused) return "runs, but refused is " + outcome;
    // nothing is left for the draft: its shares are 0 of 0, over which the engine ends before it asks
    if (outcome == "draft_other" && refused->stage == term_kind::draft_weights &&
        refused->missing == in_pages(refused->size))
      return "";
    if (name(refused->stage) != outcome)
      return fmt::format("{} refused, not {}", name(refused->stage), outcome);
    const json::value* want = c.if_contains("refused");
    if (refused->stage == term_kind::pool || !want) return "";  // drawn in pieces
    const auto device = static_cast<std::uint32_t>(number(want->at("device")));
    const auto size = static_cast<std::uint64_t>(number(want->at("bytes")));
    if (refused->device.index == device && refused->size.count == size) return "";
    return fmt::format("{} bytes on {} refused, not {} on {}", refused->size.count,
                       refused->device.index, size, device);
  }

  testing::recorded_shapes models_;
  std::map<std::string, device> devices_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print("usage: limits_test CASES DEVICES SHAPES...\n");
    return 2;
  }
  runner cases(argv[2], {argv + 3, argv + argc});
  int n = 0, wrong = 0;
  testing::each_case(argv[1], [&](const json::value& v) {
    const json::object& c = v.as_object();
    ++n;
    const std::string differs = cases.run_case(c);
    if (differs.empty()) return;
    ++wrong;
    fmt::print("{}: {}\n", text(c.at("id")), differs);
  });
  fmt::print("{} cases, {} equal\n", n, n - wrong);
  return n > 0 && wrong == 0 ? 0 : 1;
}
