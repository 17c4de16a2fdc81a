// Work that is finished although a process is ended.
#pragma once

#include <functional>

namespace vrambudget::detail {

/// Does `work` in a process of its own and, where that is ended, in this one; no signal that can be held back ends
/// either. The process that remains alone ends the work by itself. Where a system cannot double a process, this one does
/// it. What work returned: 0, or errno of what failed.
/// `work` makes only calls that a process with other threads may make after fork().
[[nodiscard]] int done_by_either(const std::function<int()>& work);

}  // namespace vrambudget::detail
