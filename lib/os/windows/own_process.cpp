// No process can be doubled here: a thread asks the driver, which may be waited for as long as patience lasts.
#include "os/own_process.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "os/windows/wide.hpp"

namespace vrambudget::detail {
namespace {

volatile LONG caught = 0;

BOOL WINAPI catch_signal(DWORD signal) {
  if (signal != CTRL_C_EVENT && signal != CTRL_BREAK_EVENT) return FALSE;
  ::InterlockedExchange(&caught, 1);
  return TRUE;
}

}  // namespace

bool is_interrupted() { return caught != 0; }

result<std::string> text_of_own_process(const std::function<std::string()>& work,
                                        unsigned patience_s, const char* who) {
  ::InterlockedExchange(&caught, 0);
  ::SetConsoleCtrlHandler(catch_signal, TRUE);
  // who does not answer keeps what it is working on
  const auto text = std::make_shared<std::promise<std::string>>();
  std::future<std::string> answer = text->get_future();
  std::thread asking([text, work] { text->set_value(work()); });
  const bool is_there =
      answer.wait_for(std::chrono::seconds(patience_s)) == std::future_status::ready;
  // never detached: winpthreads gives the record of a detached thread to the next one too early, and that one hangs
  if (is_there)
    asking.join();
  else
    (void)new std::thread(std::move(asking));
  ::SetConsoleCtrlHandler(catch_signal, FALSE);
  if (is_interrupted()) ::GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
  if (!is_there)
    return error{errc::io, fmt::format("{} did not answer within {} s", who, patience_s)};
  return answer.get();
}

}  // namespace vrambudget::detail
