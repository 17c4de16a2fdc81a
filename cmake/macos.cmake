# zig's clang, with its headers and libraries of macOS, from PyPI: ./setup.sh --macos, cmake --preset macos. What is built
# so has never run: it shows that the sources know macOS.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR aarch64 CACHE STRING "aarch64 or x86_64")
set(zig ${CMAKE_CURRENT_LIST_DIR}/../build/zig/ziglang/zig)
set(CMAKE_C_COMPILER ${zig} cc -target ${CMAKE_SYSTEM_PROCESSOR}-macos)
set(CMAKE_CXX_COMPILER ${zig} c++ -target ${CMAKE_SYSTEM_PROCESSOR}-macos)
# zig's own archiver, which CMake calls by one word
set(CMAKE_AR ${CMAKE_CURRENT_LIST_DIR}/../build/zig/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${CMAKE_CURRENT_LIST_DIR}/../build/zig/ranlib CACHE FILEPATH "")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_SYSTEM_PROCESSOR)
set(CMAKE_OSX_SYSROOT "" CACHE STRING "")
set(CMAKE_C_COMPILER_WORKS ON)
set(CMAKE_CXX_COMPILER_WORKS ON)
