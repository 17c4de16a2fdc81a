// There are no pages: memory is what malloc() has.
#include "os/pages.hpp"

#include <cstdlib>

namespace vrambudget::detail {

pages take_pages(std::size_t size, bool) { return {static_cast<std::byte*>(std::malloc(size)), size}; }
void give_back(pages all) { std::free(all.begin); }
pages give_back_behind(pages all, std::size_t) { return all; }

}  // namespace vrambudget::detail
