// Words as people type them, a line each: names of GPUs and models, sizes, options, addresses.
#include <string>
#include <vector>

#include "planning.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/metal_devices.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/model/name_pattern.hpp"
#include "vrambudget/request/run_line.hpp"
#include "vrambudget/request/typed.hpp"

using namespace vrambudget;
using fuzz::holds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  while (!text.empty() && words.size() < 8) {
    const auto end = text.find('\n');
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  for (const std::string& word : words) {
    (void)holds(request::parse_tokens(word));
    (void)holds(request::parse_size(word));
    (void)holds(request::parse_memory(word));
    request::plan_request q;
    q.gpus.names = {word};
    (void)holds(request::open_devices(q));
    (void)holds(find_catalogued_file(word));
    (void)holds(parse_hub_name(word));
    (void)origin_of(word);
    (void)shown_url(word);
    if (const auto pattern = name_pattern::compile(word); holds(pattern))
      (void)pattern->is_in("blk.17.ffn_gate_exps.weight");
  }
  (void)holds(request::parse_known_run(words));
  if (const auto r = request::parse_run(words); holds(r)) {
    std::vector<std::string> again;
    for (const request::argument& a : request::arguments_of(*r)) {
      again.push_back(a.flag);
      if (!a.value.empty()) again.push_back(a.value);
    }
    const auto same = request::parse_run(again);
    fuzz::require(same && *same == *r);
  }
  return 0;
}
