# Install rules, and the package files that CMake and pkg-config find. The components program, c and page are what a
# release has: packaging/release.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY include/vrambudget DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS vrambudget_core vrambudget EXPORT vrambudget_targets)
if(TARGET vrambudget_c)
  install(TARGETS vrambudget_c EXPORT vrambudget_targets COMPONENT c)
  install(FILES bindings/c/include/vrambudget.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT c)
endif()
if(TARGET vrambudget_program)
  install(TARGETS vrambudget_program COMPONENT program)
  install(FILES ${PROJECT_BINARY_DIR}/share/vrambudget.man RENAME vrambudget.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
  install(FILES ${PROJECT_BINARY_DIR}/share/vrambudget.bash RENAME vrambudget
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
  install(FILES ${PROJECT_BINARY_DIR}/share/vrambudget.zsh RENAME _vrambudget
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT program)
  install(FILES ${PROJECT_BINARY_DIR}/share/vrambudget.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
endif()
# The page, where it has been built: docs/web-page.md.
if(EXISTS ${PROJECT_SOURCE_DIR}/bindings/web/page/dist/index.html)
  install(DIRECTORY bindings/web/page/dist/ DESTINATION ${CMAKE_INSTALL_DATADIR}/vrambudget/page
    COMPONENT page)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vrambudget)
install(EXPORT vrambudget_targets NAMESPACE vrambudget:: DESTINATION ${package_dir})
configure_package_config_file(cmake/vrambudgetConfig.cmake.in
  ${PROJECT_BINARY_DIR}/vrambudgetConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vrambudgetConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vrambudgetConfig.cmake
  ${PROJECT_BINARY_DIR}/vrambudgetConfigVersion.cmake DESTINATION ${package_dir})

# vrambudget.pc is the shared library with the C ABI, vrambudget++.pc the static one of C++.
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig /${pkgconfig_dir} /)
foreach(package vrambudget vrambudget++)
  configure_file(cmake/${package}.pc.in ${PROJECT_BINARY_DIR}/${package}.pc @ONLY)
endforeach()
if(TARGET vrambudget_c)
  install(FILES ${PROJECT_BINARY_DIR}/vrambudget.pc DESTINATION ${pkgconfig_dir} COMPONENT c)
endif()
install(FILES ${PROJECT_BINARY_DIR}/vrambudget++.pc DESTINATION ${pkgconfig_dir})
