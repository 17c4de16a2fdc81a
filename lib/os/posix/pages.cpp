#include "os/pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace vrambudget::detail {
namespace {

#ifdef __APPLE__
constexpr std::size_t page = 16384;  // of Apple's chips; a multiple of Intel's
#else
constexpr std::size_t page = 4096;
#endif
constexpr std::size_t huge_page = std::size_t{2} << 20;

constexpr std::size_t rounded(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

}  // namespace

pages take_pages(std::size_t size, bool huge) {
  const std::size_t more = huge ? huge_page : 0, all = rounded(size, page) + more;
  void* const given = ::mmap(nullptr, all, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (given == MAP_FAILED) return {};
  auto* begin = static_cast<std::byte*>(given);
  if (more > 0) {
    const auto at = reinterpret_cast<std::uintptr_t>(begin);
    const std::size_t before = rounded(at, huge_page) - at;
    if (before > 0) ::munmap(begin, before);
    if (before < more) ::munmap(begin + before + all - more, more - before);
    begin += before;
#ifdef MADV_HUGEPAGE
    ::madvise(begin, all - more, MADV_HUGEPAGE);
#endif
  }
  return {begin, all - more};
}

void give_back(pages all) { ::munmap(all.begin, all.size); }

pages give_back_behind(pages all, std::size_t used) {
  const std::size_t kept = rounded(used, page);
  if (kept >= all.size) return all;
  ::munmap(all.begin + kept, all.size - kept);
  return {all.begin, kept};
}

}  // namespace vrambudget::detail
