// No process can be doubled here: this one does it.
#include "os/two_processes.hpp"

namespace vrambudget::detail {

int done_by_either(const std::function<int()>& work) { return work(); }

}  // namespace vrambudget::detail
