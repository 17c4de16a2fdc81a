#include "own_process.hpp"

#include <boost/json.hpp>
#include <string>
#include <utility>

#include "os/own_process.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr unsigned patience_s = 120;  // a context on each of many cards takes seconds
constexpr const char* driver = "the GPU driver";

std::string answer_of(const std::function<result<json::object>()>& work) {
  json::object answer;
  try {
    if (auto r = work())
      answer = std::move(*r);
    else
      answer = {{"error", r.error().message}, {"code", static_cast<int>(r.error().code)}};
  } catch (const std::exception& e) {
    answer["error"] = e.what();
  }
  return json::serialize(answer);
}

}  // namespace

bool is_interrupted() { return detail::is_interrupted(); }

result<json::object> in_own_process(const std::function<result<json::object>()>& work) {
  const auto text = detail::text_of_own_process([work] { return answer_of(work); }, patience_s, driver);
  if (!text) return text.error();
  boost::system::error_code cut;
  json::value answer = json::parse(*text, cut);
  if (cut || !answer.is_object())
    return error{errc::io, std::string(driver) + " ended its process"};
  if (const json::value* e = answer.as_object().if_contains("error")) {
    const json::value* code = answer.as_object().if_contains("code");
    return error{code ? static_cast<errc>(code->to_number<int>()) : errc::io,
                 std::string(e->as_string())};
  }
  return std::move(answer.as_object());
}

}  // namespace vrambudget
