// Work in a process of its own: a GPU driver may end its process, and what it keeps for one would lie in
// the way of the next.
#pragma once

#include <boost/json/object.hpp>
#include <functional>

#include "vrambudget/error.hpp"

namespace vrambudget {

/// What `work` gives in a process of its own, which must not have asked the driver for anything yet.
/// SIGINT and SIGTERM reach it as is_interrupted(); when it has ended, this process ends by them.
/// Errors: what work failed with; io  how its process ended
[[nodiscard]] result<boost::json::object> in_own_process(
    const std::function<result<boost::json::object>()>& work);

/// Whether a signal asks `work` to give back what it holds and end.
[[nodiscard]] bool is_interrupted();

}  // namespace vrambudget
