# An architecture's name stands in tables and nowhere else: code asks for a trait of its row. Projectors,
# Ollama's models and programs have tables of their own, with some of the same names.
cmake_policy(VERSION 3.21)
set(tables
  include/vrambudget/model/architectures.hpp
  include/vrambudget/arch/registry.ipp
  include/vrambudget/engine/profiles.hpp
  include/vrambudget/model/projector_type.hpp
  include/vrambudget/arch/encoders/registry.hpp
  lib/report/launch/ollama_architectures.hpp
  lib/request/pasted/programs.hpp
  lib/template/family.cpp
  lib/template/known_templates.hpp
  include/vrambudget/model/norm_epsilon.hpp)

file(READ ${source}/include/vrambudget/model/architectures.hpp text)
string(REGEX MATCHALL "\\.name = \"[^\"]+\"" rows "${text}")
list(TRANSFORM rows REPLACE ".*\"(.+)\"" "\\1" OUTPUT_VARIABLE names)
list(LENGTH names n_names)
if(n_names LESS 150)
  message(FATAL_ERROR "only ${n_names} names found in model/architectures.hpp")
endif()

# Sets `found` to the names among the words of a file's string literals, if all words of a literal are such.
function(find_names file)
  file(READ ${source}/${file} text)
  string(REGEX REPLACE "//[^\n]*|'\"'" "" text "${text}")
  string(REGEX REPLACE "[][;]" " " text "${text}")  # of CMake's own lists
  string(REGEX MATCHALL "\"[^\"\n]+\"" literals "${text}")
  set(found "")
  foreach(literal IN LISTS literals)
    string(REGEX MATCHALL "[^ \"]+" words "${literal}")
    set(known ${words})
    list(REMOVE_ITEM words ${names})
    if(known AND NOT words)
      list(APPEND found ${known})
    endif()
  endforeach()
  set(found ${found} PARENT_SCOPE)
endfunction()

set(problems "")
file(GLOB_RECURSE files RELATIVE ${source} ${source}/include/*.[hi]pp ${source}/lib/*.[chi]pp ${source}/bindings/*.[chi]*)
foreach(file IN LISTS files)
  find_names(${file})
  if(file IN_LIST tables)
    list(REMOVE_ITEM tables ${file})
    if(NOT found)
      list(APPEND problems "${file} is listed as a table and has no architecture's name")
    endif()
  elseif(found)
    list(JOIN found ", " text)
    list(APPEND problems "${file} names ${text}")
  endif()
endforeach()
foreach(file IN LISTS tables)
  list(APPEND problems "${file} is listed as a table and is not there")
endforeach()
if(problems)
  list(JOIN problems "\n" text)
  message(FATAL_ERROR "${text}")
endif()
list(LENGTH files n)
message(STATUS "${n_names} names in tables only, ${n} files")
