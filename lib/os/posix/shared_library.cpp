#include "os/shared_library.hpp"

#include <dlfcn.h>

namespace vrambudget::detail {

shared_library::shared_library(const char* name)
    : name_(name), handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ != nullptr) return;
  const char* why = ::dlerror();
  problem_ = why ? why : name_ + " cannot be loaded";
}

void* shared_library::address_of(const char* symbol) const {
  return handle_ ? ::dlsym(handle_, symbol) : nullptr;
}

result<void> shared_library::check() const {
  if (!problem_.empty()) return error{errc::io, problem_};
  return {};
}

}  // namespace vrambudget::detail
