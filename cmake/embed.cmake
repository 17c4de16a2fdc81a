# Files as bytes in the program: vrambudget_embed(TARGET NAME FILE...) adds a source to TARGET that
# defines std::span<const embedded_file> vrambudget::detail::NAME() (lib/catalogue/embedded.hpp). The source is
# written again when a file changes. Text only: a file becomes a raw string literal, of rows without their "sources",
# which stand last in them on lines of their own: where a fact is known from is for readers of data/.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(vrambudget_embed_script ${CMAKE_CURRENT_LIST_FILE})

  function(vrambudget_embed target name)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
    string(REPLACE ";" "|" files "${ARGN}")
    add_custom_command(OUTPUT ${source}
      COMMAND ${CMAKE_COMMAND} -D name=${name} -D "files=${files}" -D source=${source}
              -P ${vrambudget_embed_script}
      DEPENDS ${ARGN} ${vrambudget_embed_script}
      COMMENT "Embedding ${name}" VERBATIM)
    target_sources(${target} PRIVATE ${source})
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP embedded)
  endfunction()
  return()
endif()

string(REPLACE "|" ";" files "${files}")
set(rows "")
foreach(file IN LISTS files)
  file(READ ${file} text)
  string(REGEX REPLACE ",\n   \"sources\": [^\n]*(\n     [^\n]*)*" "}" text "${text}")
  string(REPLACE "}\n  {\"id\"" "},\n  {\"id\"" text "${text}")
  get_filename_component(stem ${file} NAME_WLE)
  string(APPEND rows "    {\"${stem}\", R\"embedded(${text})embedded\"sv},\n")
endforeach()
file(WRITE ${source} "#include \"catalogue/embedded.hpp\"

namespace vrambudget::detail {

std::span<const embedded_file> ${name}() {
  using namespace std::string_view_literals;  // whose lengths no compiler counts anew
  static constexpr embedded_file files[] = {
${rows}  };
  return files;
}

}  // namespace vrambudget::detail
")
