# Installs, and compares what lies in the prefix with what should.
file(REMOVE_RECURSE ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${prefix} OUTPUT_QUIET RESULT_VARIABLE status)
if(status)
  message(FATAL_ERROR "the installation failed")
endif()
set(expected
  bin/vrambudget
  include/vrambudget.h
  "include/vrambudget/.*[.][hi]pp"
  "lib/cmake/vrambudget/vrambudget(Config|ConfigVersion|_targets|_targets-[a-z]+)[.]cmake"
  "lib/libvrambudget[.](a|so|so[.]1|so[.][0-9.]+)"
  "lib/pkgconfig/vrambudget([+][+])?[.]pc"
  share/bash-completion/completions/vrambudget
  share/fish/vendor_completions.d/vrambudget.fish
  share/man/man1/vrambudget.1
  share/zsh/site-functions/_vrambudget)
file(GLOB_RECURSE files RELATIVE ${prefix} LIST_DIRECTORIES false ${prefix}/*)
foreach(pattern IN LISTS expected)
  set(found ${files})
  list(FILTER found INCLUDE REGEX "^${pattern}$")
  if(NOT found)
    message(SEND_ERROR "${pattern} was not installed")
  endif()
  list(FILTER files EXCLUDE REGEX "^${pattern}$")
endforeach()
list(FILTER files EXCLUDE REGEX "^share/vrambudget/page/")  # where it has been built
if(files)
  message(FATAL_ERROR "also installed: ${files}")
endif()
