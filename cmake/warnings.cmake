# Warnings and sanitizers of our own targets; consumers do not inherit them.
add_library(vrambudget_warnings INTERFACE)
target_compile_options(vrambudget_warnings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # false alarms of g++ 12 in std::string
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wold-style-cast
  $<$<BOOL:${VRAMBUDGET_WERROR}>:-Werror>)
if(VRAMBUDGET_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(VRAMBUDGET_SANITIZE_THREADS)
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
