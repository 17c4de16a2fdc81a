cmake_minimum_required(VERSION 3.21)
# The library neither prints nor ends the process nor reads the environment: its objects may not name what does.
set(allowed
  # of {fmt}, which is compiled in: its print() and its assertions, which nothing calls
  "fmt.cpp.o stdout" "fmt.cpp.o stderr" "fmt.cpp.o fprintf")
execute_process(COMMAND ${nm} -A --undefined-only --demangle ${library} ${objects} OUTPUT_VARIABLE symbols
  RESULT_VARIABLE status)
if(status)
  message(FATAL_ERROR "${nm} could not read ${library} ${objects}")
endif()
foreach(one IN ITEMS mmap)
  if(NOT symbols MATCHES " U ${one}(@[^\n]*)?\n")
    message(FATAL_ERROR "no symbols of the library were read: ${one} is not among them")
  endif()
endforeach()
set(forbidden "abort|exit|_exit|getenv|secure_getenv|stdout|stderr|printf|fprintf|puts|fputs|perror|std::(cout|cerr|clog)")
string(REGEX MATCHALL "[^\n:]+: +U (${forbidden})(@[^\n]*)?\n" found "${symbols}")
foreach(line IN LISTS found)
  string(REGEX REPLACE ": +U ([^@\n]+).*" " \\1" what "${line}")
  if(NOT what IN_LIST allowed)
    message(FATAL_ERROR "the library prints, ends the process or reads the environment: ${what}")
  endif()
endforeach()
