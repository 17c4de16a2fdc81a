# Install rules and the package files that make find_package(vrambudget) work.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY include/vrambudget DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS vrambudget_core vrambudget EXPORT vrambudget_targets)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vrambudget)
install(EXPORT vrambudget_targets NAMESPACE vrambudget:: DESTINATION ${package_dir})
configure_package_config_file(cmake/vrambudgetConfig.cmake.in
  ${PROJECT_BINARY_DIR}/vrambudgetConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vrambudgetConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vrambudgetConfig.cmake
  ${PROJECT_BINARY_DIR}/vrambudgetConfigVersion.cmake DESTINATION ${package_dir})
