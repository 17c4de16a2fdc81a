// Who has a file open is not asked: locks alone are heeded.
#include "os/sole_use.hpp"

#include <cerrno>

#include "os/descriptor.hpp"

namespace vrambudget::detail {

result<void> take_alone(const std::string& path, int fd) {
  if (!lock(fd) && errno == EWOULDBLOCK)
    return error{errc::io, path + ": is locked by another process"};
  return {};
}

void let_others_read(int) {}

}  // namespace vrambudget::detail
