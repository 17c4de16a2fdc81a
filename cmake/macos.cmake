# macOS: ./setup.sh --macos, cmake --preset macos. What is built so has never run: it shows that the sources know macOS.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_OSX_SYSROOT "" CACHE STRING "")
set(zig_processor aarch64)
set(zig_system macos)
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)
