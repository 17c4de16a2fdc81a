// Work that is done by several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "vrambudget/plan/sweep_columns.hpp"

namespace vrambudget {

#ifdef __STDCPP_THREADS__
/// The caller's thread and others, `n_threads` together at most; 0: as many as the machine runs at once.
/// What one of them throws ends all, and is thrown to the caller.
[[nodiscard]] inline sweep_runner on_threads(unsigned n_threads = 0) {
  if (n_threads == 0) n_threads = std::max(1u, std::thread::hardware_concurrency());
  return [n_threads](std::size_t n, const std::function<void(std::size_t)>& work,
                     const std::function<bool()>& between) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> stopped{false};
    std::exception_ptr thrown;
    std::mutex throwing;
    const auto help = [&](const std::function<bool()>& after_each) {
      try {
        for (std::size_t i; !stopped && (i = next++) < n;) {
          work(i);
          if (!after_each()) stopped = true;
        }
      } catch (...) {
        const std::lock_guard one(throwing);
        if (!thrown) thrown = std::current_exception();
        stopped = true;
      }
    };
    {
      std::vector<std::jthread> others;
      try {
        while (others.size() + 1 < std::min<std::size_t>(n_threads, n))
          others.emplace_back(help, [] { return true; });
      } catch (const std::system_error&) {  // no more threads: those there are do it
      }
      help(between);
    }
    if (thrown) std::rethrow_exception(thrown);
    return !stopped;
  };
}
#else
/// There are no threads here: the caller's does all.
[[nodiscard]] inline sweep_runner on_threads(unsigned = 0) {
  return [](std::size_t n, const std::function<void(std::size_t)>& work,
            const std::function<bool()>& between) {
    for (std::size_t i = 0; i < n; ++i) {
      work(i);
      if (!between()) return false;
    }
    return true;
  };
}
#endif

}  // namespace vrambudget
