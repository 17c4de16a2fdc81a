# Every header compiles by itself: one source that includes each twice would hide nothing, so each is
# its own source.
file(GLOB_RECURSE headers RELATIVE ${include} ${include}/vrambudget/*.hpp)
set(failed "")
foreach(header IN LISTS headers)
  string(MAKE_C_IDENTIFIER ${header} id)
  file(WRITE ${work}/${id}.cpp "#include \"${header}\"\n#include \"${header}\"\n")
  execute_process(COMMAND ${compiler} -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I${include} ${work}/${id}.cpp
                  RESULT_VARIABLE status ERROR_VARIABLE errors)
  if(status)
    list(APPEND failed "${header}:\n${errors}")
  endif()
endforeach()
if(failed)
  list(JOIN failed "\n" text)
  message(FATAL_ERROR "${text}")
endif()
list(LENGTH headers n)
message(STATUS "${n} headers compile alone")
