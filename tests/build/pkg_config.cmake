# The installed libraries as pkg-config finds them, from C and from C++.
set(ENV{PKG_CONFIG_PATH} ${prefix}/lib/pkgconfig)
# build(NAME COMPILER PACKAGE SOURCE ARGUMENTS...)
function(build name compiler package source)
  execute_process(COMMAND ${pkg_config} --cflags --libs ${package} OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags)
  execute_process(COMMAND ${compiler} ${source} -o ${work}/${name} ${ARGN} ${flags} -Wl,-rpath,${prefix}/lib
    COMMAND_ERROR_IS_FATAL ANY)
endfunction()
build(pkg_config_c ${c} vrambudget ${source}/examples/plan.c)
execute_process(COMMAND ${work}/pkg_config_c Qwen3-8B-Q8_0 3090 COMMAND_ERROR_IS_FATAL ANY)
build(pkg_config_cxx ${cxx} vrambudget++ ${source}/tests/build/consumer/main.cpp -std=c++20)
execute_process(COMMAND ${work}/pkg_config_cxx COMMAND_ERROR_IS_FATAL ANY)
