// Plans each run of a request, and says how long reading the header and planning took. The request, on
// standard input, and the answer are what compare.py writes and reads, for the other estimators too.
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "vrambudget/request/run_line.hpp"
#include "truth/recorded_devices.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/plan/planner.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
using testing::text;

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

/// The engine's own buffers on the card: no driver context, no pool.
bytes engine_buffers(const device_budget& d) {
  return d.of(term_kind::weights) + d.of(term_kind::kv_cache) + d.of(term_kind::recurrent_state) +
         d.of(term_kind::compute_buffer);
}

json::object timed(const json::value& what, const device& card, std::int64_t repeat) {
  std::vector<std::string> args;
  for (const json::value& a : what.at("args").as_array()) args.push_back(text(a));
  const run r = request::parse_run(args).value();
  const std::string path = text(what.at("file"));

  // The fastest call counts: whatever else the machine does only makes calls longer.
  double parse_ms = std::numeric_limits<double>::infinity(), estimate_ms = parse_ms;
  bytes total;
  for (std::int64_t i = 0; i < repeat; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto file = open_model_file(path);
    if (!file) return {{"refusal", file.error().message}};
    const auto m = read_model(file->headers);
    if (!m) return {{"refusal", m.error().message}};
    parse_ms = std::min(parse_ms, ms_since(start));

    const auto read = std::chrono::steady_clock::now();
    const auto b = plan(*m, r, {card});
    if (!b) return {{"refusal", b.error().message}};
    estimate_ms = std::min(estimate_ms, ms_since(read));
    total = engine_buffers(b->devices.front());
  }
  return {{"bytes", total.count}, {"parse_ms", parse_ms}, {"estimate_ms", estimate_ms}};
}

}  // namespace

int main() try {
  const json::value request = json::parse(std::string(std::istreambuf_iterator(std::cin), {}));
  const auto cards = testing::recorded_devices(text(request.at("devices")));
  json::array answer;
  for (const json::value& what : request.at("runs").as_array())
    answer.push_back(
        timed(what, cards.at(text(what.at("gpu"))), testing::number(request.at("repeat"))));
  std::cout << answer << "\n";
  return 0;
} catch (const std::exception& e) {
  std::cerr << "plan_runs: " << e.what() << "\n";
  return 3;
}
