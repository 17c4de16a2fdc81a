# Compiles for `zig_system`, as zig calls it, with zig's clang, which has that system's headers and libraries in it:
# setup.sh puts it into build/zig.
set(CMAKE_SYSTEM_PROCESSOR ${zig_processor} CACHE STRING "aarch64 or x86_64")
set(zig ${CMAKE_CURRENT_LIST_DIR}/../build/zig)
set(CMAKE_C_COMPILER ${zig}/ziglang/zig cc -target ${CMAKE_SYSTEM_PROCESSOR}-${zig_system})
set(CMAKE_CXX_COMPILER ${zig}/ziglang/zig c++ -target ${CMAKE_SYSTEM_PROCESSOR}-${zig_system})
# zig's own archiver, which CMake calls by one word
set(CMAKE_AR ${zig}/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${zig}/ranlib CACHE FILEPATH "")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_SYSTEM_PROCESSOR)
set(CMAKE_C_COMPILER_WORKS ON)
set(CMAKE_CXX_COMPILER_WORKS ON)
