// What both fake libraries do alike: their memory is a file, and the environment says how they behave.
#pragma once

#ifdef _WIN32
#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "state.hpp"

namespace fake_cuda {

/// A file as memory, or memory of this process alone.
inline void* mapped(const char* path) {
#ifdef _WIN32
  const HANDLE file = path ? ::CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                           nullptr, OPEN_ALWAYS, 0, nullptr)
                           : INVALID_HANDLE_VALUE;
  const HANDLE all = ::CreateFileMappingA(file, nullptr, PAGE_READWRITE, 0, sizeof(state), nullptr);
  void* const p = all ? ::MapViewOfFile(all, FILE_MAP_ALL_ACCESS, 0, 0, sizeof(state)) : nullptr;
  if (p == nullptr) std::abort();
  return p;
#else
  const int fd = path ? ::open(path, O_RDWR | O_CREAT, 0600) : -1;
  if (fd >= 0 && ::ftruncate(fd, sizeof(state)) != 0) std::abort();
  void* const p = ::mmap(nullptr, sizeof(state), PROT_READ | PROT_WRITE,
                         fd >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, fd, 0);
  if (p == MAP_FAILED) std::abort();
  return p;
#endif
}

/// The file named by FAKE_CUDA_STATE.
inline state& shared() {
  static state* const s = static_cast<state*>(mapped(std::getenv("FAKE_CUDA_STATE")));
  return *s;
}

inline std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

constexpr std::uint64_t mib = 1 << 20;
inline std::uint64_t n_devices() { return number("FAKE_CUDA_DEVICES", 1); }
inline std::uint64_t total() { return number("FAKE_CUDA_TOTAL_MIB", 24124) * mib; }
inline std::uint64_t used_by_others() { return number("FAKE_CUDA_OTHERS_MIB", 100) * mib; }
inline std::uint64_t context_size() { return number("FAKE_CUDA_CONTEXT_MIB", 250) * mib; }
inline std::uint64_t reserved() { return number("FAKE_CUDA_RESERVED_MIB", 452) * mib; }

/// What is taken of a device.
inline std::uint64_t used(std::size_t device) {
  const device_state& d = shared().devices[device];
  return used_by_others() + d.n_context * context_size() + d.allocated_bytes;
}

/// The status that FAKE_CUDA_FAIL=FUNCTION:N:STATUS wants for this call: STATUS from the N-th call of
/// the function on, "crash" ends the process, "SIGTERM" and "SIGINT" are sent to its parent; 0 otherwise.
inline int wanted_failure(const char* function, unsigned nth) {
  ++shared().n_call;
  const char* text = std::getenv("FAKE_CUDA_FAIL");
  if (text == nullptr) return 0;
  const std::string fail = text;
  const std::size_t first = fail.find(':'), second = fail.find(':', first + 1);
  if (fail.substr(0, first) != function || nth < std::strtoul(&fail[first + 1], nullptr, 10))
    return 0;
  const std::string status = fail.substr(second + 1);
  if (status == "crash") std::abort();
#ifndef _WIN32
  if (status.starts_with("SIG")) {
    if (nth > std::strtoul(&fail[first + 1], nullptr, 10)) return 0;
    ::kill(::getppid(), status == "SIGINT" ? SIGINT : SIGTERM);
    ::usleep(5'000'000);  // ends early when the parent passes it on
    return 0;
  }
#endif
  return std::atoi(&fail[second + 1]);
}

}  // namespace fake_cuda

/// Starts each fake function: counts its calls, and fails where that is wanted.
#define FAKE_CUDA_CALL(name)          \
  static unsigned n_call_of_this = 0; \
  if (const int s = fake_cuda::wanted_failure(name, ++n_call_of_this)) return s
