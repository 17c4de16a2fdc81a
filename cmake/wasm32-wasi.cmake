# Debian's clang, libc++ and wasi-libc for WebAssembly: cmake --preset web. clang calls binaryen's wasm-opt as it links.
# Without exceptions, for which Debian's libc++ has no runtime: the library has none but those that tell a bug of it.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_AR llvm-ar-19)
set(CMAKE_RANLIB llvm-ranlib-19)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
# no paths of the machine that it was built on
set(map -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
set(CMAKE_C_FLAGS_INIT "-flto -fvisibility=hidden ${map}")
# lengths of files are held against the bytes there are before they become a size of memory
set(CMAKE_CXX_FLAGS_INIT
    "-flto -fvisibility=hidden -fvisibility-inlines-hidden -fno-exceptions -fno-rtti -Wno-shorten-64-to-32 ${map}")
foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_MINSIZEREL "-Oz -DNDEBUG" CACHE STRING "")
endforeach()
# a program of nothing has no entry, which a test of the compiler would want
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
