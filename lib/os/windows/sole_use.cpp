// open_to_change() has seen to it: what is open so is open for nobody else.
#include "os/sole_use.hpp"

namespace vrambudget::detail {

result<void> take_alone(const std::string&, int) { return {}; }

void let_others_read(int) {}

}  // namespace vrambudget::detail
