// Keeps the engine from reading weights that nobody computes with. It maps the model's file with MAP_POPULATE
// and asks to read ahead, which would fill memory with the zeros of a sparse file. What it allocates is not
// affected.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace {
void* map(void* address, std::size_t n, int protection, int flags, int file, off_t offset) {
  if (file >= 0) flags &= ~MAP_POPULATE;
  return reinterpret_cast<void*>(::syscall(SYS_mmap, address, n, protection, flags, file, offset));
}
}  // namespace

extern "C" {
void* mmap(void* a, std::size_t n, int protection, int flags, int file, off_t offset) noexcept {
  return map(a, n, protection, flags, file, offset);
}
void* mmap64(void* a, std::size_t n, int protection, int flags, int file, off64_t offset) noexcept {
  return map(a, n, protection, flags, file, offset);
}
int posix_madvise(void*, std::size_t, int) noexcept { return 0; }
int posix_fadvise64(int, off64_t, off64_t, int) noexcept { return 0; }
}
