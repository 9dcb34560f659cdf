# What `cmake --install` puts where, and the Debian package that `cpack` makes of it.
#
# Boundary: the targets are declared by their folders. An installed tree may be moved as a whole: CMake's and
# pkg-config's descriptions find their own place.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(ztp_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ztp)
set(ztp_pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set_target_properties(ztp_shared PROPERTIES EXPORT_NAME ztp)
# libztpc finds the libztp beside it, wherever the two are.
set_target_properties(ztpc_shared PROPERTIES EXPORT_NAME ztpc INSTALL_RPATH "\$ORIGIN")
install(TARGETS ztp_shared ztpc_shared EXPORT ztpTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET ztp)
  # The server in it is on libztp, as any program is.
  file(RELATIVE_PATH ztp_lib_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(ztp PROPERTIES INSTALL_RPATH "\$ORIGIN/${ztp_lib_from_bin}")
  install(TARGETS ztp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET ztp_envoy)
  # Where Envoy, which looks for it by name, finds any library.
  set_target_properties(ztp_envoy PROPERTIES INSTALL_RPATH "\$ORIGIN")
  install(TARGETS ztp_envoy LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(EXPORT ztpTargets NAMESPACE ztp:: DESTINATION ${ztp_cmake_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

configure_package_config_file(.cmake/package/ztpConfig.cmake.in ${PROJECT_BINARY_DIR}/package/ztpConfig.cmake
  INSTALL_DESTINATION ${ztp_cmake_dir})
# As the libraries' soname says: within a major version what was linked goes on working.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/ztpConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/ztpConfig.cmake ${PROJECT_BINARY_DIR}/package/ztpConfigVersion.cmake
  DESTINATION ${ztp_cmake_dir})

# A directory as pkg-config's file has it: by its own place, unless the directory was given as an absolute path.
function(ztp_pc_path out dir)
  if(IS_ABSOLUTE "${dir}")
    set(${out} "${dir}" PARENT_SCOPE)
  else()
    set(${out} "\${prefix}/${dir}" PARENT_SCOPE)
  endif()
endfunction()
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH ztp_up /root/${ztp_pkgconfig_dir} /root)
  string(REGEX REPLACE "/$" "" ztp_up ${ztp_up})
  set(pc_prefix "\${pcfiledir}/${ztp_up}")
endif()
ztp_pc_path(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
ztp_pc_path(pc_libdir "${CMAKE_INSTALL_LIBDIR}")
foreach(name IN ITEMS ztp ztpc)
  configure_file(.cmake/package/${name}.pc.in ${PROJECT_BINARY_DIR}/package/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc DESTINATION ${ztp_pkgconfig_dir})
endforeach()

# One package: command, libraries, headers. `dpkg-shlibdeps` says what it stands on.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ztp)
set(CPACK_PACKAGE_VENDOR "The ztp authors")
set(CPACK_PACKAGE_CONTACT "The ztp authors <ztp@example.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "zero-trust policies for AI resources: command and libraries")
set(CPACK_PACKAGE_DESCRIPTION "A compiled policy language and the engine that decides it.
The command ztp checks, tests and builds policies and decides requests; libztp
decides within a program, libztpc compiles within one.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/bindings/c)  # libztpc needs libztp
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
include(CPack)
