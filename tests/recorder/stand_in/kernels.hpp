// What is known of the engine's CUDA kernels: the registers and the shared memory that each takes, which
// limit how many of its blocks run at once, which decides the size of some of the engine's pools.
#pragma once

#include <cstddef>
#include <string>

namespace stand_in {

struct kernel {
  int n_registers = 0;           ///< a thread; 0: unknown, not limited
  std::size_t shared_bytes = 0;  ///< static, a block
  int arch = 0;                  ///< the compiled code's compute capability x 10
};

void name_kernel(const void* function, std::string mangled_name);
/// Looked up by name in the file that STAND_IN_KERNELS names (kernel_registers.py makes it), for `cc` (x 10)
/// or the nearest that there is.
kernel kernel_at(const void* function, int cc);

}  // namespace stand_in
