cmake_minimum_required(VERSION 3.21)
# The library, and what the C ABI adds to it for the shared one, neither print nor end the process nor read the
# environment: their objects may not name what does.
set(allowed
  "environment.cpp.o getenv" # environment_of_process(): what a request starts from, read by nothing else
  "own_process.cpp.o _exit"  # the end of the process that asks the driver, which is not the caller's
  "two_processes.cpp.o _exit" # the end of the process that writes a header, which is not the caller's
  "fmt.cpp.o fprintf" "fmt.cpp.o stderr" "fmt.cpp.o stdout") # of {fmt}'s print(), which nothing here calls
execute_process(COMMAND ${nm} -A --undefined-only --demangle ${library} ${objects} OUTPUT_VARIABLE symbols
  RESULT_VARIABLE status)
if(status)
  message(FATAL_ERROR "${nm} could not read ${library} ${objects}")
endif()
foreach(one IN ITEMS mmap getenv)
  if(NOT symbols MATCHES " U ${one}(@[^\n]*)?\n")
    message(FATAL_ERROR "no symbols of the library were read: ${one} is not among them")
  endif()
endforeach()
set(forbidden "abort|exit|_exit|getenv|secure_getenv|stdout|stderr|printf|fprintf|puts|fputs|perror|std::(cout|cerr|clog)|fmt::[a-z0-9]+::v?print[^\n]*")
string(REGEX MATCHALL "[^\n:]+: +U (${forbidden})(@[^\n]*)?\n" found "${symbols}")
foreach(line IN LISTS found)
  string(REGEX REPLACE ": +U ([^@\n]+).*" " \\1" what "${line}")
  if(NOT what IN_LIST allowed)
    message(FATAL_ERROR "the library prints, ends the process or reads the environment: ${what}")
  endif()
endforeach()
