#include "os/pages.hpp"

#include "os/windows/wide.hpp"

namespace vrambudget::detail {
namespace {

constexpr std::size_t page = 4096;

}  // namespace

// pages of 2 MiB are for those with a right of their own
pages take_pages(std::size_t size, bool) {
  const std::size_t all = (size + page - 1) / page * page;
  void* const given = ::VirtualAlloc(nullptr, all, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (given == nullptr) return {};
  return {static_cast<std::byte*>(given), all};
}

void give_back(pages all) { ::VirtualFree(all.begin, 0, MEM_RELEASE); }

pages give_back_behind(pages all, std::size_t used) {
  const std::size_t kept = (used + page - 1) / page * page;
  if (kept >= all.size) return all;
  ::VirtualFree(all.begin + kept, all.size - kept, MEM_DECOMMIT);
  return {all.begin, kept};
}

}  // namespace vrambudget::detail
