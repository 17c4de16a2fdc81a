# Headers that are the same on every machine, from where Debian has them, beside none of its own machine's; libyaml from
# its source package, which ./setup.sh --web fetches.
set(folder ${PROJECT_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${folder})
foreach(name boost fmt eigen3/Eigen doctest)
  if(NOT EXISTS /usr/include/${name})
    message(FATAL_ERROR "/usr/include/${name} was not found: ./setup.sh --web")
  endif()
  get_filename_component(last ${name} NAME)
  file(CREATE_LINK /usr/include/${name} ${folder}/${last} SYMBOLIC)
endforeach()
add_library(Boost::headers INTERFACE IMPORTED GLOBAL)
add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
target_include_directories(Boost::headers SYSTEM INTERFACE ${folder})
target_compile_definitions(Boost::headers INTERFACE BOOST_SYSTEM_DISABLE_THREADS)
# {fmt} without std::locale, which nothing here asks for and which is large
add_library(vrambudget_fmt INTERFACE)
target_compile_definitions(vrambudget_fmt INTERFACE "FMT_STATIC_THOUSANDS_SEPARATOR=','")

set(VRAMBUDGET_YAML_SOURCE ${PROJECT_SOURCE_DIR}/build/libyaml CACHE PATH "libyaml's source")
if(NOT EXISTS ${VRAMBUDGET_YAML_SOURCE}/src/api.c)
  message(FATAL_ERROR "${VRAMBUDGET_YAML_SOURCE}/src/api.c was not found: ./setup.sh --web")
endif()
set(VRAMBUDGET_YAML_HEADERS ${VRAMBUDGET_YAML_SOURCE}/include)
